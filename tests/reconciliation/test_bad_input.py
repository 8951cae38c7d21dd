"""What files of the world hold: every row is accounted for, and what is the matter is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmkit as ck
from crmkit import frames, mapping
from crmkit.errors import SchemaError
from crmkit.testing import generate

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")


def accounted(report):
    """Every row of either side is matched, missing or unexpected."""
    counts = report.counts()
    return counts["left"] == counts["matched"] + counts["missing"] and (
        counts["right"] == counts["matched"] + counts["unexpected"]
    )


def test_keys_in_scientific_notation_are_said_to_be():
    left = [{"id": "13800138000", "city": "Oslo"}, {"id": "13800138001", "city": "Bergen"}, {"id": "7", "city": "Rome"}]
    right = [{"id": "1.38E+10", "city": "Oslo"}, {"id": "1.38E+10", "city": "Bergen"}, {"id": "7", "city": "Rome"}]
    report = ck.reconcile(left, right, key="id")
    assert accounted(report)
    codes = report.issues.counts("code")
    assert codes["key_scientific_right"] == 2
    assert "key_scientific" not in codes
    turned = ck.reconcile(right, left, key="id").issues.counts("code")
    assert turned["key_scientific"] == 2
    assert "key_scientific_right" not in turned


@pytest.mark.parametrize("empty", [[], {"id": [], "city": []}, [{"id": None, "city": None}]])
def test_an_empty_side_loses_nothing(empty):
    rows = [{"id": "1", "city": "Oslo"}, {"id": "2", "city": None}]
    report = ck.reconcile(rows, empty, key="id")
    assert report.counts()["missing"] == 2
    assert accounted(report)
    assert not report.ok
    turned = ck.reconcile(empty, rows, key="id")
    assert turned.counts()["unexpected"] == 2
    assert accounted(turned)


def test_an_empty_list_takes_the_names_of_the_other_side():
    report = ck.reconcile([], [{"Id": "1", "City": "Oslo"}], key="id", columns={"id": "Id", "city": "City"})
    assert report.counts()["unexpected"] == 1
    assert [pair.left for pair in report.columns] == ["city"]


def test_one_column_of_two_types_is_compared_by_what_it_says():
    left = [{"id": 1, "size": 7, "at": "2026-01-02"}, {"id": 2, "size": "many", "at": None}]
    right = [{"id": "1", "size": "7.0", "at": "2026-01-02"}, {"id": 2.0, "size": 9, "at": ""}]
    report = ck.reconcile(left, right, key="id")
    assert report.counts()["matched"] == 2
    assert report.causes("size") == {"changed": 1, "format": 1}
    assert report.causes("at") == {"missing_marker": 1}


def test_mojibake_on_one_side_is_named_in_values_and_leaves_keys_apart():
    left = [{"id": "张三", "name": "张三"}, {"id": "2", "name": "José"}]
    right = [{"id": "ÕÅÈý", "name": "ÕÅÈý"}, {"id": "2", "name": "JosÃ©"}]
    report = ck.reconcile(left, right, key="id")
    assert accounted(report)
    assert report.causes() == {"mojibake": 1}
    assert (report.counts()["missing"], report.counts()["unexpected"]) == (1, 1)


def test_records_under_two_keys_are_reported_apart():
    people = generate.contacts(80, seed=4).records
    from crmkit import frames

    table = frames.read(people)
    left = [dict(zip(table.columns, row, strict=True)) for row in zip(*map(table.column, table.columns), strict=True)]
    right = [{**row, "id": f"new-{row['id']}"} if n < 6 else row for n, row in enumerate(left)]
    right += [{**left[7], "id": "other", "given_name": "Qwerty", "family_name": "Zzz", "email": None, "phone": None}]
    plain = ck.reconcile(left, right, key="id")
    assert plain.similar == ()
    report = ck.reconcile(left, right, key="id", similar=True)
    expected = {(n, n) for n in range(6)}
    found = {(pair.left_row, pair.right_row) for pair in report.similar}
    assert found <= expected, "nobody is paired with somebody else"
    assert len(found) >= 5
    assert all(0.5 < pair.probability <= 1 for pair in report.similar)
    assert report.counts() == {**plain.counts(), "similar": len(found)}, "they stay missing and unexpected"
    assert report.in_language("zh").similar == report.similar
    assert left[0]["email"] not in repr(report.similar)


def test_the_way_to_match_can_be_given():
    from crmkit.matching import Matcher

    left = [{"id": str(n), "name": name, "city": "Oslo"} for n, name in enumerate(["Northwind", "Contoso", "Fabrikam"])]
    right = [{**row, "id": f"x{row['id']}"} for row in left]
    report = ck.reconcile(left, right, key="id", similar=Matcher.accounts())
    assert {(pair.left_row, pair.right_row) for pair in report.similar} <= {(n, n) for n in range(3)}
    assert ck.reconcile(left, left, key="id", similar=True).similar == ()


# -- keys that are none -----------------------------------------------------------------------------------------------

KINDS = {
    "list": lambda rows: rows,
    "dict": lambda rows: {name: [row[name] for row in rows] for name in rows[0]},
    "pandas": pd.DataFrame,
    "objects": lambda rows: pd.DataFrame(rows).astype(object),
    "category": lambda rows: pd.DataFrame(rows).astype({"id": "category"}),
    "polars": pl.DataFrame,
    "arrow": pa.Table.from_pylist,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", ["list", "polars", "arrow"])
def test_a_key_of_blanks_is_none_and_joins_nothing(kind, other):
    left = [{"id": key, "a": 1} for key in ("", " \u3000", None, "客户1", "1")]
    right = [{"id": key, "a": 2} for key in ("", " ", None, "客户1", "1")]
    report = ck.reconcile(KINDS[kind](left), KINDS[other](right), key="id")
    counts = report.counts()
    assert (counts["no_key_left"], counts["no_key_right"], counts["matched"]) == (3, 3, 2)
    assert accounted(report)
    assert report.issues.counts("code")["key_missing"] == 3


def test_a_key_of_several_columns_is_none_where_all_of_them_are_blank():
    left = [{"id": "", "part": " ", "a": 1}, {"id": "", "part": "x", "a": 1}]
    right = [{"id": "", "part": "", "a": 1}, {"id": "", "part": "x", "a": 1}]
    counts = ck.reconcile(left, right, key=["id", "part"]).counts()
    assert (counts["no_key_left"], counts["matched"]) == (1, 1)


@given(st.lists(st.text(alphabet=" \u3000\t\u00a0a~!é客", max_size=3) | st.none(), min_size=1, max_size=8))
def test_every_library_finds_the_same_blanks(cells):
    wanted = [cell is None or not cell.strip() for cell in cells]
    for made in (pl.DataFrame({"id": cells}, schema={"id": pl.String}), pa.table({"id": pa.array(cells, pa.string())})):
        assert frames.read(made).blank("id").tolist() == wanted
    assert frames.read({"id": cells}).blank("id").tolist() == wanted


@pytest.mark.parametrize(
    "made",
    [
        pl.DataFrame({"n": [1.0, float("nan"), None]}),
        pl.DataFrame({"n": [1, None, None]}),
        pa.table({"n": [1.0, float("nan"), None]}),
        pa.table({"n": [True, None, None]}),
        pd.DataFrame({"n": [1.0, float("nan"), None]}),
        pd.DataFrame({"n": pd.array([1, None, None], dtype="Int64")}),
    ],
)
def test_numbers_are_blank_where_they_are_missing(made):
    assert frames.read(made).blank("n").tolist() == [False, True, True]


# -- columns that only one side has -----------------------------------------------------------------------------------


def test_a_renamed_header_is_no_agreement():
    left = [{"id": "1", "name": "Ann", "amount": 5, "empty": None}]
    right = [{"id": "1", "name": "Ann", "Amounts": 500, "score": 3, "blank": ""}]
    report = ck.reconcile(left, right, key="id")
    assert report.missing_columns == ("amount",)
    assert report.unexpected_columns == ("Amounts", "score")
    assert not report.ok
    assert report.issues.counts("code") == {"column_absent": 1, "column_unexpected": 2, "header_renamed": 1}
    assert report.explain()[0] == "amount: the right table does not have this column, so it was not compared"
    assert report.explain("zh")[1] == "Amounts: 疑似改名后的 amount"
    assert report.gate().reasons == ("columns: 1 of 2, allowed 0",)
    assert report.gate(max_missing_columns=1).ok
    assert report.in_language("zh").missing_columns == ("amount",)
    assert report.to_dict()["missing_columns"] == ["amount"]


def test_columns_that_were_named_are_all_that_counts():
    left, right = [{"id": "1", "name": "Ann", "amount": 5}], [{"id": "1", "name": "Ann"}]
    report = ck.reconcile(left, right, key="id", only=["name"])
    assert report.ok
    assert report.gate().ok
    assert report.missing_columns == ()


def test_the_export_of_another_system_passes_no_gate():
    move = mapping.preset("zoho", "contact") | mapping.preset("salesforce", "contact").inverse()
    hubspot = [
        {"hs_object_id": "1", "firstname": "Ann", "lastname": "Lee", "email": "a@example.com", "lifecyclestage": "lead",
         "hubspot_owner_id": "3", "associatedcompanyid": "2"}
    ]  # fmt: skip
    right = [{"Email": "a@example.com", "FirstName": "Ann", "LastName": "Lee"}]
    report = ck.reconcile(hubspot, right, key="Email", columns=move)
    assert report.counts()["differing"] == 0
    assert not report.ok
    assert "the headers are those of hubspot" in report.explain()[0]
    assert report.gate().reasons == ("the left table is not what its mapping reads",)
    assert report.issues.counts("code")["system_unexpected"] == 1
    assert "hubspot" in ck.report(report, report.gate()).to_html()
    with pytest.raises(SchemaError, match="those of hubspot"):
        ck.reconcile(hubspot, [{"Id": "1", "LastName": "Lee"}], key="Id", columns=move)


# -- gates that compared nothing --------------------------------------------------------------------------------------


def test_a_gate_is_not_passed_by_nothing():
    rows = [{"id": "1", "a": 1}]
    for left, right in (([], []), ([], rows), (pl.DataFrame(rows).head(0), rows)):
        report = ck.reconcile(left, right, key="id")
        assert not report.gate(max_unexpected=None).ok
        assert report.gate(min_matched=0).ok


@pytest.mark.parametrize("limit", [-1, float("nan"), -0.5])
def test_a_limit_is_a_number_from_0_up(limit):
    with pytest.raises(ValueError, match="from 0 up"):
        ck.reconcile([{"id": 1, "a": 1}], [{"id": 1, "a": 1}], key="id").gate(max_missing=limit)


def test_a_share_of_rows_is_not_lost_in_the_last_digit_of_a_float():
    left = {"id": list(range(100)), "a": [1] * 100}
    right = {"id": list(range(71)), "a": [1] * 71}
    assert ck.reconcile(left, right, key="id").gate(max_missing=0.29).ok


def test_a_total_of_cells_that_are_no_numbers_does_not_agree():
    rows = [{"id": "1", "amount": "$1,200.50"}]
    assert not ck.reconcile(rows, rows, key="id").gate(same_totals=["amount"]).ok


def test_the_page_names_columns_that_were_not_compared():
    left, right = [{"id": "1", "name": "Ann", "amount": 5}], [{"id": "1", "name": "Ann", "Amounts": 5}]
    report = ck.reconcile(left, right, key="id")
    for lang, said in (("en", "Columns that were not compared"), ("zh", "未比较的列")):
        page = ck.report(report, report.gate(), lang=lang).to_html()
        assert said in page
        assert "Amounts" in page


def test_phones_and_ids_are_no_amounts_to_add_up():
    row = {
        "id": "1",
        "phone": "13800138000",
        "tax_id": "91110000802100433",
        "other": "+8613800138000",
        "amount": "5.50",
    }
    report = ck.reconcile([row], [dict(row)], key="id")
    assert [total.column for total in report.totals()] == ["amount"]
    assert [total.column for total in report.totals(["phone"])] == ["phone"]
    assert "13,800,138,000" not in ck.report(report, report.gate()).to_html()
