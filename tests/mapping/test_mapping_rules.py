"""The algebra of mappings, and what every preset promises: there and back is the same."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit import mapping, systems
from crmkit.errors import NotFoundError, SchemaError
from crmkit.mapping import End, Endpoint, Form, Link, Mapping, ValueTable

PRESETS = [(name, kind) for name in systems.names() for kind in systems.get(name).objects]
CHINA = "Asia/Shanghai"


def of(system: str, kind: Any, **settings: Any) -> Mapping:
    return mapping.preset(system, kind, zone=CHINA, order="YMD", **settings)


@pytest.mark.parametrize(("system", "kind"), PRESETS)
def test_turning_a_preset_round_twice_changes_nothing(system: str, kind: Any) -> None:
    there = of(system, kind)
    assert there.inverse() != there
    assert there.inverse().inverse() == there


@pytest.mark.parametrize(("system", "kind"), PRESETS)
def test_the_way_back_of_two_mappings_is_the_ways_back_in_turn(system: str, kind: Any) -> None:
    for other in systems.names():
        if kind in systems.get(other).objects:
            first, second = of(system, kind), of(other, kind).inverse()
            assert (first | second).inverse() == second.inverse() | first.inverse()


@pytest.mark.parametrize(("system", "kind"), PRESETS)
def test_a_preset_survives_being_stored_copied_and_pickled(system: str, kind: Any) -> None:
    there = of(system, kind)
    assert Mapping.from_dict(there.to_dict()) == there
    assert pickle.loads(pickle.dumps(there)) == there
    assert copy.deepcopy(there) == there
    assert hash(copy.deepcopy(there)) == hash(there)


def test_mappings_that_do_not_meet_are_not_joined() -> None:
    with pytest.raises(SchemaError, match="cannot be followed by one from canonical lead"):
        of("salesforce", "contact") | of("salesforce", "lead").inverse()
    with pytest.raises(TypeError):
        of("salesforce", "contact") | 3  # type: ignore[operator]


def test_joining_is_the_same_as_one_after_the_other() -> None:
    rows = [{"Last_Name": "Lee", "Company": "Acme", "Designation": "CEO", "Lead_Status": "Contacted"}]
    first, second = of("zoho", "lead"), of("hubspot", "contact")
    second = Mapping(source=second.source, target=first.target, links=second.links).inverse()
    middle, _ = first.apply(rows)
    step_by_step, _ = second.apply(middle, rest="drop")
    at_once, _ = (first | second).apply(rows, rest="drop")
    assert at_once == step_by_step
    assert at_once[0]["hs_lead_status"] == "IN_PROGRESS"


# -- there and back ----------------------------------------------------------------------------------------------------

WORD = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"]), min_size=1, max_size=30)
MOMENT = st.datetimes(min_value=dt.datetime(1971, 1, 1), max_value=dt.datetime(2090, 1, 1))


def values_for(name: str, link: Link) -> st.SearchStrategy[str]:
    if link.values is not None:
        return st.sampled_from([other for _, other in link.values.forward])
    form = mapping.canonical_form(name)
    if form.type == "datetime":
        whole = MOMENT.map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))
        return whole.map(lambda moment: moment.isoformat() + "Z")
    if form.type == "date":
        return MOMENT.map(lambda moment: moment.date().isoformat())
    if form.type == "bool":
        return st.sampled_from(["true", "false"])
    if form.type == "number":
        return st.decimals(0, 1, places=4).map(lambda number: f"{number:f}".rstrip("0").rstrip(".") or "0")
    if form.type == "list":
        return st.lists(WORD, min_size=1, max_size=4).map(";".join)
    return WORD


@pytest.mark.parametrize(("system", "kind"), PRESETS)
@pytest.mark.parametrize("headers", ["api", "label"])
def test_canonical_records_come_back_as_they_were(system: str, kind: Any, headers: Any) -> None:
    there = of(system, kind, headers=headers)
    links = {link.target.name: link for link in there.links if link.target and link.source and not link.is_derived}

    @given(st.data())
    @settings(max_examples=5, deadline=None)
    def check(data: st.DataObject) -> None:
        record = {name: data.draw(st.none() | values_for(name, link)) for name, link in links.items()}
        written, _ = there.inverse().apply([record])
        back, report = there.apply(written)
        assert {name: back[0].get(name) for name in record} == record
        assert "system_unexpected" not in report.issues.counts("code")

    check()


@pytest.mark.parametrize(("system", "kind"), PRESETS)
def test_every_value_of_a_picklist_comes_back_even_where_several_mean_the_same(system: str, kind: Any) -> None:
    there = of(system, kind)
    for link in there.links:
        if link.values is None or link.source is None:
            continue
        rows = [{link.source.name: value} for value, _ in link.values.forward] + [{link.source.name: "Ours alone"}]
        canonical, report = there.apply(rows)
        assert report.unknown[link.source.name] == {"Ours alone": 1}
        back, _ = there.inverse().apply(canonical)
        assert back == rows


# -- tables of values --------------------------------------------------------------------------------------------------

TABLE = st.dictionaries(st.text(max_size=6), st.text(max_size=3), max_size=6)


@given(TABLE, TABLE, st.text(max_size=6))
def test_two_tables_in_turn_are_one_table(one: dict[str, str], other: dict[str, str], value: str) -> None:
    first, second = ValueTable.of(one), ValueTable.of(other)
    both = first | second
    for known in [*one, value]:
        middle = first.get(known)
        if known in one:
            assert both.get(known) == (None if middle is None else second.get(middle)) or known not in both.table
    assert both.inverse() == second.inverse() | first.inverse()


def test_a_table_says_which_values_it_merges() -> None:
    table = ValueTable.of({"a": "x", "b": "x", "c": "y"})
    assert table.merges() == ("b",)
    assert table.inverse().get("x") == "a"
    assert table.inverse().inverse() == table


# -- building ----------------------------------------------------------------------------------------------------------


def test_a_column_is_named_once_on_each_side() -> None:
    ends = [Link(source=End(name="a"), target=End(name="x")), Link(source=End(name="b"), target=End(name="x"))]
    with pytest.raises(SchemaError, match="two links have the target 'x'"):
        Mapping(source=Endpoint("here"), target=Endpoint("there"), links=ends)
    with pytest.raises(SchemaError, match="a source, a target or both"):
        Link()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"type": "datetime", "style": "iso"}, "unknown style of datetime 'iso'; did you mean 'iso-z'"),
        ({"type": "moment"}, "unknown type of value 'moment'"),
        ({"type": "datetime", "zone": "Mars/Olympus"}, "unknown time zone"),
        ({"type": "date", "order": "MYD"}, "unknown order of dates"),
    ],
)
def test_forms_refuse_unknown_words(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(NotFoundError, match=says):
        Form(**wrong)


@pytest.mark.parametrize("wrong", [{"scale": "0"}, {"scale": "x"}, {"scale": "NaN"}, {"separator": ""}])
def test_forms_refuse_scales_and_separators_that_lose_values(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"scale|separator"):
        Form(type="number", **wrong)


def test_presets_ask_for_what_is_open_and_refuse_what_is_unknown() -> None:
    with pytest.raises(SchemaError, match="several kinds of record"):
        mapping.preset("zoho")
    with pytest.raises(NotFoundError, match="did you mean 'hubspot'"):
        mapping.preset("hubspt", "contact")
    with pytest.raises(NotFoundError, match="kind of record of hubspot 'lead'"):
        mapping.preset("hubspot", "lead")
    with pytest.raises(NotFoundError, match="family of times"):
        mapping.preset("hubspot", "deal", times="iso")  # type: ignore[arg-type]
    with pytest.raises(NotFoundError, match="kind of headers"):
        mapping.preset("hubspot", "deal", headers="labels")  # type: ignore[arg-type]
    with pytest.raises(NotFoundError, match="time zone"):
        mapping.preset("hubspot", "deal", zone="Beijing")


def test_tables_of_values_are_given_to_either_name_of_a_column() -> None:
    deals = of("salesforce", "deal")
    stages = {"Prospecting": "Qualification"}
    assert deals.with_values({"stage": stages}) == deals.with_values({"StageName": ValueTable.of(stages)})
    with pytest.raises(NotFoundError, match="did you mean 'stage'"):
        deals.with_values({"stagee": stages})


def test_identity_traps_are_no_match_keys() -> None:
    keys = of("salesforce", "contact").match_keys
    assert {"email", "mobile", "family_name"} <= set(keys)
    assert not {"owner_name", "phone_assistant", "created_by", "owner_id"} & set(keys)


def test_a_mapping_names_what_the_target_cannot_hold_and_what_nothing_feeds() -> None:
    move = of("outlook", "contact") | of("salesforce", "contact").inverse()
    assert {"Hobby", "E-mail 2 Address", "Suffix"} <= set(move.unheld)
    assert {"Id", "LeadSource"} <= set(move.unfed)
    assert move.to("First Name") == "FirstName"
    assert move.to("Hobby") is None
    assert set(of("neocrm", "contact").unconfirmed) >= {"contactName", "mobile"}


def test_columns_of_the_target_get_other_names_and_lose_its_demands() -> None:
    to_salesforce = of("salesforce", "contact").inverse()
    own = to_salesforce.renamed({"LastName": "Nachname__c", "Id": "Old_Id__c"})
    assert own.to("id") == "Old_Id__c"
    assert own.check([{"family_name": "L" * 90, "id": "1"}]).ok
    with pytest.raises(NotFoundError, match="did you mean 'LastName'"):
        to_salesforce.renamed({"LastNam": "x"})
    with pytest.raises(SchemaError, match="two links have the target 'FirstName'"):
        to_salesforce.renamed({"LastName": "FirstName"})


SECOND = {
    ("salesforce", "account"): "ShippingCity",
    ("zoho", "account"): "Shipping_City",
    ("insightly", "account"): "ADDRESS_SHIP_CITY",
    ("sugarcrm", "account"): "shipping_address_city",
    ("salesforce", "contact"): "OtherCity",
    ("zoho", "contact"): "Other_City",
    ("insightly", "contact"): "ADDRESS_OTHER_CITY",
    ("sugarcrm", "contact"): "alt_address_city",
    ("dynamics", "contact"): "address2_city",
    ("outlook", "contact"): "Home City",
    ("google_contacts", "contact"): "Address 2 - City",
    ("vcard", "contact"): "ADR.locality.2",
}


@pytest.mark.parametrize(("one", "other"), [(a, b) for a in SECOND for b in SECOND if a[1] == b[1] and a != b])
def test_a_second_address_goes_from_each_system_that_has_one_to_every_other(one: Any, other: Any) -> None:
    move = mapping.preset(*one) | mapping.preset(*other).inverse()
    rows, _ = move.apply([{SECOND[one]: "Oslo"}], rest="drop")
    assert rows[0][SECOND[other]] == "Oslo"
    back, _ = move.inverse().apply(rows, rest="drop")
    assert back[0][SECOND[one]] == "Oslo"


def test_a_second_address_that_the_target_cannot_hold_is_said() -> None:
    move = mapping.preset("salesforce", "account") | mapping.preset("hubspot", "account").inverse()
    report = move.check([{"Name": "Acme", "ShippingCity": "Oslo"}])
    assert [issue.path for issue in report.issues.filter(code="column_not_held")] == ["ShippingCity"]
