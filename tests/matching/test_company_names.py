"""Names of organizations: the brand counts, the place and the trade hardly."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.matching import CompanyNames
from crmkit.matching._kinds import _company_names

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


HAN = CompanyNames([
    "江苏裕兴薄膜科技股份有限公司", "江苏通灵电器股份有限公司", "江苏百川科技股份有限公司",
    "深圳科安达电子科技股份有限公司",
    "国安达股份有限公司", "广汇汽车服务集团股份公司", "广汇宝信汽车集团有限公司", "四川金石亚洲医药股份有限公司",
    "石药集团有限公司", "万德能源科技股份有限公司", "万向德农科技股份有限公司", "中国石油天然气股份有限公司",
])  # fmt: skip


@pytest.mark.parametrize(
    ("short", "full", "other"),
    [
        ("科安达", "深圳科安达电子科技股份有限公司", "国安达股份有限公司"),
        ("广汇汽车", "广汇汽车服务集团股份公司", "广汇宝信汽车集团有限公司"),
        ("金石亚药", "四川金石亚洲医药股份有限公司", "石药集团有限公司"),
        ("万德科技", "万德能源科技股份有限公司", "万向德农科技股份有限公司"),
        ("中石油", "中国石油天然气股份有限公司", "国安达股份有限公司"),
    ],
)
def test_a_short_chinese_name_stands_in_the_full_one_in_few_pieces(short: str, full: str, other: str) -> None:
    assert HAN.similarity(short, full) > HAN.similarity(short, other)


def test_what_usually_stands_before_or_behind_a_name_weighs_little() -> None:
    assert HAN.similarity("裕兴", "江苏裕兴科技股份有限公司") > HAN.similarity("裕兴", "鼎元裕兴鹏博股份有限公司")


def slow_in_order(one: str, two: str, mine: tuple[float, ...], theirs: tuple[float, ...]) -> float:
    """Every way to find characters of one name in another, in order."""

    def best(i: int, j: int, last: tuple[int, int] | None) -> float:
        found = 0.0
        for p in range(i, len(one)):
            for q in range(j, len(two)):
                if one[p] == two[q]:
                    cost = _company_names._PIECE if last not in {None, (p - 1, q - 1)} else 0.0
                    found = max(found, (mine[p] + theirs[q]) / 2.0 - cost + best(p + 1, q + 1, (p, q)))
        return found

    return best(0, 0, None)


@given(st.text("中石油国", max_size=5), st.text("中石油国", max_size=6), st.randoms(use_true_random=False))
def test_the_heaviest_common_order_is_that_of_trying_all(one: str, two: str, draw: random.Random) -> None:
    mine, theirs = (tuple(draw.uniform(0.0, 4.0) for _ in name) for name in (one, two))
    found, ours, yours = _company_names._in_order(one, two, mine, theirs)
    assert found == pytest.approx(slow_in_order(one, two, mine, theirs))
    assert ours <= sum(mine) + 1e-9
    assert yours <= sum(theirs) + 1e-9
