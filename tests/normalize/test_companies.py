"""Names of companies: core, legal form, parts, acronym."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError
from crmkit.normalize import _company_forms, companies, text

anything = st.text(st.characters(exclude_categories=[]), max_size=30)
PIECES = (
    "Acme & and the Ltd Ltd. Co., Co. Inc (UK) S.A. - a/s GmbH KG 株式会社 (株) 北京 科技 有限公司 股份 "
    "集团 （集团） 分公司 公司 A B S. r.o. ООО (주) / Oy Ab sp. z o.o. PT ( ) é"
)
words = st.sampled_from(PIECES.split())
company_like = st.lists(words, max_size=6).map(" ".join) | st.lists(words, max_size=5).map("".join)

CORES = [
    ("Freshdesk Inc", "freshdesk", "inc"),
    ("Johnson & Johnson, Inc.", "johnson and johnson", "inc"),
    ("THE ACME CO., LTD.", "acme", "ltd_co"),
    ("Acme GmbH & Co. KG", "acme", "gmbh_co_kg"),
    ("Acme Ltd (UK)", "acme uk", "ltd"),
    ("Acme (UK) Ltd", "acme uk", "ltd"),
    ("Acme (Pty) Ltd", "acme", "pty_ltd"),
    ("Telecomunicações S.A. - Telesp", "telecomunicacoes telesp", "sa"),
    ("L.L.C. Acme L.L.C.", "llc acme", "llc"),
    ("A B Volvo", "volvo", "ab"),
    ("A/S Torm", "torm", "as"),
    ("Łoś spółka z o.o.", "los", "zoo"),
    ("Český Krumlov s.r.o.", "cesky krumlov", "sro"),
    ("ОАО Новороссийск", "новороссииск", "ooo"),
    ("Acme Holding B.V.", "acme holding", "bv"),
    ("万科企业股份有限公司", "万科企业", "zh_jsc"),
    ("阿里巴巴（中国）有限公司", "阿里巴巴中国", "zh_ltd"),
    ("深圳市振业(集团)股份有限公司", "深圳市振业", "zh_jsc"),
    ("华为技术有限公司上海分公司", "华为技术上海", "zh_ltd"),
    ("有棵树科技股份有限公司", "有棵树科技", "zh_jsc"),
    ("上海某某合伙企业（有限合伙）", "上海某某", "zh_partnership"),
    ("臺灣積體電路製造股份有限公司", "台湾积体电路制造", "zh_jsc"),
    ("北京 ABC 科技 有限公司", "北京abc科技", "zh_ltd"),
    ("株式会社サンプル", "サンプル", "kk"),
    ("サンプル（株）", "サンプル", "kk"),
    ("(주)삼성전자", "삼성전자", "kk_ko"),
    ("삼성전자 주식회사", "삼성전자", "kk_ko"),
    ("บริษัท ตัวอย่าง จำกัด", text.fold("บริษัท ตัวอย่าง"), "th"),
    ("3M", "3m", None),
    ("Limited", "limited", None),
    ("Air Canada", "air canada", None),
    ("", "", None),
    ("--", "", None),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "core", "form"), CORES)
def test_the_legal_form_goes_and_the_rest_stays(raw: str, core: str, form: str | None) -> None:
    assert companies.core(raw) == core
    assert companies.legal_form(raw) == form


@given(anything | company_like)
@example("Foo Ltd - Bar inc")
@example("株式会社a")
@example("0&有限公司")
def test_the_core_of_a_core_is_itself(raw: str) -> None:
    assert companies.core(companies.core(raw)) == companies.core(raw)


@given(anything | company_like)
def test_a_name_with_letters_keeps_something(raw: str) -> None:
    core = companies.core(raw)
    assert bool(core) or not any(c.isalnum() for c in text.fold(raw))
    assert companies.normalize(raw) == (core or None)


# Where we decide otherwise than cleanco, with the reason.
DECIDED_OTHERWISE = {
    "name w/ term in middle": "a form in the middle may be a word of the name; both ends are taken",
    "name w/ complex term in middle": "as above",
    "name w/ mid + suffix": "as above",
    "AMBA (Danish term)": "a name of legal forms alone keeps a word: an empty key would make all such firms one",
    "Inc": "as above",
    "LLC": "as above",
    "Ltd": "as above",
    "Corporation": "as above",
    "Limited": "as above",
    "inc & co": "as above",
    "Ltd. & Co.": "as above",
    "entire name is legal terms": "as above",
    "whitespace around term only": "as above",
    "Pty Limited (known issue)": "cleanco's own known fault: 'Pty Limited' is one form",
    "Hebrew script": "cleanco does not know בע״מ",
    "Japanese (Kanji + Hiragana)": "cleanco does not know 株式会社",
    "Japanese with English suffix": "as above",
    "Korean (Hangul)": "cleanco does not know 주식회사",
    "Thai script": "cleanco does not know จำกัด",
    "Chinese with English suffix": "cleanco does not know 公司",
    "currency symbol": "'Company' beside 'Ltd' goes, as it does in cleanco's own 'Example Company Pty Ltd'",
}


def test_the_cases_of_cleanco_agree_but_for_the_named_ones(conformance: Path) -> None:
    cases = json.loads((conformance / "cleanco" / "cases.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 82
    differing = set()
    for case in cases:
        core = companies.core(case["input"])
        expected = " ".join(_company_forms.words_of(text.fold(case["expected"])))
        if not (expected in core if case.get("match") == "contains" else expected == core):
            differing.add(case["desc"])
    assert differing == set(DECIDED_OTHERWISE)


def test_most_listed_foreign_companies_have_a_known_form(conformance: Path) -> None:
    with (conformance / "cleanco" / "companies.csv").open(encoding="utf-8", newline="") as file:
        rows = [row["name"] for row in csv.DictReader(file)]
    without = [name for name in rows if companies.legal_form(name) is None]
    assert len(rows) == 1_320
    assert len(without) < 110  # banks, trusts, "Alstom": names that have none
    assert not [
        name for name in without if name.endswith(("Inc.", "Ltd.", "plc", "N.V.", "AG", "S.p.A.", "Corp.", "A.S."))
    ]


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        ("Sunrise Day Care / City Kids Inc.", ("sunrise day care", "city kids")),
        ("Acme Inc. dba Road Runner LLC", ("acme", "road runner")),
        ("Smith Ltd t/a Joe's Cafe", ("smith", "joes cafe")),
        ("Torm A/S", ("torm",)),
        ("Acme/ACME Ltd", ("acme",)),
        ("", ()),
    ],
)
def test_several_names_in_one_field_are_parted(raw: str, parts: tuple[str, ...]) -> None:
    assert companies.parts(raw) == parts


def test_acronyms_leave_out_small_words() -> None:
    assert companies.acronym("University of Manchester") == companies.acronym("The University Manchester Ltd") == "um"
    assert companies.acronym("华为技术有限公司") is None


@pytest.mark.parametrize("raw", ["", "n/a", "--", "test", "无"])
def test_what_is_no_company_name_is_refused(raw: str) -> None:
    assert not companies.is_valid(raw)
    with pytest.raises(InvalidValueError):
        companies.validate(raw)


def test_a_valid_name_is_returned_cleaned() -> None:
    assert companies.validate(" 360 \u200bNetworks　Inc. ") == "360 Networks Inc."
    assert companies.is_valid("360")


@pytest.mark.parametrize(
    "unit", ["a ", "公司", "ltd ", "a.", "(", "/ ", " - ", "&", "株式会社", "\ud800", "(株)", "a dba "]
)
def test_long_text_takes_linear_time(unit: str) -> None:
    raw = unit * (200_000 // len(unit))
    companies.core(raw)
    companies.parts(raw)
    companies.acronym(raw)
    companies.is_valid(raw[:990])


@given(
    st.lists(
        st.sampled_from(
            [
                "北京",
                "科技",
                "有限公司",
                "股份",
                "集团",
                "分公司",
                "公司",
                "株式会社",
                "A12",
                "司",
                "有",
                "ltd",
                ".",
                "・",
                "ー",
            ]
        ),
        max_size=5,
    ).map("".join)
)
def test_chinese_names_are_told_as_by_a_look_at_every_edge(raw):
    quick = _company_forms.split(raw)
    every = frozenset(map(chr, range(0x10000)))
    forms = _company_forms._forms()
    with (
        mock.patch.object(_company_forms, "_ONLY_CJK", re.compile("(?!)")),
        mock.patch.object(forms, "joined_ends", every),
    ):
        assert _company_forms.split(raw) == quick
