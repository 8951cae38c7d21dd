"""The checks on the sets that outsiders published; where they decide otherwise on purpose, the cases are named."""

import json
import xml.etree.ElementTree as ET

from crmkit.normalize import emails
from crmkit.validators import Email, Phone, col


def isemail(folder):
    for case in ET.parse(folder / "isemail" / "tests.xml").getroot().iter("test"):
        text = case.findtext("address") or ""
        yield (
            "".join(chr(ord(char) - 0x2400) if 0x2400 <= ord(char) <= 0x2420 else char for char in text),
            case.findtext("category"),
        )


def test_email_takes_blanks_and_line_ends_off_and_says_what_the_reference_says_of_the_rest(conformance):
    tidied, nobody = set(), set()
    for text, category in isemail(conformance):
        if not text.strip():
            continue
        taken = Email().is_valid(text)
        codes = [finding.code for finding in Email().examine(text)]
        if taken and not emails.is_valid(text):
            tidied.add(text)
            assert codes == ["not_normalized"]
        elif emails.is_valid(text) and not taken:
            assert codes == ["placeholder"], text  # good syntax that means nobody
            nobody.add(text)
        elif category == "ISEMAIL_ERR":
            assert not taken, text
    # Nothing but blanks, line ends, full width and brackets round an address is forgiven.
    assert {text.strip().strip("<>") for text in tidied} <= {"test@iana.org"}
    assert len(tidied) == 24
    assert nobody == {"test@test.com", "test.test@iana.org"}


def test_email_says_what_email_validator_says_under_its_default_profile(conformance):
    cases = json.loads((conformance / "email_validator" / "cases.json").read_text("utf-8"))["cases"]
    plain = [case for case in cases if case["options"] in ({}, {"allow_smtputf8": True}) and case["email"].strip()]
    assert len(plain) > 80
    differing = {case["email"] for case in plain if Email().is_valid(case["email"]) != case["valid"]}
    assert differing == {"my@example.com\n", "\nmy@example.com", "<me@example.com>"}
    for text in differing:
        assert [finding.code for finding in Email().examine(text)] == ["not_normalized"]


def test_phone_takes_every_example_and_refuses_every_short_one(conformance):
    folder = conformance / "phone_examples"
    check = Phone(country=col("country"))
    for case in json.loads((folder / "examples.json").read_text("utf-8"))["cases"]:
        text, region = (case["e164"], None) if case["region"] == "001" else (case["number"], case["region"])
        verdict = check.examine(text, (region,))
        assert [finding.fix for finding in verdict] in ([], [case["e164"]]), case
    for case in json.loads((folder / "invalid.json").read_text("utf-8"))["cases"]:
        assert not check.is_valid(case["number"], (case["region"],)), case
