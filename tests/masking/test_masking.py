from __future__ import annotations

import pytest

from crmkit.errors import NotFoundError
from crmkit.masking import DISCLOSURE, disclosure, last, mask


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("13800138000", "phone", "138****8000"),
        ("138-0013-8000", "phone", "138-****-8000"),
        ("+86 138 0013 8000", "phone", "+86 138 **** 8000"),
        ("张三", "name", "张*"),
        ("110101199003071234", "id", "110***********1234"),
        ("wei.zhang@example.com", "email", "w***@example.com"),
        ("a@example.com", "email", "***@example.com"),
        ("13800138000", "email", "138****8000"),
    ],
)
def test_each_kind_has_its_customary_form(value: str, kind: object, shown: str) -> None:
    assert mask(value, kind) == shown


@pytest.mark.parametrize("kind", [kind for kind in DISCLOSURE if kind != "hash"], ids=str)
@pytest.mark.parametrize("value", ["a", "ab", "张", "5", "é", "👨‍👩‍👧", "@", "a@", "1234", "张三"])
def test_no_mask_shows_a_short_value_whole(value: str, kind: object) -> None:
    assert value not in mask(value, kind)


def test_unknown_mask_is_named() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'email'"):
        mask("x", "emial")
    with pytest.raises(ValueError, match="n"):
        last(5)
    assert disclosure("full") == 0
