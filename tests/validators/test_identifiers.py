"""Identifiers: published examples, check digits held against python-stdnum, repairs that check digits prove."""

import json
import random
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import NotFoundError, SchemaError
from crmkit.validators import (
    BIC,
    DUNS,
    IBAN,
    LEI,
    USCC,
    VAT,
    BankCard,
    HongKongId,
    MacauId,
    ResidentId,
    Schema,
    StandardNumber,
    TaiwanId,
    TravelPermit,
    col,
)
from crmkit.validators._identifiers._iban import _FORMS
from crmkit.validators._identifiers._identifier import luhn, mod97
from crmkit.validators._identifiers._resident_id import birth_date_of, gender_of, province_of
from crmkit.validators._identifiers._vat import _FORMS as VAT_FORMS
from crmkit.validators._identifiers._vat_checks import CHECKS

ALL = [BIC(), DUNS(), IBAN(), LEI(), USCC(), VAT(), BankCard(), HongKongId(), MacauId(), ResidentId(), TaiwanId(),
       TravelPermit()]  # fmt: skip

GOOD = {
    IBAN(): ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "FR1420041010050500013M02606",
             "NO93 8601 1117 947", "MT84MALT011000012345MTLCAST001S"],
    BIC(): ["DEUTDEFF", "NEDSZAJJXXX", "BKCHCNBJ110"],
    LEI(): ["213800WSGIIZCXF1P572", "213800KUD8LAJWSQ9D15"],
    DUNS(): ["15-048-3782"],
    BankCard(): ["4111 1111 1111 1111", "5555555555554444", "378282246310005"],
    USCC(): ["91110000600037341L"],
    ResidentId(): ["11010519491231002X", "440524188001010014", "110105491231002"],
    HongKongId(): ["G123456(A)", "AB987654(3)", "C123456(9)"],
    MacauId(): ["1/234567/8", "5215299(8)"],
    TaiwanId(): ["A123456789", "A800000014"],
    TravelPermit(): ["H12345678", "M0123456789", "12345678"],
}  # fmt: skip


@pytest.mark.parametrize("check", GOOD, ids=repr)
def test_published_examples_pass_and_their_normal_form_is_stable(check):
    for text in GOOD[check]:
        assert check.is_valid(text), text
        form = check.form(check.compact(text))
        assert check.examine(form) == ()
        if check.proves:  # every check digit here finds every single wrong digit
            at = max(i for i, char in enumerate(form[:-1]) if char.isdecimal() and i > 3)
            wrong = f"{form[:at]}{(int(form[at]) + 1) % 10}{form[at + 1 :]}"
            assert not check.is_valid(wrong), wrong


@settings(deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"[A-Z0-9]{8,22}", fullmatch=True), st.sampled_from(ALL))
def test_no_identifier_crashes_and_a_normal_form_is_final(text, check):
    verdict = check.examine(text)
    fixes = [finding.fix for finding in verdict if finding.fix] if isinstance(verdict, tuple) else []
    for fix in fixes:
        assert check.examine(fix) == ()


@pytest.mark.parametrize(
    ("check", "typed", "meant"),
    [
        (IBAN(), "DE89 37O4 0044 0532 0130 00", "DE89370400440532013000"),
        (USCC(), "9111OOOO600037341L", "91110000600037341L"),
        (ResidentId(), "1101O519491231OO2X", "11010519491231002X"),
        (BankCard(), "4lll111111111111", "4111111111111111"),
        (TaiwanId(), "A1234S6789", "A123456789"),
    ],
)
def test_letters_typed_for_digits_are_put_right_where_check_digits_prove_it(check, typed, meant):
    (finding,) = check.examine(typed)
    assert finding.fix == meant
    assert finding.confidence == 0.97
    assert typed not in repr(finding)


def test_a_resident_id_tells_birth_gender_and_province_and_an_old_one_becomes_a_new_one():
    assert birth_date_of("11010519491231002X") == "1949-12-31"
    assert gender_of("11010519491231002X") == "female"
    assert province_of("11010519491231002X") == "北京"
    assert (birth_date_of("x"), gender_of("110105194912310021"), province_of("")) == (None, None, None)
    old, new = "130503670401001", "130503196704010016"
    assert ResidentId().examine(old)[0].fix == new
    assert ResidentId().examine(old)[0].confidence < 1
    assert ResidentId().is_valid(new)
    for text in ("110105194902310026", "990105194912310028", "11010594912310", "000105194912310028"):
        assert not ResidentId().is_valid(text)


def test_vat_numbers_need_a_country_and_say_so():
    check = VAT(country=col("country"))
    assert check.examine("136695976", ("DE",))[0].fix == "DE136695976"
    assert check.examine("136695976", (None,)).reason == "country_missing"
    assert check.examine("136695976", ("",)).reason == "country_invalid"
    assert check.examine("136695976", ("US",)).reason == "country_without_numbers"
    assert VAT().examine("US123").reason == "country_without_numbers"
    assert VAT().examine("GR 094259216")[0].fix == "EL094259216"
    assert VAT().examine("CHE-107.787.577 MWST")[0].fix == "CHE107787577MWST"
    assert not VAT().is_valid("DE000000000")
    assert VAT(country=col("land")).rename({"land": "L"}) == VAT(country=col("L"))
    assert VAT(country="DE").rename({"a": "b"}) == VAT(country="DE")


