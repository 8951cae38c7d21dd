from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import email_validator
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmkit._tables import read_set
from crmkit.errors import InvalidValueError
from crmkit.normalize import emails
from crmkit.normalize._emails import _typos
from crmkit.normalize._emails._providers import PROVIDERS
from crmkit.normalize._emails._syntax import accept

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = [
    "zhang.wei@qq.com", "a_b-c@mail.example.co.uk", "o'neil@x-y.org", "Info@EXAMPLE.com", "POSTMASTER@example.com",
    "x@xn--bcher-kva.example", "x@a.test", "x@ab--cd.com", "用户@例子.中国", "a+b@gmail.com", "a@1.2.com", "a@b.c1",
    "x@local.example", "x@a.onion", "{a}|b@example.com", "a@" + "b" * 63 + ".com", "a" * 64 + "@example.com",
    "a" * 65 + "@example.com", "a@" + ".".join(["bcd"] * 60) + ".com", '"a b"@example.com', "a@[127.0.0.1]",
    "Wei <wei@example.com>", "é@example.com", "a@e\u0301.com",
]  # fmt: skip
ALPHABET = "aZ09.-_@+'\" xn--test.com<>[]\u00e9中＠\u3002\u0301\u200b\ud800\x00\n"


def normalized_by_reference(text: str) -> str | None:
    try:
        return email_validator.validate_email(text, check_deliverability=False).normalized
    except (email_validator.EmailNotValidError, UnicodeError):
        return None


def mutated(rng: random.Random, seeds: list[str]) -> str:
    text = rng.choice(seeds)
    for _ in range(rng.randint(0, 3)):
        place, char = rng.randint(0, len(text)), rng.choice(ALPHABET)
        match rng.randint(0, 3):
            case 0:
                text = text[:place] + char + text[place:]
            case 1:
                text = text[:place] + text[place + 1 :]
            case 2:
                text = text[:place] + char + text[place + 1 :]
            case _:
                other = rng.choice(seeds)
                text = text[:place] + other[rng.randint(0, len(other)) :]
    return text


def compare_with_reference(count: int) -> None:
    rng = random.Random(20261123)
    accepted = 0
    for _ in range(count):
        text = mutated(rng, SEEDS)
        expected = normalized_by_reference(text)
        fast = accept(text)
        if fast is not None:
            accepted += 1
            assert f"{fast[0]}@{fast[1]}" == expected, repr(text)
        assert emails.is_valid(text) == (expected is not None and len(text) <= 320), repr(text)
        if expected is not None:
            assert emails.validate(text).address == expected
    assert accepted > count / 20  # the fast path is there at all


def test_fast_path_says_only_what_the_reference_says() -> None:
    compare_with_reference(2_500)


@pytest.mark.thorough
def test_fast_path_says_only_what_the_reference_says_on_many() -> None:
    compare_with_reference(30_000)


@settings(deadline=None)  # the first call reads tables and metadata
@given(st.emails() | st.text(max_size=40) | st.text("ab.@-", max_size=12))
def test_forms_are_stable(text: str) -> None:
    address, key, mailbox = emails.address(text), emails.key(text), emails.mailbox(text)
    assert (address is None) == (key is None) == (mailbox is None)
    if address is not None and key is not None and mailbox is not None:
        assert emails.address(address) == address
        assert emails.key(address) == key
        assert emails.key(key) == key
        assert emails.mailbox(mailbox) == mailbox
        assert emails.mailbox(key) == mailbox


HOSTILE = [
    "", "@", "\ud800@example.com", "a\x00@example.com", "\u202ea@example.com", "👩‍👧@example.com", "a@" * 2_000,
    "a" * 10_000_000,
    "a." * 5_000_000 + "@x.com", "@" * 1_000_000, "x" * 300 + "@" + "y." * 200 + "com", "<" * 10_000, "mailto:<",
    "a@,", "a@#",
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(emails.__all__) - {"format", "validate"}))
def test_hostile_text_neither_raises_nor_hangs(name: str) -> None:
    for text in HOSTILE:
        getattr(emails, name)(text)


