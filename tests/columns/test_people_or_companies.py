from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit as ck
from crmkit import columns, frames

ZH = ["王小明", "李娜", "张伟", "刘洋", "陈静", "杨帆", "赵磊", "黄敏"]
EN = ["Ann Lee", "Robert Ray", "James Novak", "Susan Bar", "Daniel Rossi", "Kate Dubois", "Tom Khan", "Bill Tanaka"]
RARE = [
    "Giulia Rossi",
    "Jürgen Müller",
    "Priya Sharma",
    "Oluwaseun Ade",
    "Ngọc Trần",
    "Siobhán Ní",
    "Aino Virta",
    "Ō Sato",
]
LONG = ["买买提·艾合买提江", "阿依古丽·买买提明", "王小明先生", "欧阳娜女士", *ZH[4:]]
SHORT = ["Acme", "Globex", "Initech", "Umbra", "Hooli", "Stark", "Wayne", "Soylent"]
ZH_FIRMS = [f"北京{char}科技有限公司" for char in "甲乙丙丁戊己庚辛"]
EN_FIRMS = [f"{word} Inc." for word in SHORT]
CODES = ["91110108MA01ABCD2H", "91310115MA1K35GW0P", *(f"9111010{n}MA01ABCD2H" for n in range(6))]
SITES = ["acme.example", "globex.example", *(f"site{n}.example" for n in range(6))]
CELLS: dict[str, list[object]] = {
    "手机": [f"1380013{8000 + 7 * n}" for n in range(8)],
    "邮箱": [f"u{n}@example.com" for n in range(8)],
    "Phone": [f"+1 415 555 2{600 + n}" for n in range(8)],
    "Email": [f"p{n}@example.com" for n in range(8)],
    "金额": [str(100 * n) for n in range(8)],
    "Amount": [str(100 * n) for n in range(8)],
    "Stage": ["new"] * 8,
    "销售阶段": ["初步接洽"] * 8,
    "线索状态": ["新建"] * 8,
    "Lead Status": ["New"] * 8,
    "职务": ["经理"] * 8,
    "行业": ["软件"] * 8,
    "Industry": ["Software"] * 8,
    "Employees": [str(20 * n) for n in range(8)],
    "员工人数": [str(20 * n) for n in range(8)],
    "地址": ["中关村大街1号"] * 8,
    "Legal name": EN_FIRMS,
    "商机名称": [f"{firm}续约" for firm in ZH_FIRMS],
    "Deal Name": [f"{firm} renewal" for firm in EN_FIRMS],
}  # fmt: skip
FOR_EACH_FIRM = {
    "公司名称": ZH_FIRMS, "客户名称": ZH_FIRMS, "企业名称": ZH_FIRMS, "统一社会信用代码": CODES, "税号": CODES,
    "Company": EN_FIRMS, "Account Name": EN_FIRMS, "Organization": EN_FIRMS, "网址": SITES, "Website": SITES,
    "VAT": [f"DE13669596{n}" for n in range(8)], "Tax ID": [f"12-345678{n}" for n in range(8)],
}  # fmt: skip
FOUR_EACH = [0, 0, 0, 0, 1, 1, 1, 1]
ONE_EACH = list(range(8))


def table(headers: str, firms: list[int], **people: list[object]) -> frames.Table:
    """Build eight rows; of the companies, row n has the one that ``firms`` says."""
    data: dict[str, list[object]] = {}
    for header in headers.split(","):
        if header in FOR_EACH_FIRM:
            data[header] = [FOR_EACH_FIRM[header][firm] for firm in firms]
        else:
            data[header] = people["people"] if header not in CELLS else CELLS[header]
    return frames.read(data)