def drawn(form, rng):
    signs = {"n": string.digits, "a": string.ascii_uppercase, "c": string.digits + string.ascii_uppercase}
    return "".join(rng.choice(signs[kind]) for n, kind in re.findall(r"(\d+)([nac])", form) for _ in range(int(n)))


def test_ibans_agree_with_stdnum_in_every_country():
    iban = pytest.importorskip("stdnum.iban", reason="python-stdnum is the oracle")
    rng = random.Random(3)
    for country, form in _FORMS.items():
        for _ in range(20):
            body = drawn(form, rng)
            check = 98 - mod97(f"{body}{country}00")
            text = f"{country}{check:02d}{body}"
            assert IBAN().is_valid(text), text
            assert iban.is_valid(text, check_country=False), text
            chars = list(text)
            chars[rng.randrange(4, len(chars))] = rng.choice(string.digits + string.ascii_uppercase)
            changed = "".join(chars)
            assert IBAN().is_valid(changed) == iban.is_valid(changed, check_country=False), changed


# Of the others nearly every drawn number is wrong: forms with the check digit last, tried with every sign.
DRAWN = {
    "BG": ["nnnnnnnn", "YYMMDDnnn", "YYmmDDnnn", "nnnnnnnnn"], "CY": ["nnnnnnnn", "12nnnnnn"],
    "CZ": ["nnnnnnn", "6nnnnnnn", "YYMMDDnn", "YYMMDDnnn", "YYFFDDnnn"], "LT": ["nnnnnnn1", "nnnnnnnnnn1", "nnnnnnnn"],
    "ES": ["nnnnnnnn", "Xnnnnnnn", "Annnnnnn", "Knnnnnnn", "Tnnnnnnn", "Snnnnnnn"],
    "IE": ["nnnnnnn", "nAnnnnn", "n+nnnnn"], "LV": ["4nnnnnnnnn", "32nnnnnnnn", "DDMMYY1nnn", "DDMMYY7nnn"],
    "MT": ["nnnnnnn"], "RO": ["n", "nnnnnn", "nnnnnnnn", "nnnnnnnnn"], "SK": ["nn2nnnnnn", "nn5nnnnnn", "YYMMDDnnn"],
    "XI": ["nnnnnnnn"],
}  # fmt: skip


def by_pattern(pattern, rng):
    """Draw a number: YY MM DD are of a day, FF and mm months with 50 and 40 added, n a digit."""
    parts = {"YY": rng.randrange(100), "MM": rng.randrange(1, 13), "DD": rng.randrange(1, 31),
             "FF": rng.randrange(51, 63),
             "mm": rng.randrange(41, 53)}  # fmt: skip
    for name, number in parts.items():
        pattern = pattern.replace(name, f"{number:02d}")
    return re.sub("n", lambda _: rng.choice(string.digits), pattern)


@pytest.mark.parametrize("prefix", sorted(DRAWN))
def test_vat_check_digits_of_every_other_country_agree_with_stdnum(prefix):
    pytest.importorskip("stdnum", reason="python-stdnum is the oracle")
    import importlib

    module = importlib.import_module("stdnum.gb.vat" if prefix == "XI" else "stdnum.eu.vat")
    rng = random.Random(prefix)
    agreed = {}
    for pattern in DRAWN[prefix]:
        right = 0
        for _ in range(40):
            start = by_pattern(pattern, rng)
            ends = [*string.digits, *string.ascii_uppercase] if prefix in ("CY", "ES", "IE") else string.digits
            for end in ends if prefix != "IE" else [*ends, "WA", "TW", "FA", "VH"]:
                body = start + end
                ours = re.fullmatch(VAT_FORMS[prefix], body) is not None and CHECKS[prefix](body)
                theirs = module.is_valid(body if prefix == "XI" else prefix + body)
                if ours and not theirs and prefix == "XI":
                    continue  # ranges that were never given out; we judge check digits only
                assert ours == theirs, prefix + body
                assert VAT().is_valid(prefix + body) == ours
                right += ours
        agreed[pattern] = right
    wrong = {"12nnnnnn", "nnnnnnnn" if prefix == "LT" else "", "Tnnnnnnn"}
    assert all(right for pattern, right in agreed.items() if pattern not in wrong), agreed


def test_every_country_has_check_digits():
    assert set(CHECKS) == set(VAT_FORMS)


