"""Tell from its headers which system wrote a file, and which kind of record it holds.

Every customer renames labels and adds columns, so no exact signature exists. Each header that a system uses speaks for
it with the weight log(N / systems that use it): ``MailingPostalCode`` says much, ``Email`` next to nothing. Names that
any spreadsheet may have speak quietly. Little evidence, or two systems alike, is no evidence: the answer is ``None``.
A file whose headers are all, or nearly all, of one system needs less of it, if no other system comes near.
"""

from __future__ import annotations

import functools
import math
import re
from collections import defaultdict
from typing import TYPE_CHECKING

import attrs

from crmkit.systems._headers import fold_header
from crmkit.systems._load import get, names
from crmkit.systems._model import KINDS, Field
from crmkit.systems._names import generic_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.typing import RecordKind

__all__ = ["Candidate", "identify", "recognize"]

_QUIET = 0.25
"""What a name counts that any spreadsheet may have."""
_SPELLING = 0.35
"""What a vendor's own spelling of a common name counts (``First_Name``, ``FirstName``), beside the name itself."""
_OTHER_KIND = 0.3
"""What a header counts that the system uses for another kind of record."""
_ENOUGH = 5.0
"""The least evidence in nats for a system; more for wide files, where chance hits are likelier."""
_CLEAR = 0.1
"""By which share of its evidence the best system must beat the next."""
_DISTINCTIVE = 2
"""The least number of headers that few systems use and no ordinary spreadsheet does."""
_COVERED = 3.8
"""The least evidence where one system has all headers of the file, or all but one in eight."""
_COVERS_LEAST = 6
"""The least number of headers for that: few headers are covered by chance."""
_COVERED_WHOLE = 3.0
"""The same where it has all headers of a wide file, one of which hardly anybody else writes."""
_WIDE = 10
_COVERED_CLEAR = 0.4
"""By which share of its evidence such a system must beat the next."""
_OWN_SPELLING = re.compile(r"[ -~]*(?:[a-z][A-Z]|_[A-Z]|[A-Z]_| - |[./(])[ -~]*")
"""Everybody writes ``first_name``, ``First Name`` or 姓名; only some ``First_Name``, ``FirstName`` ``Asst. Phone``."""


@attrs.frozen(kw_only=True)
class Candidate:
    """One system that may have written the file.

    Attributes:
        system: Its name.
        kind: The kind of record that its headers show.
        score: Weight of evidence in nats; 0 is none.
        headers: The headers that spoke for it, the strongest first.
        distinctive: How many of them hardly anybody else uses.

    Example:
        >>> from crmkit import systems
        >>> systems.recognize(["AccountId", "LastName", "MailingCity", "IsDeleted"])[0].system
        'salesforce'

    .. versionadded:: 0.1.0
    """

    system: str
    kind: RecordKind
    score: float
    headers: tuple[str, ...]
    distinctive: int


@attrs.frozen
class _Index:
    systems: tuple[str, ...]
    fields: Mapping[str, Mapping[str, Mapping[RecordKind, Field]]]  # folded header -> system -> kind -> field
    spellings: Mapping[str, frozenset[str]]  # header as written -> systems


@functools.cache
def _index() -> _Index:
    fields: dict[str, dict[str, dict[RecordKind, Field]]] = defaultdict(lambda: defaultdict(dict))
    spellings: dict[str, set[str]] = defaultdict(set)
    for name in names():
        for kind, system_object in get(name).objects.items():
            for field in system_object.fields:
                for header in field.headers:
                    fields[fold_header(header)][name][kind] = field
                    spellings[header].add(name)
    return _Index(names(), fields, {header: frozenset(systems) for header, systems in spellings.items()})


def field_of(system: str, kind: RecordKind, header: str) -> Field | None:
    """Return the field of a system's object that a header stands for, or ``None``.

    Example:
        >>> field_of("salesforce", "contact", "Mailing City").canonical
        'city'

    .. versionadded:: 0.1.0
    """
    return _index().fields.get(fold_header(header), {}).get(system, {}).get(kind)


def trap_elsewhere(system: str, header: str) -> str | None:
    """Return why a header that the system uses only for other kinds of record must not feed a match key.

    Example:
        >>> trap_elsewhere("salesforce", "Parent Account"), trap_elsewhere("salesforce", "Email")
        ('parent', None)

    .. versionadded:: 0.1.0
    """
    by_kind = _index().fields.get(fold_header(header), {}).get(system, {})
    return next((field.trap for kind in KINDS if (field := by_kind.get(kind)) and field.trap), None)