CASES = [
    # The column names the row's own person: people, however many work for one company.
    ("姓名,手机,公司名称,统一社会信用代码", ZH, FOUR_EACH, "contact"),
    ("姓名,手机,公司名称,统一社会信用代码", ZH, ONE_EACH, "contact"),
    ("姓名,手机,邮箱,公司名称,统一社会信用代码", ZH, FOUR_EACH, "contact"),
    ("姓名,手机,公司名称,行业,网址", ZH, FOUR_EACH, "contact"),
    ("姓名,职务,邮箱,地址,公司名称,税号,员工人数", ZH, FOUR_EACH, "contact"),
    ("姓名,公司名称,统一社会信用代码,行业,网址,员工人数", ZH, FOUR_EACH, "contact"),
    ("客户姓名,手机,企业名称,统一社会信用代码", ZH, FOUR_EACH, "contact"),
    ("姓名 Name,手机,公司名称,统一社会信用代码", ZH, FOUR_EACH, "contact"),
    ("姓名,手机,统一社会信用代码", ZH, FOUR_EACH, "contact"),
    ("Last name,Phone,Legal name,VAT,Website,Industry,Employees", [one.split()[1] for one in EN], FOUR_EACH, "contact"),
    # It may be a person or a company: the contents decide.
    ("Name,Phone,Company,VAT", EN, FOUR_EACH, "contact"),
    ("Name,Phone,Company,VAT", EN, ONE_EACH, "contact"),
    ("Name,Phone,Company,Website,Industry", EN, FOUR_EACH, "contact"),
    ("Name,Phone,Company,VAT,Website,Industry,Employees", RARE, FOUR_EACH, "contact"),
    ("Full Name,Email,Organization,Tax ID,Industry", EN, FOUR_EACH, "contact"),
    ("Client Name,Email,Company,VAT,Website", EN, FOUR_EACH, "contact"),
    ("Name,Phone,Website,Industry,Employees", EN_FIRMS, ONE_EACH, "account"),
    ("Name,Email,Phone", EN_FIRMS, ONE_EACH, "account"),
    ("Full Name,Company,VAT", EN_FIRMS, ONE_EACH, "account"),
    ("Name,Phone,Company,VAT", [None, *["-"] * 7], ONE_EACH, "account"),
    ("Display Name,Company,VAT", EN, FOUR_EACH, "contact"),
    ("Display Name,Phone,VAT,Industry", SHORT, ONE_EACH, "account"),
    ("姓名,统一社会信用代码,行业", ["腾讯控股深圳分部", "华为终端东莞松山湖"] * 4, ONE_EACH, "account"),
    ("姓名,公司名称,统一社会信用代码", LONG, FOUR_EACH, "contact"),
    # It is the company's contact: people where companies have several, else accounts with whom to speak to.
    ("联系人姓名,手机,公司名称,统一社会信用代码", ZH, FOUR_EACH, "contact"),
    ("联系人,手机,公司名称,统一社会信用代码,行业", ZH, FOUR_EACH, "contact"),
    ("主要联系人,手机,公司名称,统一社会信用代码", ZH, FOUR_EACH, "contact"),
    ("联系人,手机,统一社会信用代码,员工人数", ZH, FOUR_EACH, "contact"),
    ("Contact,Phone,Company,Website,Industry", EN, FOUR_EACH, "contact"),
    ("Contact Name,Phone,Account Name,VAT,Website", RARE, FOUR_EACH, "contact"),
    ("公司名称,统一社会信用代码,联系人,手机,行业", ZH, ONE_EACH, "account"),
    ("公司名称,统一社会信用代码,联系人,手机,行业", ZH, [0, 0, 1, 2, 3, 4, 5, 6], "account"),  # one there twice
    ("公司名称,统一社会信用代码,联系人,行业", [ZH[0], None, None, "", None, ZH[1], None, None], FOUR_EACH, "account"),
    ("公司名称,统一社会信用代码,联系人,行业", [ZH[0]] * 4 + [ZH[1]] * 4, FOUR_EACH, "account"),
    ("客户名称,联系人,地址,行业,网址", ZH, ONE_EACH, "account"),
    ("Account Name,Primary Contact,Phone,Website,Industry", EN, ONE_EACH, "account"),
    ("Account Name,Primary Contact,Phone,Website,Industry", EN, FOUR_EACH, "contact"),
    ("Company,Contact,Phone,VAT,Website", EN, ONE_EACH, "account"),
    ("Company,Contact,Phone,VAT,Website", [f"+1 415 555 1{n}00" for n in range(8)], FOUR_EACH, "account"),
    ("Company,Contact,Phone,VAT,Website", EN_FIRMS, FOUR_EACH, "account"),
    ("Account Name,Owner,Phone,Website,Industry", EN, FOUR_EACH, "account"),
    ("公司名称,负责人,手机,统一社会信用代码", ZH, FOUR_EACH, "account"),
    ("公司名称,法定代表人,统一社会信用代码,行业", ZH, FOUR_EACH, "account"),
    # Leads and deals.
    ("线索状态,姓名,手机,公司名称,统一社会信用代码,行业", ZH, FOUR_EACH, "lead"),
    ("Lead Status,Name,Email,Company,VAT,Website,Industry,Employees", EN, FOUR_EACH, "lead"),
    ("商机名称,联系人,手机,公司名称,金额,销售阶段", ZH, FOUR_EACH, "deal"),
    ("Deal Name,Contact,Email,Company,Amount,Stage", EN, FOUR_EACH, "deal"),
    ("姓名,手机,公司名称,金额,销售阶段", ZH, FOUR_EACH, "contact"),
    ("Name,Email,Company,Amount,Stage", EN, FOUR_EACH, "contact"),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "people", "firms", "kind"), CASES)
