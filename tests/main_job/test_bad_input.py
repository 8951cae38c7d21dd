"""Every kind of broken input goes through the whole job, or is refused in one clear sentence."""

from __future__ import annotations

import sys

import pytest

import crmkit as ck
from crmkit.errors import CrmkitError, FormatError, SchemaError
from crmkit.records import RecordSet

HEADER = "id,first_name,last_name,email,phone,birth_date,created_at\n"
ANA = "1,Ana,Maier,ana.maier@example.com,+1 312-555-0123,1980-04-01,2024-01-01\n"
BO = "2,Bo,Lind,bo.lind@example.com,+1 312-555-0124,1981-05-02,2024-01-02\n"
TWIN = "3,Ana,Maier,ana.maier@example.com,+1 312-555-0123,1980-04-01,2024-01-01\n"
PEOPLE = HEADER + ANA + BO + TWIN
CHINESE = "编号,姓名,手机,公司名称\n1,王小明,138-0013-8000,示例科技有限公司\n2,李雷,138-0013-8001,示例贸易有限公司\n"


def test_an_empty_file_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "contacts.csv").touch()
    with pytest.raises(FormatError, match=r"^contacts\.csv: the file is empty"):
        ck.read_csv(tmp_path / "contacts.csv")


def test_a_header_without_rows_goes_through(run_job):
    job = run_job(ck.read_csv(HEADER.encode()))
    assert (len(job.clean), len(job.golden), len(job.fixes), len(job.merges)) == (0, 0, 0, 0)
    assert job.report.ok


def test_one_row_goes_through(run_job):
    job = run_job(ck.read_csv((HEADER + ANA).encode()))
    assert len(job.golden) == 1


def test_plain_people_are_merged_and_come_back(run_job):
    job = run_job(ck.read_csv(PEOPLE.encode()))
    assert (len(job.golden), job.merges.merged) == (2, 1)


def test_doubled_column_names_keep_both_columns(run_job):
    job = run_job(ck.read_csv(b"id,Email,Email\n1,ann@example.com,ann@example.net\n2,bob@example.com,\n"))
    assert job.clean.columns == ("id", "Email", "Email_2")
    assert (None, "Email_2", "duplicate_column") in job.found()


def test_ragged_rows_keep_every_cell(run_job):
    job = run_job(ck.read_csv((PEOPLE + "4,Cy\n5,Di,Moe,di@example.com,,,,more,still more\n").encode()))
    assert job.contacts.column("_extra")[-1] == "more,still more"
    assert {(3, None, "short_row"), (4, None, "long_row")} <= job.found()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"])
def test_chinese_files_of_every_encoding_read_the_same(run_job, encoding):
    job = run_job(ck.read_csv(CHINESE.encode(encoding)), lang="zh")
    assert job.clean.column("姓名") == ("王小明", "李雷")
    assert job.clean.column("手机") == ("+8613800138000", "+8613800138001")


def test_western_files_without_a_mark_are_read_and_said_to_be_guessed(run_job):
    raw = "id,first_name,last_name,city\n1,Jörg,Müller,Köln\n2,Zoë,Brontë,Besançon\n3,José,Núñez,Málaga\n"
    job = run_job(ck.read_csv(raw.encode("latin-1")))
    assert job.clean.column("first_name") == ("Jörg", "Zoë", "José")
    assert "encoding_guessed" in job.codes()


def test_bytes_that_could_be_anything_are_refused_with_the_way_out():
    with pytest.raises(CrmkitError, match="encoding="):
        ck.read_csv(b"id,first_name\n1,\x81\x8d\x8f\x90\n2,\xff\xfe\xfd\n")


def test_nul_bytes_are_an_issue_and_stay_in_the_log(run_job):
    job = run_job(ck.read_csv((PEOPLE + "4,Cy\0,Doe,cy@example.com,,,\n").encode()))
    assert (3, "first_name", "nul_character") in job.found()
    assert job.clean.column("first_name")[3] == "Cy"