@pytest.mark.parametrize(
    ("raw", "address", "key", "mailbox"),
    [
        (" Zhang.Wei+x@GMAIL.com ", "Zhang.Wei+x@gmail.com", "zhang.wei+x@gmail.com", "zhangwei@gmail.com"),
        ("mailto:a@googlemail.com", "a@googlemail.com", "a@googlemail.com", "a@gmail.com"),
        ("<12345678@qq.com>", "12345678@qq.com", "12345678@qq.com", "12345678@qq.com"),
        ("a.b+c@qq.com", "a.b+c@qq.com", "a.b+c@qq.com", "a.b+c@qq.com"),
        ("Ｗａｎｇ＠１６３．ｃｏｍ", "Wang@163.com", "wang@163.com", "wang@163.com"),
        ("wang@Bücher.example", "wang@bücher.example", "wang@xn--bcher-kva.example", "wang@xn--bcher-kva.example"),
        ("SALES@example.com", "sales@example.com", "sales@example.com", "sales@example.com"),
        ("a.b+c@outlook.com", "a.b+c@outlook.com", "a.b+c@outlook.com", "a.b@outlook.com"),
        ("base-shop@yahoo.com", "base-shop@yahoo.com", "base-shop@yahoo.com", "base@yahoo.com"),
        ("+tag@gmail.com", "+tag@gmail.com", "+tag@gmail.com", "+tag@gmail.com"),
        ("wei\u200b@example.com", "wei@example.com", "wei@example.com", "wei@example.com"),
    ],
)
def test_three_forms(raw: str, address: str, key: str, mailbox: str) -> None:
    assert (emails.address(raw), emails.key(raw), emails.mailbox(raw)) == (address, key, mailbox)


def test_provider_domains_are_mail_domains() -> None:
    free = read_set("free_mail_domains.txt")
    assert {rule.domain for rule in PROVIDERS.values()} - {None} <= free
    assert not free & read_set("disposable_domains.txt")


def test_validate_says_nothing_of_the_value() -> None:
    with pytest.raises(InvalidValueError) as caught:
        emails.validate("canary at example.com")
    assert "canary" not in str(caught.value)
    assert emails.format(emails.validate("a@example.com")) == "a@example.com"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("info@example.com", True), ("Kefu@example.com", True), ("no.reply@example.com", True), ("sales2@example.com",
    True),
     ("hr+cv@example.com", True), ("wei@example.com", False), ("it.zhang@example.com", False), ("nobody", False)],
)  # fmt: skip
def test_role_mailboxes(raw: str, expected: bool) -> None:
    assert emails.is_role(raw) is expected


def test_chinese_providers_are_free_and_never_disposable() -> None:
    for domain in ("qq.com", "163.com", "126.com", "sina.com", "foxmail.com", "139.com", "yeah.net"):
        assert emails.is_free_mail(domain)
        assert not emails.is_disposable(domain)
    assert emails.is_disposable("mailinator.com")
    assert not emails.is_disposable("notmailinator.com")


REAL = [
    "qq.com", "163.com", "126.com", "ymail.com", "gmx.de", "mail.com", "email.com", "gmx.net", "me.com", "mac.com",
    "live.cn",
    "sina.cn", "sina.com.cn", "yahoo.cn", "yahoo.com.cn", "hotmail.be", "outlook.be", "outlook.com.au", "live.ie",
    "aol.de", "web.com",
    "gmail.de", "163.net", "263.net", "vip.qq.com", "tom.com", "fmail.com", "hmail.com", "inmail.com", "mymail.com",
    "zmail.com",
    "outlook.jp", "icloud.com.cn", "foxmail.cn", "yahoo.com.sg", "yandex.kz", "comcast.com", "orange.com", "free.org",
    "sky.com",
    "example.com", "example.co", "acme.cam", "startup.io", "firma.com.co", "oracle.com", "google.com", "apple.com",
    "hotmart.com",
    "maillot.com", "yahoo-inc.com", "rambler.ru", "libero.com", "t-online.hu", "bell.net", "telenet.be",
]  # fmt: skip


