"""Many addresses at once against one after the other: what the bulk path lets pass is right as it is."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.normalize import emails
from crmkit.normalize._bulk import emails as email_bulk
from crmkit.normalize._emails import _typos
from crmkit.testing.generate import contacts


def passed(texts):
    """Return the texts that pass, each compared with what the careful functions say of it."""
    doubtful = set(email_bulk.doubtful(texts))
    found = [text for at, text in enumerate(texts) if at not in doubtful]
    for text in found:
        assert emails.address(text) == text
        assert emails.is_valid(text)
        assert not emails.is_placeholder(text)
        assert emails.suggest(text) is None
    return found


def mutated(text, rng):
    at = rng.randrange(len(text) + 1)
    return rng.choice([text, text[:at] + text[at + 1 :], text[:at] + rng.choice(" .@-_+\n'é１Z\"") + text[at:],
                       text[: at - 1] + text[at : at + 1] + text[at - 1 : at] + text[at + 1 :] if at else text,
                       text.upper(), f" {text}", text.replace("@", f"@{text[:at]}"), f"{text[:at] * 9}{text}",
                       rng.choice(["no.email", "Postmaster", "N-O-N-E", "test", "asdf+x"]) + text[text.find("@") :],
                       ])  # fmt: skip


def samples(n, seed):
    rng = random.Random(seed)
    mails = [mail for mail in contacts(n, seed=seed).columns["email"] if mail]
    mails += [f"wei@{domain}" for domain in _typos.POPULAR]
    mails += [
        "a@x.test",
        "a@x.invalid",
        "a@localhost",
        "a@gmail.con",
        "a@gmial.com",
        "a@www.gmail.com",
        "a@no.none.com",
    ]
    return [mutated(rng.choice(mails), rng) for _ in range(n)]


def test_mutated_addresses_are_read_as_one_by_one():
    texts = samples(4000, seed=1)
    assert len(passed(texts)) > len(texts) / 10


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_more_mutated_addresses_are_read_as_one_by_one(seed):
    passed(samples(60_000, seed=seed))


def test_nearly_all_good_addresses_pass():
    good = [mail for mail in contacts(3000, seed=4).columns["email"] if mail and emails.address(mail) == mail]
    good = [mail for mail in good if emails.suggest(mail) is None and not emails.is_placeholder(mail)]
    assert len(passed(good)) > 0.97 * len(good)


@given(st.lists(st.text('aZ0.@-_+\n "é', max_size=12) | st.emails(), max_size=6))
@example(["\n", "a@example.com", ""])
@example(["a" * 65 + "@example.com", "a@" + "b" * 64 + ".com", "-@example.com"])
@example([])
def test_any_text_is_read_as_one_by_one(texts):
    passed(texts)


@given(st.sampled_from(_typos.POPULAR) | st.from_regex(r"\A[a-z0-9]{1,8}(\.[a-z]{1,5}){1,2}\Z"), st.randoms())
def test_what_is_far_from_slips_is_no_slip(name, rng):
    at = rng.randrange(len(name))
    for one in (name, name[:at] + name[at + 1 :], name[:at] + rng.choice("abcmo.") + name[at:]):
        if one.strip(".") == one and "." in one and ".." not in one and _typos.is_far_from_slips(one):
            assert _typos.domain(one) is None


def test_a_hostile_line_costs_no_more_than_its_length():
    hostile = ["a." * 200_000 + "@", "a@" + "b." * 200_000, "._-" * 100_000, "n" + "._-" * 100_000 + "@x"]
    assert email_bulk.doubtful(hostile) == [0, 1, 2, 3]  # quadratic would take hours
