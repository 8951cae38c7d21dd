"""Where numbers belong is told by numbers that can tell, and by nothing else."""

from __future__ import annotations

from crmkit import columns, frames
from crmkit.validators import Phone, Schema
from crmkit.validators._packs._home_country import home_country

AREAS = (312, 415, 617, 713, 206, 503, 612, 404, 305, 702, 801, 919)


def home(frame):
    table = frames.read(frame)
    return home_country(table, columns.recognize(table))


def test_numbers_of_one_plan_tell_their_country():
    assert home({"name": ["x"] * 12, "phone": [f"({area}) 555-0100" for area in AREAS]}) == "US"
    assert home({"name": ["x"] * 12, "mobile": [f"138 0013 80{n}" for n in range(10, 22)]}) == "CN"


def test_a_plan_that_takes_nearly_any_number_proves_nothing():
    assert home({"name": ["x"] * 9, "phone": [f"0{n}9 87{n} 543{n}2" for n in range(1, 10)]}) is None


def test_local_numbers_prove_nothing():
    assert home({"name": ["x"] * 40, "phone": [f"92510{n}" for n in range(10, 50)]}) is None


def test_a_fax_column_may_tell_for_phones_without_area_codes():
    phone, fax = [f"92510{n}" for n in range(10, 22)], [f"({area}) 555-0100" for area in AREAS]
    frame = {"name": ["x"] * 12, "phone": phone, "fax": fax}
    assert home(frame) == "US"
    report = Schema.infer(frame).check(frame)
    assert set(report.issues.filter(path=["phone"]).column("code")) == {"phone_local"}


def test_a_chinese_header_and_one_mobile_number_tell_china():
    assert home({"姓名": ["王小明"], "手机": ["138-0013-8000"]}) == "CN"
    assert home({"姓名": ["Ann"], "手机": ["(312) 555-0100"]}) is None
    assert home({"name": ["Ann"], "mobile": ["138-0013-8000"]}) is None


def test_a_number_that_may_lack_its_area_code_is_no_certain_fix():
    (finding,) = Phone(country="DE").examine("9251085")
    assert (finding.code, finding.confidence) == ("not_normalized", 0.8)
