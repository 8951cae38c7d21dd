"""Names of organizations: the brand counts, the place and the trade hardly."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.matching import CompanyNames

NAMES = [
    "Acme Holding B.V.", "Borg Holding B.V.", "Cito Holding B.V.", "Dahl Holding B.V.", "Acme Tools GmbH",
    "Amsterdam Bakery B.V.", "Amsterdam Flowers B.V.", "International Business Machines Corp.",
    "上海振华科技股份有限公司", "上海金桥科技有限公司", "上海华谊科技集团", "中国石油天然气股份有限公司",
    "深圳市万科企业股份有限公司",
]  # fmt: skip
LIST = CompanyNames(NAMES)


@pytest.mark.parametrize(
    ("name", "near", "far"),
    [
        ("Acme", "Acme Holding B.V.", "Borg Holding B.V."),
        ("ACME HOLDNG", "Acme Holding B.V.", "Dahl Holding B.V."),
        ("Holding Acme", "Acme Holding B.V.", "Cito Holding B.V."),
        ("AcmeTools", "Acme Tools GmbH", "Acme Holding B.V."),
        ("IBM", "International Business Machines Corp.", "Acme Tools GmbH"),
        ("Bakery", "Amsterdam Bakery B.V.", "Amsterdam Flowers B.V."),
        ("中石油", "中国石油天然气股份有限公司", "上海振华科技股份有限公司"),
        ("万科A", "深圳市万科企业股份有限公司", "上海金桥科技有限公司"),
        ("振华科技", "上海振华科技股份有限公司", "上海华谊科技集团"),
        ("上海金橋", "上海金桥科技有限公司", "上海振华科技股份有限公司"),
    ],
)  # fmt: skip
def test_the_brand_decides(name: str, near: str, far: str) -> None:
    assert LIST.similarity(name, near) > LIST.similarity(name, far) + 0.1


def test_the_legal_form_and_nothing_at_all() -> None:
    assert LIST.similarity("Acme Holding", "ACME Holding S.A.") == 1.0
    assert 0.9 < LIST.similarity("Acme Holding B.V.", "ACME Holding S.A.") < 1.0
    assert LIST.similarity("", "Acme") == LIST.similarity("Acme", " - ") == 0.0
    assert CompanyNames([]).similarity("Acme", "Acme Tools") > 0.5
    assert "13 names" in repr(LIST)
    assert LIST.rarity("holding") < LIST.rarity("acme") < LIST.rarity("unheard")


@settings(max_examples=200, deadline=None)
@given(*[st.sampled_from(NAMES) | st.text(max_size=20) | st.text("ab 上海A股", max_size=8)] * 2)
def test_similarity_is_symmetric_and_bounded(a: str, b: str) -> None:
    found = LIST.similarity(a, b)
    assert 0.0 <= found <= 1.0 + 1e-9
    assert found == pytest.approx(LIST.similarity(b, a))


def test_a_rare_word_on_either_side_makes_two_names() -> None:
    same, more, other = (
        LIST.similarity("Acme Holding", name) for name in ("Acme Holdng", "Acme Tools Holding", "Zyx Holding")
    )
    assert same > more > other
    assert other < 0.5


def test_words_that_were_parted_joined_or_badly_typed_are_still_one() -> None:
    for typed in ("Ac me Hol ding", "AcmeHolding", "Acmf Hooding"):
        assert LIST.similarity("Acme Holding", typed) > 0.75
        assert LIST.similarity("Acme Holding", typed) > LIST.similarity("Zyx Holding", typed)
