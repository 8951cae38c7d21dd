"""What files of the world hold: every row is accounted for, and what is the matter is said."""

from __future__ import annotations

import pytest

import crmkit as ck
from crmkit.testing import generate


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