@pytest.mark.parametrize("domain", sorted({*REAL, *read_set("free_mail_domains.txt"), *_typos.POPULAR}))
def test_a_real_domain_is_never_corrected(domain: str) -> None:
    assert emails.suggest(f"wei@{domain}") is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("gmial.com", "gmail.com"), ("gamil.com", "gmail.com"), ("gmal.com", "gmail.com"), ("gmaill.com", "gmail.com"),
     ("gmail.con", "gmail.com"), ("gmailcom", "gmail.com"), ("gmail,com", "gmail.com"), ("gmail..com", "gmail.com"),
     ("hotmial.com", "hotmail.com"), ("hotmai.com", "hotmail.com"), ("outlok.com", "outlook.com"), ("yahooo.com",
     "yahoo.com"),
     ("iclould.com", "icloud.com"), ("qq.con", "qq.com"), ("163.con", "163.com"), ("126.cmo", "126.com"),
     ("foxmial.com", "foxmail.com"),
     ("acme.con", "acme.com"), ("gmail.com.", "gmail.com")],
)  # fmt: skip
def test_a_slip_of_the_finger_is_seen(typed: str, meant: str) -> None:
    found = emails.suggest(f"Wei.Z@{typed}")
    assert found is not None
    assert found[0] == f"Wei.Z@{meant}"
    assert 0.8 <= found[1] < 1


@settings(deadline=None)  # the first call reads tables and metadata
@given(st.sampled_from(sorted(_typos.POPULAR)), st.data())
@example("gmail.com", None)
def test_suggestions_lead_to_known_domains_and_stop_there(domain: str, data: st.DataObject | None) -> None:
    text = domain if data is None else mutated(random.Random(data.draw(st.integers(0, 10_000))), [domain])
    found = emails.suggest(f"wei@{text}")
    if found is not None:
        assert emails.is_valid(found[0])
        assert emails.suggest(found[0]) is None or emails.suggest(found[0])[1] <= found[1]


# Verdicts of mailcheck that are not ours, by name.
MAILCHECK_ELSE = {
    "test@emaildomain.co": "emaildomain.com is in mailcheck's own test list; .co exists, so it may be right",
    "test@mail.randomsmallcompany.cmo": "a stated limit of mailcheck; .cmo does not exist, so .com is proposed",
}


def test_typo_vectors_of_mailcheck(conformance: Path) -> None:
    cases = json.loads((conformance / "mailcheck" / "cases.json").read_text(encoding="utf-8"))
    differing = set()
    for case in cases["suggest"]:
        found = emails.suggest(case["email"])
        if (found and found[0].rpartition("@")[2]) != case["suggested_domain"]:
            differing.add(case["email"])
    assert differing == set(MAILCHECK_ELSE)


def test_split_vectors_of_mailcheck(conformance: Path) -> None:
    cases = json.loads((conformance / "mailcheck" / "cases.json").read_text(encoding="utf-8"))
    for case in cases["split"]:
        found = emails.split(case["email"])
        if found is not None:  # mailcheck splits any text; what it splits and is an address must split the same way
            assert case["split"] is not None
            assert found == (case["split"]["address"], case["split"]["domain"])
        elif case["split"] is not None:  # ... and what is refused here is a top-level domain or a quoted local part
            assert case["split"]["second_level"] == "" or case["email"].startswith('"') or ".symbol" in case["email"]


# Options of email-validator that are not ours, and why a verdict under them says nothing when it differs from ours.
OTHER_PROFILE = {
    "allow_quoted_local": "a customer's address has no quotes: a copy-and-paste error is likelier",
    "allow_domain_literal": "nobody's mailbox is at a bare IP address",
    "allow_display_name": "a name belongs in the name column; `address` takes angle brackets off, not names",
    "allow_empty_local": "no mailbox has an empty name",
    "test_environment": "lets @test pass, which is no domain",
    "allow_smtputf8": "switched off there; Chinese addresses exist",
    "strict": "limits the local part to 64 characters; longer ones exist",
}


