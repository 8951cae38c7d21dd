"""Refusals survive merging: in words of either language, in columns of every system, whichever record is newer."""

from __future__ import annotations

import pytest

from crmkit import systems
from crmkit.matching import RefusalWins, merge_clusters
from crmkit.matching._merging._survival._refusals import meaning, refusing_answer

PAIRS = [
    ("unsubscribed", "subscribed"), ("opt-out", "opt-in"), ("Opted out", "Opted in"), ("OPT_OUT", "OPT_IN"),
    ("已退订", "已同意"), ("已退訂", "已訂閱"), ("不同意", "同意"), ("不允许", "允许"), ("拒绝", "接受"),
    ("Do Not Allow", "Allow"), ("DoNotAllow", "Allow"), ("not_subscribed", "SUBSCRIBED"), ("denied", "granted"),
    ("withdrawn", "given"), ("No, thanks", "Yes, I agree"), ("No consent", "Consent"),
    ("NEVER_SUBSCRIBED", "confirmed"),
    ("Non-marketing contact", "Marketing contact"), ("Yes, unsubscribe me", "not opted out"), ("勿扰", "未退订"),
    ("Opted out of SMS, opted in to mail", "subscribed"), ("consent revoked", "consented"), ("don't call", "pending"),
]  # fmt: skip
OPT_OUTS = [
    "HasOptedOutOfFax", "hs_email_optout", "hs_email_optout_4711", "Unsubscribed from all email", "donotphone",
    "donotbulkemail", "donotbulkpostalmail", "donotemail", "donotfax", "donotpostalmail", "donotsendmm",
    "EMAIL_OPTED_OUT", "opt_out", "Do Not Mail", "do_not_contact", "sms_opt_out", "unsubscribed", "email_opt_out",
    "DoNotCall", "Do not allow Emails", "do_not_text", "emailOptOut", "Opted out of email: News", "No Calls",
    "是否退订", "退订短信", "拒收短信", "请勿联系", "免打扰", "不接收营销邮件", "拒絕營銷",
]  # fmt: skip
CONSENTS = [
    "email_opt_in", "opt_in", "newsletter", "subscribed", "sms_consent", "marketing_status", "email_consent",
    "accepts_marketing", "Accepts Email Marketing", "Newsletter Opt-In", "isSubscribed", "emailOptIn", "allow_sms",
    "hs_marketable_status", "GDPR", "consent", "短信订阅", "营销同意", "是否授权", "是否接收短信", "允许致电",
]  # fmt: skip
OTHERS = [
    "Option", "Adopt inside", "email", "Phone No", "No of employees", "city", "job title", "note", "subscription plan",
    "permission_set", "contact_name", "Marketing budget", "Account Status", "Block", "授权书编号", "接收人", "备注",
]  # fmt: skip


def merged(names, older, newer, *, survivor, **settings):
    rows = [
        {"id": "1", **dict.fromkeys(names, older), "updated_at": "2024-01-01"},
        {"id": "2", **dict.fromkeys(names, newer), "updated_at": "2025-01-01"},
    ]
    golden, log = merge_clusters(rows, [0, 0], key="id", survivors=[survivor], **settings)
    assert log.revert(golden) == rows
    return [golden[0][name] for name in names]


@pytest.mark.parametrize(("refusal", "consent"), PAIRS)
@pytest.mark.parametrize("answer", [None, "yes", "no"])
def test_a_word_says_by_itself_whether_it_refuses(answer, refusal, consent):
    names = ["news", "email_opt_out", "consent", "sms_opt_in", "whatever"]
    rules = dict.fromkeys(names, RefusalWins(answer))
    for values in ((refusal, consent), (consent, refusal)):
        for survivor in ("1", "2"):
            assert merged(names, *values, survivor=survivor, survivorship=rules) == [refusal] * len(names)


@pytest.mark.parametrize(("refusal", "consent"), PAIRS)
def test_so_it_does_by_default(refusal, consent):
    names = ["email_opt_out", "do_not_call", "consent", "newsletter"]
    assert merged(names, refusal, consent, survivor="2") == [refusal] * len(names)


@pytest.mark.parametrize("answers", [("yes", "no"), (True, False), ("1", "0"), (1, 0), ("TRUE", "FALSE"), ("是", "否")])
@pytest.mark.parametrize("rules", [None, {name: RefusalWins() for name in OPT_OUTS + CONSENTS}])
@pytest.mark.parametrize("survivor", ["1", "2"])
def test_a_bare_answer_refuses_by_what_its_column_asks(answers, rules, survivor):
    yes, no = answers
    refused = dict.fromkeys(OPT_OUTS, yes) | dict.fromkeys(CONSENTS, no)
    allowed = dict.fromkeys(OPT_OUTS, no) | dict.fromkeys(CONSENTS, yes)
    for older, newer in ((refused, allowed), (allowed, refused), (refused, dict.fromkeys(refused)), ({}, refused)):
        rows = [{"id": "1", **older, "updated_at": "2024-01-01"}, {"id": "2", **newer, "updated_at": "2025-01-01"}]
        golden, _ = merge_clusters(rows, [0, 0], key="id", survivors=[survivor], survivorship=rules)
        assert {name: golden[0][name] for name in refused} == refused


def test_every_header_of_a_system_that_is_known_as_an_opt_out_is_told_by_its_words_too():
    known = systems.generic_names().by_kind["contact"]
    by_answer = {"opt_out_email": "yes", "do_not_call": "yes", "consent": "no"}
    asked = [(header, by_answer[field]) for header, (field, _) in known.items() if field in by_answer]
    assert len(asked) > 10
    assert [refusing_answer(header) for header, _ in asked] == [answer for _, answer in asked]


def test_other_columns_speak_of_no_refusal():
    assert [refusing_answer(header) for header in OTHERS] == [None] * len(OTHERS)


def test_what_says_neither_is_no_consent_and_no_refusal():
    assert {meaning(word) for word in ("pending", "2024-01-01", "bounced", "valid", "cancelled")} == {None}
    assert merged(["newsletter"], "pending", "subscribed", survivor="2") == ["pending"]
    assert merged(["newsletter"], "unsubscribed", "pending", survivor="2") == ["unsubscribed"]