@pytest.mark.parametrize("prefix", sorted(set(CHECKS) - set(DRAWN)))
def test_vat_check_digits_agree_with_stdnum(prefix):
    pytest.importorskip("stdnum", reason="python-stdnum is the oracle")
    import importlib

    name = {"EL": "gr.vat", "CHE": "ch.uid", "NO": "no.mva", "GB": "gb.vat"}.get(prefix, "eu.vat")
    module = importlib.import_module(f"stdnum.{name}")
    rng = random.Random(prefix)
    agreed = 0
    for _ in range(3000):
        digits = "".join(rng.choice(string.digits) for _ in range(10))
        body = {
            "AT": f"U{digits[:8]}", "BE": rng.choice("01") + digits[:9], "DE": digits[:9], "DK": digits[:8],
            "EE": digits[:9], "EL": digits[:9], "FI": digits[:8], "FR": digits + digits[:1], "GB": digits[:9],
            "HR": digits + digits[:1], "HU": digits[:8], "IT": digits + digits[:1], "LU": digits[:8],
            "NL": f"{digits[:9]}B01", "PL": digits, "PT": digits[:9], "SE": f"{digits}01", "SI": digits[:8],
            "CHE": digits[:9], "NO": f"{digits[:9]}MVA",
        }[prefix]  # fmt: skip
        if re.fullmatch(VAT_FORMS[prefix], body) is None:
            continue
        ours = VAT().is_valid(prefix + body)
        theirs = module.is_valid(body if name not in ("eu.vat", "ch.uid") else prefix + body)
        if ours and not theirs and prefix in ("GB", "IT", "FR", "BE", "NL", "SE", "EL", "HU"):
            continue  # stdnum also refuses offices and ranges that were never given out; we judge check digits only
        assert ours == theirs, body
        agreed += ours
    assert agreed


def test_chinese_ids_agree_with_stdnum(conformance):
    uscc = pytest.importorskip("stdnum.cn.uscc", reason="python-stdnum is the oracle")
    from stdnum import luhn as oracle

    published = json.loads((conformance / "uscc" / "codes.json").read_text("utf-8"))
    rng = random.Random(9)
    for text in published["valid"]:
        assert USCC().is_valid(text)
        chars = list(text)
        chars[rng.randrange(2, 18)] = rng.choice("0123456789ABCDEFGHJKLMNPQRTUWXY")
        changed = "".join(chars)
        assert USCC().is_valid(changed) == uscc.is_valid(changed), changed
    for case in published["cases"]:
        verdict = USCC().examine(case["input"])
        codes = [finding.code for finding in verdict]
        if case.get("compact"):
            assert USCC().compact(case["input"]) == case["compact"]
            assert codes in ([], ["not_normalized"])
        else:
            # A, N and Y are first signs too (army, rural organizations): there only the check sign tells.
            malformed = case["reason"] != "checksum" and not case["input"].startswith("A1")
            assert codes == ["uscc_malformed" if malformed else "uscc_checksum"], case
    for _ in range(500):
        number = "".join(rng.choice(string.digits) for _ in range(rng.randint(2, 19)))
        assert luhn(number) == oracle.is_valid(number)


def test_resident_ids_agree_with_stdnum_where_it_knows_the_division():
    ric = pytest.importorskip("stdnum.cn.ric", reason="python-stdnum is the oracle")
    rng = random.Random(4)
    for _ in range(300):
        body = (
            f"110105{rng.randint(1930, 2010)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randint(0, 999):03d}"
        )
        right = next(body + sign for sign in "0123456789X" if ResidentId().fault(body + sign) is None)
        assert ric.is_valid(right)
        wrong = body + rng.choice([sign for sign in "0123456789X" if sign != right[-1]])
        assert not ric.is_valid(wrong)
        assert ResidentId().fault(wrong) == "checksum"


def test_the_long_tail_is_stdnum_and_can_never_stop_a_run(monkeypatch):
    pytest.importorskip("stdnum", reason="python-stdnum is the extra ids")
    check = StandardNumber("br.cnpj")
    assert check.examine("16.727.230/0001-97") == ()
    assert check.examine("16727230000197")[0].fix == "16.727.230/0001-97"
    assert check.examine("16727230000198")[0].code == "standard_number_invalid"
    assert check.examine("n/a")[0].code == "placeholder"
    assert not check.is_valid("1" * 500)
    assert check.slug == "standard_number_br_cnpj"
    with pytest.raises(NotFoundError, match=r"did you mean 'br\.cnpj'"):
        StandardNumber("br.cnpx")
    with pytest.raises(NotFoundError):
        StandardNumber("../x")
    import stdnum.cn.ric

    def broken(text):
        raise KeyError(text)

    monkeypatch.setattr(stdnum.cn.ric, "validate", broken)
    report = Schema("s", fields={"id": StandardNumber("cn.ric")}).check({"id": ["11010519491231002X", None]})
    assert not report.crashed
    assert report.outcomes["id:standard_number_cn_ric"].reasons == {"library_failed": 1, "empty": 1}


def test_without_the_extra_the_sentence_says_what_to_install(monkeypatch):
    import sys

    from crmkit.errors import MissingDependencyError

    monkeypatch.setitem(sys.modules, "stdnum", None)
    with pytest.raises(MissingDependencyError, match=r"crmkit\[ids\]"):
        StandardNumber("br.cnpj")


def test_a_literal_country_that_does_not_exist_is_wrong_use():
    with pytest.raises(SchemaError, match="no country"):
        VAT(country="Atlantis")