@pytest.mark.parametrize(
    "column",
    [
        "first_name", "email", "phone", *(
            pytest.param(name, marks=pytest.mark.thorough) for name in ("birth_date", "street", "notes", "created_at")
        ),
    ],
)  # fmt: skip
def test_a_cell_of_ten_megabytes_goes_through(run_job, column):
    names = ["id", "first_name", "last_name", "email", "phone", "birth_date", "street", "notes", "created_at"]
    rows = [dict.fromkeys(names, ""), dict.fromkeys(names, "")]
    for number, row in enumerate(rows):
        row.update(id=str(number), first_name="Ana", last_name="Maier", email="ana@example.com")
    rows[1][column] = "x@1/ -" * 1_666_667
    raw = "\n".join([",".join(names), *(",".join(row.values()) for row in rows)])
    job = run_job(ck.read_csv(raw.encode()))
    assert len(job.page) < 5_000_000


def test_five_times_the_columns_take_about_five_times_the_calls(run_job):
    def calls(count):
        names = ["id", "email", *(f"field {number}" for number in range(count - 2))]
        lines = [f"{row},p{row}@example.com," + ",".join(f"v{row}" for _ in range(count - 2)) for row in range(5)]
        made = 0

        def counted(_frame, event, _argument):
            nonlocal made
            made += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(counted)
        try:
            job = run_job(ck.read_csv("\n".join([",".join(names), *lines]).encode()))
        finally:
            sys.setprofile(before)
        assert len(job.golden.columns) == count
        return made

    assert calls(500) < 10 * calls(100)  # a square would be 25 times


def test_columns_without_any_value_go_through(run_job):
    job = run_job(ck.read_csv((HEADER + "1,,,,,,\n2,,,,,,\n3,,,,,,\n").encode()))
    assert len(job.golden) == 3
    assert "none_present" in job.codes()


def test_rows_without_any_value_are_not_merged(run_job):
    job = run_job(ck.read_csv(b"first_name,last_name,email\n,,\nAna,Maier,ana@example.com\n,,\n"))
    assert len(job.golden) == 3


def test_mixed_types_in_a_column_are_single_issues(run_job):
    rows = "".join(f"{n},P{n},Q,p{n}@example.com,,1980-01-0{n},2024-01-01\n" for n in range(1, 8))
    job = run_job(ck.read_csv((HEADER + rows + "8,A,B,a@example.com,,soon,2024-01-01\n9,C,D,17,,31000,x\n").encode()))
    found = job.found()
    assert {(7, "birth_date", "date_invalid"), (8, "email", "email_invalid")} <= found
    assert not [row for row, column, code in found if column == "birth_date" and row is not None and row < 7]


def test_leading_zeros_and_long_ids_survive(run_job):
    raw = (
        "id,zip,country,account number\n0000000000000000017,01234,US,123456789012345678901234567890\n018,00501,US,1e5\n"
    )
    job = run_job(ck.read_csv(raw.encode()))
    assert job.golden.column("id") == ("0000000000000000017", "018")
    assert job.golden.column("zip") == ("01234", "00501")
    assert job.golden.column("account number") == ("123456789012345678901234567890", "1e5")


FORMULAS = ("=cmd|' /C calc'!A0", "@SUM(1+9)*cmd|' /C calc'!A0", "+cmd|x", "-2+3+cmd|x", "\t=1+1", "'=1+1")


@pytest.mark.parametrize("formula", FORMULAS)
def test_formula_cells_are_written_so_that_nothing_runs(run_job, formula):
    job = run_job(ck.read_csv((PEOPLE + f'4,"{formula}",Doe,cy@example.com,,,\n').encode()))
    assert {code for row, column, code in job.found() if (row, column) == (3, "first_name")} & {
        "formula", "name_suspicious", "placeholder",
    }  # fmt: skip
    for name in ("clean.csv", "golden.csv", "issues.csv"):
        for line in ck.read_csv(job.folder / name).to_dicts():
            for cell in line.values():
                assert not str(cell or "").startswith(("=", "@", "\t", "\r", "+cmd", "-2+3+cmd"))


