from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmkit.errors import NotFoundError
from crmkit.masking import DISCLOSURE, Last, _clusters, disclosure, last, mask

SHOWING = [kind for kind in DISCLOSURE if kind not in ("full", "hash")]
SEPARATORS = set(" -().+")


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("13800138000", "phone", "138****8000"),
        ("138-0013-8000", "phone", "138-****-8000"),
        ("+86 138 0013 8000", "phone", "+86 138 **** 8000"),
        ("+8613800138000", "phone", "+86138****8000"),
        ("0086 13800138000", "phone", "0086 138****8000"),
        ("555-0123", "phone", "***-*123"),
        ("(212) 555-0123", "phone", "(21*) ***-0123"),
        ("张三", "name", "张*"),
        ("欧阳小明", "name", "欧***"),
        ("Zhang Wei", "name", "Z***"),
        ("Éva", "name", "É***"),
        ("X", "name", "***"),
        ("110101199003071234", "id", "110***********1234"),
        ("11010119900307123X", "id", "110***********123X"),
        ("4111 1111 1111 1111", "card", "**** **** **** 1111"),
        ("6222021234567890123", "card", "***************0123"),
        ("GB82 WEST 1234 5698 7654 32", "iban", "GB82 **** **** **** **54 32"),
        ("wei.zhang@example.com", "email", "w***@example.com"),
        ("王@example.com", "email", "***@example.com"),
        ("ab@example.com", "email", "***@example.com"),
        ("secret", "full", "***"),
        ("", "email", ""),
        ("ORDER-20240315", Last(4), "***0315"),
        ("2024", Last(4), "***24"),
    ],
)
def test_each_kind_has_its_customary_form(value: str, kind: object, shown: str) -> None:
    assert mask(value, kind) == shown


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("13800138000", "email", "138****8000"),
        ("Zhang Wei", "email", "Z***"),
        ("a@localhost", "email", "a***"),
        ("see notes", "phone", "s***"),
        ("wei@example.com", "name", "w***"),
        ("12", "phone", "1***"),
        ("4111111111111111111111", "card", "***1111"),
        ("@example.com", "email", "@***"),
        ("wei@exa\u202emple.com", "email", "w***"),
        ("wei@ex*mple.com", "email", "w***"),
        ("wei@\u0301.com", "email", "w***"),
    ],
)
def test_a_value_of_another_shape_is_masked_as_a_stricter_kind(value: str, kind: object, shown: str) -> None:
    assert mask(value, kind) == shown


def characters_shown(value: str, masked: str) -> int:
    """Count the characters of ``value`` that stand in the mask, in order; separators and stars show nothing."""
    left = [cluster for cluster in _clusters(value) if cluster not in SEPARATORS]
    count = 0
    for cluster in _clusters(masked):
        if cluster != "*" and cluster in left:
            left = left[left.index(cluster) + 1 :]
            count += 1
    return count


values = (
    st.text(max_size=30)
    | st.emails()
    | st.from_regex(r"\+?[0-9 ().-]{5,24}", fullmatch=True)
    | st.from_regex(r"[A-Z]{2}[0-9]{2}[A-Z0-9 ]{8,30}", fullmatch=True)
    | st.text("0123456789", min_size=1, max_size=22)
    | st.text("张王é👨‍👩‍👧🇨🇳a1@. -", max_size=20)
)


@settings(deadline=None)  # the first call reads tables and metadata
@given(values)
@example("0086138001380001")
@example("4111111111111")
@example("a1234@b.c")
def test_a_mask_that_claims_less_never_shows_more(value: str) -> None:
    counts = [characters_shown(value, mask(value, kind)) for kind in SHOWING]
    assert counts == sorted(counts)


@settings(deadline=None)  # the first call reads tables and metadata
@given(values.filter(bool))
@example("0 ")
@example("5\n")
@example("张-")
def test_no_mask_shows_a_value_whole(value: str) -> None:
    for kind in SHOWING:
        masked = mask(value, kind)
        assert masked != value or set(value) <= {"*", *SEPARATORS}
        significant = [
            cluster
            for cluster in _clusters(value)
            if cluster not in {*SEPARATORS, "*"} and unicodedata.category(cluster[0])[0] in "LNPS"
        ]
        assert characters_shown(value, masked) < len(significant) or not significant
    assert mask(value, "full") == "***"


@settings(deadline=None)  # the first call reads tables and metadata
@given(values)
def test_a_mask_holds_only_stars_separators_and_whole_characters_of_the_value(value: str) -> None:
    clusters = {*_clusters(value), "*"} | SEPARATORS
    for kind in SHOWING:
        for cluster in _clusters(mask(value, kind)):
            assert cluster in clusters
            assert unicodedata.category(cluster[0])[0] not in ("C", "M") or cluster == ""


@pytest.mark.parametrize("kind", SHOWING, ids=str)
@pytest.mark.parametrize(
    "value", ["a", "ab", "张", "5", "é", "e\u0301", "👨‍👩‍👧", "@", "a@", "1234", "张三", "🇨🇳", "🇨🇳🇺🇸"]
)
def test_no_mask_shows_a_short_value_whole(value: str, kind: object) -> None:
    assert value not in mask(value, kind)


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ("e\u0301a", ["e\u0301", "a"]),
        ("👨‍👩‍👧b", ["👨‍👩‍👧", "b"]),
        ("🇨🇳🇺🇸🇩", ["🇨🇳", "🇺🇸", "🇩"]),
        ("👍🏽❤️", ["👍🏽", "❤️"]),
        ("\u0301a", ["\u0301", "a"]),
        ("🏴\U000e0067\U000e007fx", ["🏴\U000e0067\U000e007f", "x"]),
    ],
)
def test_what_a_reader_takes_for_one_character_stays_together(text: str, clusters: list[str]) -> None:
    assert _clusters(text) == clusters


def test_hash_links_equal_values_under_one_key_and_nothing_else() -> None:
    one, other = mask("13800138000", "hash", key=b"k"), mask("13800138001", "hash", key=b"k")
    assert one == mask("13800138000", "hash", key=b"k") != other
    assert one != mask("13800138000", "hash", key=b"another")
    assert mask("x", "hash") == mask("x", "hash")
    assert len(one) == 11
    assert mask("\ud800", "hash").startswith("#")
    # The known answer fixes the form: HMAC-SHA-256, first ten hex digits.
    assert (
        mask("13800138000", "hash", key=b"k")
        == "#" + __import__("hmac").new(b"k", b"13800138000", "sha256").hexdigest()[:10]
    )


def test_unknown_mask_is_named() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'email'"):
        mask("x", "emial")
    for n in (0, 5):
        with pytest.raises(ValueError, match="n"):
            last(n)
    assert disclosure("full") == 0
    assert sorted(DISCLOSURE, key=disclosure) == list(DISCLOSURE)


@pytest.mark.parametrize(
    "value", ["\ud800", "\x00\x01", "\u202eabc", "*" * 9, "\n" * 20, "a" * 10_000_000, "1" * 321, "\u0301" * 300]
)
def test_hostile_values_show_nothing_odd(value: str) -> None:
    for kind in DISCLOSURE:
        masked = mask(value, kind)
        masked.encode("utf-8")
        assert len(masked) <= 320
        assert masked.isprintable()
