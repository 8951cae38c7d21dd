"""Telephone numbers of mainland China by their own plan: 手机 and 固话.

For files that are known to be Chinese. ``Phone(country="CN")`` asks libphonenumber, whose metadata has lagged behind
new ranges for months; the plan here is wide: what the ministry may hand out is a number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from crmkit._plain import digits, plain
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Finding, Verdict, failed, normal, stand_in

if TYPE_CHECKING:
    from crmkit.validators._checks._references import Context

__all__ = ["ChineseLandline", "ChineseMobile"]

_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[3-9][0-9]{9})\Z").match
_TWO_DIGIT_AREAS: Final = ("10", "20", "21", "22", "23", "24", "25", "27", "28", "29")
_AREA = rf"(?:{'|'.join(_TWO_DIGIT_AREAS)}|[3-9][0-9]{{2}})"
_LANDLINE = re.compile(
    rf"(?:(?:\+|00)?86)?0?({_AREA})([2-8][0-9]{{6,7}})(?:(?:转|轉|分机|EXT|X|#)([0-9]{{1,6}}))?\Z"
).match
_SHORT = re.compile(r"((?:400|800)[0-9]{7})\Z").match
_SEPARATORS = str.maketrans("", "", " -.()_·:")
_LETTERS = str.maketrans({"O": "0", "I": "1", "L": "1"})
_LONGEST = 40
_OWN_PLAN = 0.97
_LETTER_FOR_DIGIT = 0.9


def _compact(text: str) -> str:
    return digits(plain(text)).upper().translate(_SEPARATORS) if len(text) <= _LONGEST else ""


def _judge(text: str, form: str | None, repaired: str | None, code: str) -> Verdict:
    if form is not None:
        return normal(text, form, confidence=_OWN_PLAN if not text.startswith("+") else 1.0)
    found = {char for char in text if char.isdecimal()}
    if is_placeholder(text) or (len(found) == 1 and not any(map(str.isalpha, text))):
        return stand_in("warning")
    if repaired is not None:
        return (Finding(code, fix=repaired, confidence=_LETTER_FOR_DIGIT),)
    return failed(code)


@attrs.frozen
class ChineseMobile(Check):
    """A mobile number of mainland China: 11 digits that begin with 13 to 19, with or without +86.

    Example:
        >>> ChineseMobile().examine("138 0013 8000")[0].fix, ChineseMobile().is_valid("12800138000")
        ('+8613800138000', False)

    Source:
        Ministry of Industry and Information Technology, numbering plan of telecommunication networks (2017), chapter
        on mobile networks: 13X to 19X.

    .. versionadded:: 0.1.0
    """

    json_pattern = "^(\\+?86)?1[3-9][0-9]{9}$"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        compact = _compact(text)
        return _judge(text, _mobile(compact), _mobile(compact.translate(_LETTERS)), "chinese_mobile_invalid")


@attrs.frozen
class ChineseLandline(Check):
    """A landline of mainland China with its area code, or a 400 or 800 service number; an extension may follow.

    Example:
        >>> ChineseLandline().examine("(021) 6215-1234")[0].fix, ChineseLandline().is_valid("62151234")
        ('+862162151234', False)
        >>> ChineseLandline().examine("0755-8888 1234 转 12")[0].fix
        '+8675588881234 ext. 12'

    Source:
        Ministry of Industry and Information Technology, numbering plan of telecommunication networks (2017), area
        codes.

    .. versionadded:: 0.1.0
    """

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        compact = _compact(text.replace("ext.", "ext"))
        return _judge(text, _landline(compact), _landline(compact.translate(_LETTERS)), "chinese_landline_invalid")


def _mobile(compact: str) -> str | None:
    found = _MOBILE(compact)
    return None if found is None else f"+86{found[1]}"


def _landline(compact: str) -> str | None:
    if _SHORT(compact) is not None:
        return f"+86{compact}"
    if compact.startswith("+86") and _SHORT(compact[3:]) is not None:
        return compact
    found = _LANDLINE(compact)
    if found is None:
        return None
    extension = "" if found[3] is None else f" ext. {found[3]}"
    return f"+86{found[1]}{found[2]}{extension}"
