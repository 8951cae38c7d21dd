"""Personal data: found in columns and in text by what proves itself, told by column names where nothing can."""

import json

import pytest

from crmkit.quality import find_personal_data
from crmkit.testing.generate import contacts

GOOD = {
    "email": ["li@example.com", "write to Li.Wei+x@sub.example.org, please"],
    "phone": ["+49 30 901820", "13800138000", "tel 138-0013-8000!", "ring +442079460958 now"],
    "national_id": [
        "11010519491231002X",
        "id 110105194912310029"[:0] + "id 11010519491231002x",
        "G123456(A)",
        "A123456789",
    ],
    "bank_card": ["4111 1111 1111 1111", "card 5555555555554444 exp 12/27"],
    "iban": ["DE89370400440532013000", "IBAN GB82 WEST 1234 5698 7654 32"],
    "ip_address": ["from 192.168.10.20"],
}
INSIDE = {
    "write to Li.Wei+x@sub.example.org, please", "tel 138-0013-8000!", "ring +442079460958 now",
    "id 11010519491231002x", "card 5555555555554444 exp 12/27", "IBAN GB82 WEST 1234 5698 7654 32",
    "from 192.168.10.20",
}  # fmt: skip
NOTHING = [
    "2024-01-05", "1234567", "order 20240105123456", "3.14159265", "0000000000000", "v1.2.3.4.5", "EUR 1,234,567.89",
    "4111 1111 1111 1112", "110105194912310021", "SKU-8000-1234-5678", "not@", "100.200.300.400",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in GOOD.items() for text in texts])
def test_what_proves_itself_is_found_and_masked(kind, text):
    report = find_personal_data([{"x": text}])
    assert [found.kind for found in report.findings] == [kind]
    (found,) = report.findings
    assert found.examples
    assert found.examples[0] not in text
    assert found.within_text == (text in INSIDE)
    assert text not in repr(report)
    assert text not in json.dumps(report.to_dict())


@pytest.mark.parametrize("text", NOTHING)
def test_numbers_and_dates_are_no_personal_data(text):
    assert find_personal_data([{"x": text}]).ok, text


def test_names_and_addresses_are_told_by_their_columns():
    report = find_personal_data(contacts(50, seed=1).records)
    kinds = {(found.column, found.kind) for found in report.findings}
    assert ("email", "email") in kinds
    assert any(kind == "phone" for _, kind in kinds)
    assert any(kind == "name" for _, kind in kinds)
    assert all(found.by == "column name" for found in report.findings if found.kind in ("name", "address"))
    proposed = report.sensitivities()
    assert proposed["email"] == "pii"
    assert "email" in report.fields_to_encrypt()


def test_the_most_sensitive_kind_decides_and_text_cannot_be_searched():
    report = find_personal_data(
        {"note": ["li@example.com and 11010519491231002X"], "mail": ["li@example.com"], "n": ["1"]}
    )
    assert report.sensitivities() == {"note": "sensitive", "mail": "pii", "n": "internal"}
    assert report.fields_to_encrypt() == {"note": "none", "mail": "equality"}
    assert report.counts() == {"national_id": 1, "email": 2}
    assert len(report.to_frame()) == 3
    assert len(report.to_frame(like=[{}])) == 3
    assert "<table>" in report._repr_html_()
    with pytest.raises(TypeError):
        bool(report)


def test_national_phones_need_a_country_and_rare_hits_can_be_left_out():
    rows = [{"x": "030 901820"}] + [{"x": "nothing here"}] * 99
    assert find_personal_data(rows).ok
    assert [found.kind for found in find_personal_data(rows, country="DE").findings] == ["phone"]
    assert find_personal_data(rows, country="DE", min_share=0.05).ok


def test_hostile_text_costs_little():
    for text in ("1" * 100_000, "@" * 100_000, "a@" * 50_000, "1 " * 50_000, "\ud800" * 50, "A1" * 50_000):
        find_personal_data([{"x": text}])