def test_a_header_with_a_formula_is_guarded_too(run_job):
    job = run_job(ck.read_csv(b"id,=1+1,email\n1,a,ann@example.com\n2,b,bob@example.com\n"))
    assert job.clean.columns == ("id", "=1+1", "email")


def test_unknown_columns_are_kept_and_said(run_job):
    job = run_job(ck.read_csv(b"id,email,Zork 17,__x\n1,ann@example.com,p,q\n2,bob@example.com,r,s\n"))
    assert job.golden.column("Zork 17") == ("p", "r")
    assert any("Zork 17" in sentence for sentence in job.report.assumed())


def test_doubled_record_ids_are_an_issue_and_do_not_mix_up_the_log(run_job):
    job = run_job(ck.read_csv((PEOPLE + "1,Zed,Quick ,zed@example.com,,,\n").encode()))
    assert {(0, "id", "duplicate"), (3, "id", "duplicate")} <= job.found()
    assert job.clean.column("last_name")[3] == "Quick"


@pytest.mark.parametrize("date", ["0000-00-00", "0000-01-01", "0001-01-01", "9999-12-31", "99999-01-01", "-0044-03-15"])
def test_dates_beyond_all_people_are_issues(run_job, date):
    job = run_job(ck.read_csv((PEOPLE + f'4,Cy,Doe,cy@example.com,,"{date}",{date}\n').encode()))
    found = {code for row, column, code in job.found() if row == 3 and column == "birth_date"}
    assert found & {"date_invalid", "too_early", "too_late"}
    assert job.golden.column("birth_date")[-1] == date


def test_lone_surrogates_are_an_issue_and_are_written_again(run_job):
    job = run_job(ck.read_csv((PEOPLE + "4,Cy\ud800,Doe,cy@example.com,,,\n").encode("utf-8", "surrogatepass")))
    assert "lone_surrogates" in job.codes()
    assert job.golden.column("first_name")[-1] == "Cy\ud800"


def test_lone_surrogates_in_a_column_name_are_refused_where_a_log_would_lose_them(tmp_path):
    contacts = RecordSet({"id": ["1", "2"], "x\udfff": ["a", "b"], "email": ["Ann@EXAMPLE.com", None]})
    clean, log = ck.check(contacts).fixes().apply(contacts)
    assert log.revert(clean) == contacts
    with pytest.raises(SchemaError, match="lone surrogate"):
        log.save(tmp_path / "changes.jsonl")


def test_cells_of_blanks_only_are_as_good_as_empty(run_job):
    job = run_job(ck.read_csv((PEOPLE + "4,  ,\u3000,\u200b,\xa0, ,\n5, ,\u3000,\u200b, , ,\n").encode()))
    assert len(job.golden) == 4


def test_one_column_goes_through(run_job):
    job = run_job(ck.read_csv(b"email\nann@example.com\nANN@EXAMPLE.COM\n"))
    assert len(job.golden) == 1


def test_records_that_can_be_read_only_once_are_read_once():
    rows = [{"id": str(n), "name": f"Ann Lee{n}", "email": "broken"} for n in range(3)]
    assert not ck.check(iter(rows)).ok
    assert ck.check(row for row in rows).counts() == ck.check(rows).counts()
    twins = [{"id": str(n), "name": "Ann Lee", "email": "ann@example.com", "phone": "+12125550123"} for n in range(2)]
    assert ck.dedupe(iter(twins)).counts() == ck.dedupe(twins).counts()
    assert ck.link(iter(twins), iter(twins)).counts() == ck.link(twins, twins).counts()
