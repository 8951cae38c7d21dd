"""What applying a mapping says about real frames: times, limits, picklists, wrong systems; nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmkit as ck
from crmkit import mapping
from crmkit.errors import CheckFailedError, NotFoundError
from crmkit.mapping import End, Endpoint, Form, Link, Mapping

CANARY = "Zyxwv Canary"


def times(style: str, zone: str | None = None, *, target: Form | None = None, order: Any = None) -> Mapping:
    """One column of moments, written in some style, to the canonical form."""
    source = End(name="at", form=Form(type="datetime", style=style, zone=zone, order=order))
    link = Link(source=source, target=End(name="moment", form=target or Form(type="datetime")))
    return Mapping(source=Endpoint("file"), target=Endpoint("canonical"), links=[link])


def one(found: Mapping, value: object) -> tuple[object, list[str]]:
    rows, report = found.apply([{"at": value}])
    return rows[0]["moment"], list(report.issues.counts("code"))


def codes(report: Any) -> set[str]:
    return set(report.issues.counts("code"))


# -- times -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "zone", "written", "moment"),
    [
        ("epoch-ms", None, 1705305600000, "2024-01-15T08:00:00Z"),  # Fxiaoke, Neocrm
        ("utc-naive", None, "2024-01-15 08:00:00", "2024-01-15T08:00:00Z"),  # Pipedrive v1, Insightly
        ("iso-z", None, "2024-01-15T08:00:00.000+0000", "2024-01-15T08:00:00Z"),  # Salesforce
        ("iso-offset", None, "2024-01-15T15:26:49+05:30", "2024-01-15T09:56:49Z"),  # Zoho, from its documentation
        ("iso-z", None, "1705305600000", "2024-01-15T08:00:00Z"),  # HubSpot's older API
        ("local", "America/New_York", "3/15/2024 2:30 PM", "2024-03-15T18:30:00Z"),
        ("local", "Asia/Shanghai", "2024年3月15日 下午2:30", "2024-03-15T06:30:00Z"),
        ("local", "Europe/Oslo", "2024-01-15", "2024-01-15"),  # a day is no moment
    ],
)
def test_each_family_of_times_is_read(style: str, zone: str | None, written: object, moment: str) -> None:
    assert one(times(style, zone), written) == (moment, [])


def test_a_time_without_a_zone_is_kept_and_said() -> None:
    assert one(times("local"), "2024-01-15 08:00") == ("2024-01-15 08:00", ["time_zone_missing"])
    assert one(times("iso-z"), "2024-01-15 08:00") == ("2024-01-15 08:00", ["time_zone_missing"])
    assert one(times("iso-z", "Asia/Shanghai"), "2024-01-15 08:00") == ("2024-01-15T00:00:00Z", [])


def test_a_time_that_clocks_showed_twice_is_the_first_and_said() -> None:
    assert one(times("local", "Europe/Oslo"), "2024-10-27 02:30") == ("2024-10-27T00:30:00Z", ["time_ambiguous"])
    assert one(times("local", "Europe/Oslo"), "2024-10-27 03:30") == ("2024-10-27T02:30:00Z", [])


def test_a_time_that_clocks_skipped_is_kept_and_said() -> None:
    assert one(times("local", "Europe/Oslo"), "2024-03-31 02:30") == ("2024-03-31 02:30", ["time_gap"])
    assert one(times("local", "America/New_York"), "2024-03-10 02:00") == ("2024-03-10 02:00", ["time_gap"])


def test_a_moment_written_locally_in_the_repeated_hour_is_said() -> None:
    local = times("iso-z", target=Form(type="datetime", style="local", zone="Europe/Oslo"))
    assert one(local, "2024-10-27T01:30:00Z") == ("2024-10-27 02:30:00", ["time_ambiguous"])
    assert one(local, "2024-06-01T01:30:00Z") == ("2024-06-01 03:30:00", [])


def test_the_order_of_a_date_is_found_in_the_column_or_asked_for() -> None:
    column = [{"at": "3/4/2024 10:00"}, {"at": "13/4/2024 10:00"}]
    rows, report = times("local", "UTC").apply(column)
    assert rows[0] == {"moment": "2024-04-03T10:00:00Z"}
    assert report.ok
    assert one(times("local", "UTC"), "3/4/2024 10:00") == ("3/4/2024 10:00", ["day_ambiguous"])
    assert one(times("local", "UTC", order="MDY"), "3/4/2024 10:00") == ("2024-03-04T10:00:00Z", [])


@pytest.mark.parametrize(
    "text", ["soon", "2024-13-45", "2024-02-30 10:00", "25:99", "9" * 30, "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time_is_kept_and_said(text: str) -> None:
    assert one(times("local", "UTC"), text) == (text, ["time_unreadable"])


@pytest.mark.parametrize("text", ["0/0/00", "0000-00-00 00:00:00"])
def test_dates_that_mean_that_there_is_none_are_empty(text: str) -> None:
    assert one(times("local", "UTC"), text) == (None, [])


def test_milliseconds_lose_what_is_finer_and_a_day_gets_its_midnight_and_both_are_said() -> None:
    to_ms = times("iso-z", target=Form(type="datetime", style="epoch-ms", zone="Asia/Shanghai"))
    assert one(to_ms, "2024-01-15T08:00:00.123456Z") == ("1705305600123", ["time_shortened"])
    assert one(to_ms, "2024-01-15") == ("1705248000000", ["time_of_day_assumed"])


def test_days_in_milliseconds_are_midnight_of_their_zone() -> None:
    deals = mapping.preset("fxiaoke", "deal", zone="Asia/Shanghai")
    assert deals.apply([{"close_date": 1705248000000}])[0] == [{"close_date": "2024-01-15"}]
    assert deals.inverse().apply([{"close_date": "2024-01-15"}])[0] == [{"close_date": "1705248000000"}]
    rows, report = mapping.preset("fxiaoke", "deal").apply([{"close_date": 1705248000000}])
    assert [str(row["close_date"]) for row in rows] == ["1705248000000"]
    assert "time_zone_missing" in codes(report)


def test_a_day_of_hubspot_is_midnight_in_utc_and_never_moves() -> None:
    deals = mapping.preset("hubspot", "deal", zone="America/New_York")
    for written in (1705276800000, "2024-01-15", "2024-01-15T00:00:00Z"):
        assert deals.apply([{"closedate": written}])[0] == [{"close_date": "2024-01-15"}]
    assert deals.inverse().apply([{"close_date": "2024-01-15"}])[0] == [{"closedate": "1705276800000"}]


def test_a_birthday_may_lack_the_year() -> None:
    assert mapping.preset("google_contacts").apply([{"Birthday": "--04-12"}])[0] == [{"birth_date": "--04-12"}]


def test_times_of_an_export_that_are_taken_for_utc_are_said() -> None:
    deals = mapping.preset("pipedrive", "deal")
    _, report = deals.apply([{"Deal - Title": "A", "Deal - Deal created": "2024-01-15 08:00:00"}])
    assert "time_zone_assumed" in codes(report)
    _, report = deals.apply([{"title": "A", "add_time": "2024-01-15 08:00:00"}])
    assert "time_zone_assumed" not in codes(report)
    local = mapping.preset("pipedrive", "deal", times="local", zone="Asia/Shanghai")
    rows, report = local.apply([{"Deal - Title": "A", "Deal - Deal created": "2024-01-15 08:00:00"}])
    assert rows[0]["created_at"] == "2024-01-15T00:00:00Z"
    assert "time_zone_assumed" not in codes(report)


@given(st.text(max_size=30), st.sampled_from(["local", "iso-z", "epoch-ms", "utc-naive"]))
def test_any_text_is_converted_or_kept_and_said(text: str, style: str) -> None:
    value, said = one(times(style, "Europe/Oslo"), text)
    if value is None:
        assert text.strip() in {"", "0/0/00", "0/0/0000", "00/00/0000", "0000-00-00", "0000-00-00 00:00:00"}
    elif not said and text.strip():
        assert one(times("iso-z"), value) == (value, [])  # a moment in the canonical form
    elif said and said[0] not in {"time_ambiguous", "time_of_day_assumed"}:
        assert value == text


# -- numbers, booleans, lists ------------------------------------------------------------------------------------------


def test_percent_becomes_a_share_and_back() -> None:
    deals = mapping.preset("salesforce", "deal")
    rows, report = deals.apply([{"Probability": 35}, {"Probability": "12.5%"}, {"Probability": "likely"}])
    assert [row["probability"] for row in rows] == ["0.35", "0.125", "likely"]
    assert report.issues.filter(code="value_unreadable").column("row") == [2]
    assert deals.inverse().apply(rows[:1])[0] == [{"Probability": "35"}]


def test_truth_values_and_lists_are_written_as_each_system_does() -> None:
    rows = [{"IsDeleted": True}, {"IsDeleted": "FALSE"}, {"IsDeleted": "maybe"}]
    canonical, report = mapping.preset("salesforce", "contact").apply(rows)
    assert [row["deleted"] for row in canonical] == ["true", "false", "maybe"]
    assert report.counts()["warning"] == 1
    tags = mapping.preset("google_contacts") | mapping.preset("vcard").inverse()
    assert tags.apply([{"Labels": "* myContacts ::: Friends"}])[0] == [{"CATEGORIES": "* myContacts,Friends"}]
    two = mapping.preset("google_contacts").check([{"E-mail 1 - Value": "a@example.com ::: b@example.com"}])
    assert two.issues.filter(code="several_values").column("row") == [0]
    assert "list_item_split" in codes(tags.apply([{"Labels": "Lee, Ann ::: Friends"}])[1])


# -- limits and demands ------------------------------------------------------------------------------------------------


def test_what_the_target_would_cut_is_said_before_and_cut_only_when_asked() -> None:
    to_zoho = mapping.preset("zoho", "lead").inverse()
    rows = [{"family_name": "L" * 85, "company_name": "Acme"}]
    written, report = to_zoho.apply(rows)
    assert written[0]["Last_Name"] == "L" * 85
    [issue] = report.issues.filter(severity="error")
    assert (issue.code, issue.path, issue.message) == ("too_long", "Last_Name", "longer than 80 characters (85)")
    written, report = to_zoho.apply(rows, cut=True)
    assert written[0]["Last_Name"] == "L" * 80
    assert report.ok
    assert report.issues.filter(code="cut").column("value") == ["L" * 85]


def test_required_columns_and_cells_are_errors() -> None:
    to_salesforce = mapping.preset("salesforce", "lead").inverse()
    report = to_salesforce.check([{"family_name": "Lee"}, {"family_name": " "}])
    found = [(issue.path, issue.code, issue.row) for issue in report.issues if issue.severity == "error"]
    assert found == [("Company", "column_missing", None), ("LastName", "required", 1)]
    with pytest.raises(CheckFailedError, match="cannot be moved as they are: 2 of severity error"):
        report.raise_for()
    with pytest.raises(TypeError, match=r"use \.ok"):
        bool(report)


def test_unknown_values_are_counted_and_kept() -> None:
    leads = [{"Status": "Frozen"}, {"Status": "open - not contacted"}, {"Status": "Frozen"}, {"Status": None}]
    rows, report = mapping.preset("salesforce", "lead").apply(leads)
    assert [row["status"] for row in rows] == ["Frozen", "new", "Frozen", None]
    assert [row["status_raw"] for row in rows] == [lead["Status"] for lead in leads]
    assert report.unknown == {"Status": {"Frozen": 2}}
    unlisted = mapping.preset("salesforce", "deal").inverse().check([{"stage": "Demo"}, {"stage": "closed won"}])
    assert unlisted.unknown == {"stage": {"Demo": 1}}


def test_codes_and_what_the_screen_shows_for_them_mean_the_same() -> None:
    deals = mapping.preset("dynamics", "deal")
    assert [row["status"] for row in deals.apply([{"statecode": 1}, {"statecode": "Won"}])[0]] == ["won", "won"]
    assert deals.inverse().apply([{"status": "won"}])[0] == [{"statecode": "1"}]
    shown = mapping.preset("dynamics", "deal", headers="label").inverse()
    assert shown.apply([{"status": "won"}])[0] == [{"Status": "Won"}]


def test_a_changed_status_wins_over_the_value_that_was_once_read() -> None:
    back = mapping.preset("salesforce", "lead").inverse()
    rows = [
        {"status": "converted", "status_raw": "Open - Not Contacted"},
        {"status": "new", "status_raw": "open - not contacted"},
    ]
    assert [row["Status"] for row in back.apply(rows)[0]] == ["Closed - Converted", "open - not contacted"]


# -- whose columns are these -------------------------------------------------------------------------------------------


def test_an_export_of_another_system_is_recognised_and_said() -> None:
    export = [{"Person - Name": "Ann Lee", "Person - Email - Work": "ann@example.com", "Person - Organization": "Acme"}]
    rows, report = mapping.preset("salesforce", "contact").apply(export)
    assert rows == export
    assert not report.ok
    assert "the headers are those of pipedrive (contact), not of salesforce contact" in report.explain()[0]


def test_records_of_another_kind_are_recognised_and_said() -> None:
    lead = ["Lead ID", "First Name", "Company", "Lead Status", "Lead Owner", "ConvertedDate", "IsConverted"]
    report = mapping.preset("salesforce", "account").check([dict.fromkeys(lead, "x")])
    assert "kind_unexpected" in codes(report)
    assert "kind_unexpected" not in codes(mapping.preset("salesforce", "lead").check([dict.fromkeys(lead, "x")]))


def test_headers_that_somebody_renamed_are_named_with_what_they_look_like() -> None:
    rows = [{"LastName": "Lee", "FirstName": "Ann", "Mailing Ctiy": "Oslo", "E-mails": "x", "Shoe size": "42"}]
    _, report = mapping.preset("salesforce", "contact").apply(rows)
    renamed = report.issues.filter(code="header_renamed")
    assert dict(zip(renamed.column("path"), renamed.column("fix"), strict=True)) == {
        "Mailing Ctiy": "MailingCity",
        "E-mails": "Email",
    }
    _, report = mapping.preset("salesforce", "lead").apply([{"Emial": "a", "Compny": "b", "LastName": "c"}])
    assert sorted(report.issues.filter(code="header_renamed").column("fix")) == ["Company", "Email"]


def test_a_table_that_is_hardly_known_is_said() -> None:
    report = mapping.preset("salesforce", "contact").check([{"a": 1, "b": 2, "c": 3, "Email": "x"}])
    assert "headers_unknown" in codes(report)


def test_columns_without_a_place_are_kept_under_a_name_of_their_own_or_dropped_and_said() -> None:
    outlook = mapping.preset("outlook") | mapping.preset("salesforce", "contact").inverse()
    rows = [{"Title": "Dr", "Job Title": "CEO", "Last Name": "Lee", "Hobby": "chess", "Fax": "?"}]
    kept, report = outlook.apply(rows)
    assert kept[0]["Title"] == "CEO"
    assert kept[0]["Salutation"] == "Dr"
    assert kept[0]["Hobby"] == "chess"
    said = {issue.path: (issue.code, issue.severity) for issue in report.issues if issue.dimension == "completeness"}
    assert said["Hobby"] == ("column_not_held", "warning")
    assert said["Fax"] == ("column_unknown", "warning")
    dropped, report = outlook.apply(rows, rest="drop")
    assert set(dropped[0]) == {"Title", "Salutation", "LastName"}
    assert all(issue.params["dropped"] for issue in report.issues.filter(code="column_not_held"))
    with pytest.raises(NotFoundError, match="way to treat the rest"):
        outlook.apply(rows, rest="lose")  # type: ignore[arg-type]


def test_a_kept_column_never_hides_a_mapped_one() -> None:
    rows = [{"id": "theirs", "Lead ID": "00Q", "LastName": "Lee", "email": "a", "Email ": "b"}]
    made, report = mapping.preset("salesforce", "lead").apply([{"Id": "1", "id": "2", "ID": "3", "status": "x"}])
    assert made == [{"id": "1", "id (salesforce)": "2", "ID": "3", "status": "x", "status_raw": "x"}]
    assert report.issues.counts("code")["column_spare"] == 2
    made, _ = mapping.preset("salesforce", "lead").apply(rows)
    assert sorted(map(str, made[0].values())) == sorted(rows[0].values())


def test_names_that_no_vendor_confirms_are_warned_of() -> None:
    _, report = mapping.preset("neocrm", "contact").apply([{"contactName": "王伟"}])
    assert report.issues.filter(code="fact_unconfirmed").column("path") == ["contactName"]
    _, report = mapping.preset("salesforce", "contact").apply([{"LastName": "Lee", "Last Activity": "2024-01-15"}])
    assert report.issues.filter(code="fact_unconfirmed").column("path") == ["Last Activity"]


def test_ids_of_one_system_are_said_to_mean_nothing_to_another() -> None:
    move = mapping.preset("zoho", "contact") | mapping.preset("salesforce", "contact").inverse()
    _, report = move.apply([{"id": "9", "Last_Name": "Lee", "Account_Name.id": "7"}])
    assert report.issues.filter(code="id_foreign").column("path") == ["AccountId", "Id"]


def test_records_without_an_id_are_said_and_issues_carry_ids() -> None:
    _, report = mapping.preset("zoho", "lead").apply(
        [{"id": "7", "Lead_Status": "?"}, {"id": None, "Lead_Status": "?"}]
    )
    assert report.issues.filter(code="id_missing").column("row") == [1]
    assert report.issues.filter(code="value_unknown").column("record_id") == ["7"]


# -- names -------------------------------------------------------------------------------------------------------------


def test_whole_names_are_taken_apart_only_where_no_column_has_the_parts() -> None:
    contacts = mapping.preset("fxiaoke", "contact")
    rows, report = contacts.apply([{"name": "欧阳娜娜"}, {"name": "Ann Lee"}, {"name": "Madonna"}, {"name": None}])
    assert [(row["family_name"], row["given_name"]) for row in rows] == [
        ("欧阳", "娜娜"), ("Lee", "Ann"), ("Madonna", None), (None, None),
    ]  # fmt: skip
    assert [row["full_name"] for row in rows] == ["欧阳娜娜", "Ann Lee", "Madonna", None]
    assert report.issues.filter(code="name_split").column("path") == ["family_name", "given_name"]
    salesforce = mapping.preset("salesforce", "contact")
    rows, _ = salesforce.apply([{"Name": "Ann Lee", "FirstName": "Ann Marie", "LastName": "Lee"}])
    assert rows == [{"full_name": "Ann Lee", "given_name": "Ann Marie", "family_name": "Lee"}]


def test_parts_of_names_are_put_together_as_the_script_has_it() -> None:
    move = mapping.preset("sugarcrm", "contact") | mapping.preset("fxiaoke", "contact").inverse()
    rows, _ = move.apply([{"first_name": "娜娜", "last_name": "欧阳"}, {"first_name": "Ann", "last_name": "Lee"}])
    assert [row["name"] for row in rows] == ["欧阳娜娜", "Ann Lee"]


# -- frames ------------------------------------------------------------------------------------------------------------


def test_each_kind_of_frame_comes_back_as_its_own_kind() -> None:
    pd = pytest.importorskip("pandas", reason="frames of pandas")
    pl = pytest.importorskip("polars", reason="frames of polars")
    columns: dict[str, list[object]] = {"Last_Name": ["Lee", "Ng"], "Annual_Revenue": [1, 2], "Ours": [None, 1.5]}
    leads = mapping.preset("zoho", "lead")
    made = leads.apply(pd.DataFrame(columns))[0]
    assert isinstance(made, pd.DataFrame)
    assert list(made.columns) == ["family_name", "annual_revenue", "Ours"]
    assert made["annual_revenue"].tolist() == [1, 2]
    assert isinstance(leads.apply(pl.DataFrame(columns))[0], pl.DataFrame)
    assert leads.apply(columns)[0] == {"family_name": ["Lee", "Ng"], "annual_revenue": [1, 2], "Ours": [None, 1.5]}
    assert leads.apply([])[0] == []


def test_a_read_file_is_mapped(tmp_path: Any) -> None:
    (tmp_path / "a.csv").write_text("Person - Name,Person - ID\nAnn Lee,7\n", encoding="utf-8")
    rows, report = mapping.preset("pipedrive", "contact").apply(ck.read_csv(tmp_path / "a.csv"))
    assert rows.to_dicts()[0]["full_name"] == "Ann Lee"
    assert "code" in report.to_frame().columns


def test_progress_goes_through_the_columns() -> None:
    seen: list[tuple[int | None, str | None]] = []

    def progress(items: Any, *, total: int | None = None, desc: str | None = None) -> Any:
        seen.append((total, desc))
        return items

    mapping.preset("zoho", "lead").apply([{"Last_Name": "Lee", "x": 1}], progress=progress)
    assert seen == [(2, "mapping")]


# -- the report --------------------------------------------------------------------------------------------------------


def test_no_message_repr_or_page_holds_a_value() -> None:
    rows = [{"Status": CANARY, "CreatedDate": CANARY, "LastName": CANARY * 20, "Ours": CANARY, "Id": None}]
    move = mapping.preset("salesforce", "lead") | mapping.preset("zoho", "lead").inverse()
    _, report = move.apply(rows)
    assert len(report.issues) > 5
    shown = [repr(report), report._repr_html_(), str(report.to_dict()), *report.explain("en"), *report.explain("zh")]
    shown += [issue.message for issue in report.issues] + [repr(issue) for issue in report.issues]
    with pytest.raises(CheckFailedError) as error:
        report.raise_for()
    assert not any("Canary" in text for text in [*shown, str(error.value)])


def test_the_report_speaks_both_languages_and_shows_itself() -> None:
    lead = [{"Last_Name": "L" * 90, "<b>": "x"}]
    _, report = (mapping.preset("zoho", "lead") | mapping.preset("salesforce", "lead").inverse()).apply(lead, lang="zh")
    assert "LastName: 超过 80 个字符（现为 90 个） (1)" in report.explain()
    assert "&lt;b&gt;" in report._repr_html_()
    assert "<b>" not in report._repr_html_()
    assert report.to_dict()["codes"]["too_long"] == 1
    assert "没有需要说明的情况" in mapping.preset("zoho", "lead").apply([], lang="zh")[1]._repr_html_()


# -- what was looked for by an adversary -------------------------------------------------------------------------------


def test_a_status_for_a_system_whose_words_are_not_known_is_said_until_a_table_is_given() -> None:
    move = mapping.preset("salesforce", "lead") | mapping.preset("neocrm", "lead").inverse()
    lead = [{"LastName": "Wang", "Status": "Working - Contacted"}]
    assert "values_untranslated" in codes(move.check(lead))
    assert "values_untranslated" not in codes(move.with_values({"Status": {"Working - Contacted": "2"}}).check(lead))
    canonical = mapping.preset("neocrm", "lead").inverse()
    assert "values_untranslated" in codes(canonical.check([{"full_name": "王伟", "status": "working"}]))
    assert "values_untranslated" not in codes(mapping.preset("neocrm", "lead").check([{"status": "2"}]))


def test_phones_of_google_whose_label_says_another_kind_are_said() -> None:
    rows = [
        {"Phone 1 - Label": "Mobile", "Phone 1 - Value": "1", "Phone 2 - Label": "Work", "Phone 2 - Value": "2"},
        {"Phone 1 - Label": "Work", "Phone 1 - Value": "3", "Phone 2 - Label": "* Mobile", "Phone 2 - Value": "4"},
        {"Phone 1 - Label": "", "Phone 1 - Value": "5", "Phone 2 - Label": "Mobile", "Phone 2 - Value": ""},
    ]
    _, report = mapping.preset("google_contacts").apply(rows)
    found = report.issues.filter(code="label_disagrees")
    assert [(issue.row, issue.path) for issue in found] == [(0, "Phone 1 - Value"), (0, "Phone 2 - Value")]
    bare = [{"Phone 1 - Value": "1"}]
    assert "label_disagrees" not in codes(mapping.preset("google_contacts").check(bare))


def test_a_column_of_the_callers_own_is_not_hidden_by_the_raw_status() -> None:
    rows, _ = mapping.preset("salesforce", "lead").apply([{"Status": "Open - Not Contacted", "status_raw": "mine"}])
    assert rows == [{"status": "new", "status_raw": "Open - Not Contacted", "status_raw (salesforce)": "mine"}]


@pytest.mark.parametrize(
    ("style", "zone", "written", "moment"),
    [
        ("local", "UTC", "15 Jan 2024 12:05 AM", "2024-01-15T00:05:00Z"),
        ("local", None, "15 Jan 2024 08:00 +08:00", "2024-01-15T00:00:00Z"),
        ("local", None, "15 Jan 2024 08:00 UTC", "2024-01-15T08:00:00Z"),
        ("local", "UTC", "15 Jan 2024 08:00:00,123456789", "2024-01-15T08:00:00.123456Z"),
        ("iso-z", None, "20240115T080000Z", "2024-01-15T08:00:00Z"),
        ("iso-z", None, "2024-01-15T08:00:00.1234567Z", "2024-01-15T08:00:00.123456Z"),
    ],
)
def test_moments_as_people_write_them_are_read(style: str, zone: str | None, written: str, moment: str) -> None:
    assert one(times(style, zone), written) == (moment, [])


def test_a_time_of_day_that_cannot_be_read_is_never_dropped_in_silence() -> None:
    for text in ("15 Jan 2024 25:05", "15 Jan 2024 8:61"):
        assert one(times("local", "UTC"), text) == (text, ["time_unreadable"])


def test_moments_at_the_ends_of_the_calendar_are_kept_and_said() -> None:
    local = Form(type="datetime", style="local", zone="Asia/Shanghai")
    assert one(times("iso-z", target=local), "9999-12-31T23:00:00Z") == ("9999-12-31T23:00:00Z", ["time_unreadable"])
    offset = Form(type="datetime", style="iso-offset", zone="Asia/Shanghai")
    assert one(times("iso-z", target=offset), "2024-01-15T08:00:00Z") == ("2024-01-15T16:00:00+08:00", [])
    assert one(times("iso-z", target=Form(type="datetime", style="iso-offset")), "2024-01-15T08:00:00Z") == (
        "2024-01-15T08:00:00+00:00",
        [],
    )
    naive = Form(type="datetime", style="local")
    assert one(times("iso-z", target=naive), "2024-01-15T08:00:00Z") == ("2024-01-15T08:00:00Z", ["time_zone_missing"])
    assert one(times("local", "Asia/Shanghai"), "0001-01-01 01:00") == ("0001-01-01 01:00", ["time_unreadable"])
    assert one(times("epoch-ms"), "99999999999999") == ("5138-11-16T09:46:39.999000Z", [])


def test_days_are_read_from_whatever_holds_one() -> None:
    def day(value: object, **form: Any) -> tuple[object, list[str]]:
        source = End(name="at", form=Form(type="date", **form))
        link = Link(source=source, target=End(name="moment", form=Form(type="date")))
        return one(Mapping(source=Endpoint("file"), target=Endpoint("canonical"), links=[link]), value)

    assert day("15 Jan 2024") == ("2024-01-15", [])
    assert day("3/4/2024") == ("3/4/2024", ["day_ambiguous"])
    assert day("soon") == ("soon", ["time_unreadable"])
    assert day("0/0/00") == (None, [])
    assert day("1705305600000") == ("2024-01-15", [])
    assert day("-99999999999999", style="epoch-ms", zone="UTC") == ("-99999999999999", ["time_unreadable"])
    assert day("2024-01-14T16:00:00Z", style="epoch-ms", zone="Asia/Shanghai") == ("2024-01-15", [])
    assert day("9999-12-31T23:00:00Z", style="epoch-ms", zone="Asia/Shanghai")[1] == ["time_unreadable"]
    assert day("2024-01-15T08:00:00+01:00") == ("2024-01-15", [])
    to_ms = mapping.preset("fxiaoke", "contact").inverse()
    assert "time_zone_missing" in codes(to_ms.check([{"birth_date": "1990-04-12"}]))
    to_ms = mapping.preset("fxiaoke", "contact", zone="Asia/Shanghai").inverse()
    rows, report = to_ms.apply([{"birth_date": "--0412"}])
    assert rows == [{"date_of_birth": "--0412"}]
    assert "time_unreadable" in codes(report)


# -- what goes through and cannot be what its column holds ------------------------------------------------------------


@pytest.mark.parametrize("cell", ["5.54023E+17", "5,54E+17", " 1.38E+10 ", 5.54023e17])
@pytest.mark.parametrize("column", ["id", "Phone"])
def test_ids_and_phones_whose_digits_a_spreadsheet_lost_are_said(cell: object, column: str) -> None:
    for move in (mapping.preset("zoho", "contact"), ZOHO_TO_SALESFORCE):
        rows, report = move.apply([{"id": "1", "Last_Name": "Lee", column: cell}, {"id": "2", "Last_Name": "Marsh"}])
        assert cell in rows[0].values()
        (found,) = report.issues.filter(code="id_scientific")
        assert (found.row, found.path, found.severity) == (0, column, "error")


def test_ids_that_are_whole_are_not_said() -> None:
    rows = [{"id": cell, "Last_Name": "Lee"} for cell in (554023000000527002, "554023000000527002", 7.0, "E+10", None)]
    assert "id_scientific" not in mapping.preset("zoho", "contact").check(rows).issues.counts("code")


@pytest.mark.parametrize("amount", ["$1,200.50", "twelve", "1.234,50", "NaN", "1e"])
def test_what_is_no_number_is_refused_by_a_real_system_and_kept(amount: str) -> None:
    move = mapping.preset("pipedrive", "deal") | mapping.preset("salesforce", "deal").inverse()
    rows, report = move.apply([{"title": "Renewal", "value": amount}, {"title": "Other", "value": "12.50"}])
    assert rows[0]["Amount"] == amount
    (found,) = report.issues.filter(code="value_unreadable")
    assert (found.row, found.severity) == (0, "error")
    (found,) = mapping.preset("pipedrive", "deal").check([{"value": amount}]).issues.filter(code="value_unreadable")
    assert found.severity == "warning"


@pytest.mark.parametrize("cell", [{"id": 1}, ["a", "b"], ("a",), []])
def test_objects_and_lists_in_cells_are_said(cell: object) -> None:
    rows, report = ZOHO_TO_SALESFORCE.apply([{"Last_Name": "Lee", "Email": cell}])
    assert rows[0]["Email"] == cell
    assert report.issues.counts("code")["value_nested"] == 1
    assert not report.ok


def test_what_a_target_would_refuse_is_an_error_and_on_the_way_to_the_model_a_warning() -> None:
    row = [{"Last_Name": "Lee", "Date_of_Birth": "spring", "Email_Opt_Out": "maybe"}]
    assert ZOHO_TO_SALESFORCE.check(row).issues.counts("severity")["error"] == 2
    assert mapping.preset("zoho", "contact").check(row).ok


@pytest.mark.parametrize(("text", "code"), [("43831", "time_serial"), ("43831.5", "time_serial"), ("1", None)])
def test_the_day_count_of_a_spreadsheet_is_named_and_never_guessed(text: str, code: str | None) -> None:
    rows, report = mapping.preset("zoho", "contact").apply([{"Date_of_Birth": text, "Created_Time": text}])
    assert rows[0] == {"birth_date": text, "created_at": text}
    assert set(report.issues.counts("code")) - {"fact_unconfirmed"} == {code or "time_unreadable"}


ZOHO_TO_SALESFORCE = mapping.preset("zoho", "contact") | mapping.preset("salesforce", "contact").inverse()