def test_whether_rows_are_people_or_companies(headers, people, firms, kind):
    found = columns.recognize(table(headers, firms, people=people))
    assert (found.system, found.kind) == (None, kind)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CASES), st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_of_columns_decides(case, rng):
    headers, people, firms, kind = case
    whole = table(headers, firms, people=people)
    names, rows = list(whole.columns), list(range(8))
    rng.shuffle(names)
    rng.shuffle(rows)
    found = columns.recognize(frames.read({name: [whole.column(name)[row] for row in rows] for name in names}))
    assert found.kind == kind


@pytest.mark.parametrize(
    "headers", [headers for headers, _, firms, kind in CASES if (firms, kind) == (FOUR_EACH, "contact")]
)
def test_colleagues_are_not_merged(headers):
    people = next(people for one, people, *_ in CASES if one == headers)
    report = ck.dedupe(table(headers, FOUR_EACH, people=people))
    assert report.counts()["clusters"] == 8


def test_two_names_in_one_table_are_the_companys_and_the_persons():
    firms = [EN_FIRMS[firm] for firm in FOUR_EACH]
    data = {"Name": firms, "Contact": EN, "Phone": CELLS["Phone"], "Website": [SITES[firm] for firm in FOUR_EACH]}
    found = columns.recognize(frames.read(data))
    assert found.kind == "contact"
    assert (found.column("full_name"), found.column("company_name")) == ("Contact", "Name")
    assert found.evidence["Name"] == "contents"
    data["Name"] = EN_FIRMS
    data["Website"] = SITES
    found = columns.recognize(frames.read(data))
    assert (found.kind, found.column("name"), found.people) == ("account", "Name", ("Contact",))


def contacts_of(firms: int, persons: int, *, seed: int) -> dict[str, list[object]]:
    """Return persons in random order, each at a random firm."""
    rng = random.Random(seed)
    at = [rng.randrange(firms) for _ in range(persons)]
    return {
        "联系人": [
            rng.choice("王李张刘陈杨赵黄周吴") + rng.choice("伟芳娜敏静磊洋艳勇杰") + rng.choice("明华军平") for _ in at
        ],
        "公司名称": [f"第{firm}号贸易有限公司" for firm in at],
        "统一社会信用代码": [f"911101{firm:08d}MA1X" for firm in at],
        "行业": ["贸易"] * persons,
    }


def test_colleagues_who_stand_far_apart_in_a_long_list_are_seen():
    assert columns.recognize(frames.read(contacts_of(6_000, 20_000, seed=1))).kind == "contact"


def test_a_long_list_of_accounts_of_which_some_are_there_twice_is_one():
    data = contacts_of(10**8, 5_000, seed=2)
    twice = {name: [*cells, *cells[:500]] for name, cells in data.items()}
    twice["联系人"][5_000:] = reversed(data["联系人"][:500])
    assert columns.recognize(frames.read(twice)).kind == "account"


def test_accounts_with_names_of_people_say_so():
    whole = table("公司名称,统一社会信用代码,联系人,手机,行业", ONE_EACH, people=ZH)
    found = columns.recognize(whole)
    assert found.people == ("联系人",)
    assert "Taken for accounts although there are names of people: 联系人." in "\n".join(found.explain())
    assert "虽有人名列（联系人），仍按客户（公司）处理" in "\n".join(found.explain("zh"))
    assert columns.ColumnMap.from_dict(found.to_dict()) == found
    assert columns.recognize(whole, kind="contact").people == ()


@pytest.mark.parametrize("headers", ["Company,Owner,VAT,Website", "Name,Website,Industry", "Company,VAT,Legal name"])
def test_accounts_without_names_of_people_do_not(headers):
    found = columns.recognize(table(headers, ONE_EACH, people=EN_FIRMS))
    assert (found.kind, found.people) == ("account", ())
    assert "names of people" not in "\n".join(found.explain())


def test_people_who_are_matched_as_accounts_are_told_so_in_the_notes():
    whole = table("Name,Phone,Company,VAT", FOUR_EACH, people=EN)
    report = ck.dedupe(whole, kind="account")
    assert report.counts()["clusters"] == 2
    assert any("although there are names of people in Name" in note for note in report.diagnostics.notes)
    assert "although there are names of people in Name" in report._repr_html_()
    golden, merges = report.merge()
    lost = set(frames.read(merges.alternatives(golden)).column("alternative"))
    assert len(golden["Name"]) == 2
    assert len(set(EN) & lost) == 6
    apart = ck.dedupe(whole)
    assert not [note for note in apart.diagnostics.notes if "names of people" in note]