def test_vectors_of_email_validator(conformance: Path) -> None:
    cases = json.loads((conformance / "email_validator" / "cases.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 368
    for case in cases:
        options = {name for name, value in case["options"].items() if (name, value) != ("allow_smtputf8", True)}
        ours = emails.is_valid(case["email"])
        if ours != case["valid"]:
            assert options & OTHER_PROFILE.keys(), case
            if not options & {"allow_smtputf8", "strict"}:
                assert not ours, case  # what the looser profile refuses is refused here
        elif ours and "normalized" in case.get("expect", {}):
            assert emails.validate(case["email"]).address == case["expect"]["normalized"]


# Syntax that isemail allows and a mailbox of a customer does not have: email-validator refuses it by default.
ISEMAIL_ELSE = {"test@io": "a top-level domain without a name before it receives no mail in practice"}


def test_vectors_of_isemail(conformance: Path) -> None:
    differing = set()
    seen = 0
    for case in ET.parse(conformance / "isemail" / "tests.xml").getroot().iter("test"):
        text = case.findtext("address") or ""
        text = "".join(chr(ord(char) - 0x2400) if 0x2400 <= ord(char) <= 0x2420 else char for char in text)
        category, ours = case.findtext("category"), emails.is_valid(text)
        seen += 1
        if category == "ISEMAIL_ERR":
            assert not ours, text
        elif category in ("ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN") and not ours:
            differing.add(text)
        elif ours:
            # of the legal oddities, a long local part is taken: people have them
            assert category in ("ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN") or len(text.partition("@")[0]) > 64
    assert differing == set(ISEMAIL_ELSE)
    assert seen == 164


@pytest.mark.parametrize(
    "raw",
    ["none@none.com", "noemail@noemail.com", "na@na.com", "test@test.com", "NONE@gmail.com", "no-email@acme.example",
     "no.email+1@qq.com", "test@qq.com", "abc@abc.cn", "foo@bar.com", " xx@xx.com "],
)  # fmt: skip
def test_an_address_that_stands_for_none_is_a_placeholder(raw: str) -> None:
    assert emails.is_placeholder(raw)


@pytest.mark.parametrize(
    "raw",
    ["wei@example.com", "na@acme.example", "a@example.com", "abc@gmail.com", "test@acme.example", "wei@none.com",
     "123456@qq.com", "noemi@gmail.com", "no at sign", ""],
)  # fmt: skip
def test_an_address_that_somebody_may_have_is_no_placeholder(raw: str) -> None:
    assert not emails.is_placeholder(raw)


@pytest.mark.parametrize("meant", _typos.POPULAR)
def test_looking_only_at_providers_of_the_first_letters_misses_no_typing_error(meant):
    edits = {meant[:i] + meant[i + 1 :] for i in range(len(meant))}
    edits |= {meant[:i] + char + meant[i:] for i in range(len(meant)) for char in "aegy.w"}
    edits |= {meant[:i] + meant[i + 1] + meant[i] + meant[i + 2 :] for i in range(len(meant) - 1)}
    known = read_set("free_mail_domains.txt") | read_set("disposable_domains.txt") | set(_typos.POPULAR)
    checked = 0
    for typed in edits - known:
        if ".." in typed or typed.strip(".") != typed:
            continue
        found = [_typos._provider(typed, other) for other in _typos.POPULAR]
        best = max(found, key=lambda pair: pair[1])
        if best[1] > 0:
            checked += 1
            assert _typos.domain(typed) == best
    assert checked > 0


def test_a_domain_that_may_be_somebodys_is_proposed_but_not_sure() -> None:
    for raw in ("a@gail.com", "a@gmal.com", "a@gmai.com", "a@hotmal.com"):
        found = emails.suggest(raw)
        assert found is None or found[1] < 0.95


def test_letters_that_look_like_latin_ones_are_seen_through() -> None:
    assert emails.suggest("a@gmaıl.com") == ("a@gmail.com", 0.9)
    assert emails.suggest("a@gmаil.com") == ("a@gmail.com", 0.9)  # Cyrillic а
    assert emails.suggest("a@bücher.example") is None