def recognize(headers: Iterable[str], *, kind: RecordKind | None = None) -> tuple[Candidate, ...]:
    """Rank the systems that may have written a file with these headers.

    Args:
        headers: The column names, in any order.
        kind: The kind of record, where it is known.

    Returns:
        One candidate for each system that uses any of the headers, the likeliest first. Whether the first is good
        enough is said by :func:`identify`.

    Example:
        >>> best = recognize(["Contact ID", "First Name", "Mailing Street", "Asst. Phone"])[0]
        >>> best.system, best.kind, best.headers[0]
        ('salesforce', 'contact', 'Asst. Phone')

    .. versionadded:: 0.1.0
    """
    index, generic = _index(), generic_names()
    whole = len(index.systems) + 2
    weights: dict[str, dict[str, tuple[float, bool]]] = defaultdict(dict)  # system -> header -> weight, distinctive
    kinds: dict[str, dict[RecordKind, float]] = defaultdict(lambda: dict.fromkeys(KINDS, 0.0))
    for header in sorted(set(headers)):
        folded = fold_header(header)
        by_system = index.fields.get(folded)
        if not by_system:
            continue
        common = folded in generic.kinds_of or folded.rstrip("0123456789") in generic.kinds_of
        weight = math.log(whole / (len(by_system) + common)) * (_QUIET if common else 1.0)
        spelled = header.strip().removeprefix("\ufeff")
        writers = index.spellings.get(spelled, frozenset())
        spelling = math.log(whole / len(writers)) * _SPELLING if writers and _OWN_SPELLING.fullmatch(spelled) else 0.0
        for system, by_kind in by_system.items():
            own = system in writers
            distinctive = (not common and len(by_system) <= 2) or (own and len(writers) == 1 and spelling > 0)
            weights[system][header] = weight + (spelling if own else 0.0), distinctive
            share = math.log((len(KINDS) + 1) / len(by_kind)) + 0.1
            for one in by_kind:
                kinds[system][one] += share
    found = [_candidate(system, weights[system], kinds[system], kind) for system in index.systems if system in weights]
    return tuple(sorted(found, key=lambda candidate: (-candidate.score, candidate.system)))


def identify(headers: Sequence[str], *, kind: RecordKind | None = None) -> Candidate | None:
    """Return the system that wrote a file with these headers, or ``None`` where that would be a guess.

    Example:
        >>> identify(["name", "email", "phone"]) is None
        True
        >>> identify(["客户名称", "客户级别", "成交状态", "负责人", "收回原因"]).system
        'fxiaoke'

    .. versionadded:: 0.1.0
    """
    ranked = recognize(headers, kind=kind)
    if not ranked:
        return None
    best = ranked[0]
    enough = _ENOUGH + 0.5 * math.log2(1 + len(headers) / 50)
    next_best = ranked[1].score if len(ranked) > 1 else 0.0
    named = {header for header in headers if header.strip()}
    strange = sum(field_of(best.system, best.kind, header) is None for header in named)
    if len(named) >= _COVERS_LEAST and strange <= len(named) // 8:
        whole = not strange and len(named) >= _WIDE and best.distinctive > 0
        if best.score >= (_COVERED_WHOLE if whole else _COVERED) and _is_clear(best, next_best, _COVERED_CLEAR):
            return best
    if best.score < enough or best.distinctive < _DISTINCTIVE:
        return None
    return best if _is_clear(best, next_best, _CLEAR) else None


def _is_clear(best: Candidate, next_best: float, share: float) -> bool:
    return best.score - next_best >= share * best.score


def _candidate(
    system: str, weights: Mapping[str, tuple[float, bool]], kinds: Mapping[RecordKind, float], kind: RecordKind | None
) -> Candidate:
    objects = get(system).objects
    if kind is not None and kind in objects:
        best: RecordKind = kind
    else:
        best = max((one for one in KINDS if one in objects), key=lambda one: kinds[one])
    score = math.fsum(
        weight if field_of(system, best, header) else weight * _OTHER_KIND for header, (weight, _) in weights.items()
    )
    strongest = sorted(weights, key=lambda header: (-weights[header][0], header))
    return Candidate(
        system=system,
        kind=best,
        score=score,
        headers=tuple(strongest),
        distinctive=sum(distinctive for _, distinctive in weights.values()),
    )
