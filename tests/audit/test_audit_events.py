"""Events and their bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit._canonical import json_bytes
from crmkit.audit import Actor, Event, Resource
from crmkit.audit._events._event import MAX_EVENT_BYTES, moment, suffix
from crmkit.errors import FormatError, InvalidValueError, NotFoundError

AT = datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
names = st.lists(texts, max_size=3)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
events = st.builds(
    Event,
    action=texts,
    actor=st.none() | st.builds(Actor, id=texts, type=texts, roles=names, session=st.none() | texts),
    resource=st.none() | st.builds(Resource, type=texts, id=texts, tenant=st.none() | texts),
    outcome=st.sampled_from(["ok", "denied", "failed"]),
    code=st.none() | texts,
    rules=names,
    scope=st.none() | texts,
    policy=st.none() | texts,
    fields=names,
    count=st.integers(0, 2**53 - 1),
    purpose=st.none() | texts,
    request=st.none() | texts,
    change=st.dictionaries(texts, st.fixed_dictionaries({"before": texts, "after": texts}), max_size=2),
    detail=st.dictionaries(texts, json_values, max_size=3),
    at=st.datetimes(timezones=st.just(UTC)),
    id=texts,
    seq=st.integers(0, 2**40),
    stored_at=st.datetimes(timezones=st.just(UTC)),
)


@given(events)
def test_the_bytes_put_together_by_hand_are_those_of_the_canonical_form(event):
    assert event.to_bytes() == json_bytes(event.to_dict())


@given(events)
def test_an_event_that_was_written_reads_as_itself(event):
    again = Event.parse(event.to_bytes())
    assert again.to_bytes() == event.to_bytes()
    assert (again.at, again.seq, again.actor, again.fields) == (event.at, event.seq, event.actor, event.fields)


def test_the_bytes_are_those_of_the_specification():
    event = Event(action="contact.read", actor="u-17", resource=("contact", "42"), fields=["email"], at=AT, id="01")
    assert event.prefix() + suffix(7, moment(AT)) == (
        b'{"action":"contact.read","actor":{"id":"u-17","type":"user"},"at":"2026-03-02T09:00:00.000005Z",'
        b'"fields":["email"],"id":"01","outcome":"ok","resource":{"id":"42","type":"contact"},'
        b'"seq":7,"stored_at":"2026-03-02T09:00:00.000005Z","v":1}'
    )


def test_moments_are_written_in_utc():
    event = Event(action="a", at=datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))))
    assert event.to_dict()["at"] == "2026-01-01T00:00:00.000000Z"


def test_floats_and_large_integers_in_a_detail_become_text():
    event = Event(action="a", detail={"share": 0.1, "big": 2**70, "inner": [1.5, {"x": (2.0,)}], "flag": True})
    assert event.to_dict()["detail"] == {
        "share": "0.1", "big": hex(2**70), "inner": ["1.5", {"x": ["2.0"]}], "flag": True,
    }  # fmt: skip
    assert b'"big":"0x400000000000000000"' in event.prefix()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"x"])
def test_what_json_cannot_say_is_refused_without_a_value_in_the_message(value):
    event = Event(action="a", detail={"x": [value, "geheim"]})
    with pytest.raises(InvalidValueError) as caught:
        event.prefix()
    assert "geheim" not in str(caught.value)


def test_a_lone_surrogate_is_refused():
    with pytest.raises(InvalidValueError, match="lone surrogate"):
        Event(action="a", purpose="\ud800").prefix()
    with pytest.raises(InvalidValueError, match="lone surrogate"):
        Event(action="a", detail={"x": "\ud800"}).prefix()


def test_an_event_beyond_the_limit_is_refused():
    with pytest.raises(InvalidValueError, match="the limit is 16,777,216"):
        Event(action="a", purpose="x" * MAX_EVENT_BYTES).prefix()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"action": ""}, InvalidValueError),
        ({"action": 1}, InvalidValueError),
        ({"action": "a", "code": ""}, InvalidValueError),
        ({"action": "a", "outcome": "fine"}, NotFoundError),
        ({"action": "a", "count": -1}, InvalidValueError),
        ({"action": "a", "count": True}, InvalidValueError),
        ({"action": "a", "count": 2**53}, InvalidValueError),
        ({"action": "a", "fields": [1]}, InvalidValueError),
        ({"action": "a", "at": datetime(2026, 1, 1)}, InvalidValueError),
        ({"action": "a", "actor": 7}, InvalidValueError),
        ({"action": "a", "resource": ("contact",)}, InvalidValueError),
        ({"action": "a", "resource": ["contact", "1"]}, InvalidValueError),
        ({"action": "a", "resource": ("contact", 1)}, InvalidValueError),
    ],
)
def test_what_is_no_event_is_refused(said, error):
    with pytest.raises(error):
        Event(**said)


def test_short_forms_stand_for_actor_and_resource():
    event = Event(action="a", actor="u", resource=("contact", "1"), fields="email")
    assert (event.actor, event.resource, event.fields) == (Actor(id="u"), Resource(type="contact", id="1"), ("email",))
    assert Event(action="a", actor=Actor(id="u")).actor == Actor(id="u")


def test_an_event_that_is_in_no_log_has_no_bytes_yet():
    with pytest.raises(InvalidValueError, match="in no log yet"):
        Event(action="a").to_bytes()
    assert "seq" not in Event(action="a").to_dict()


GOOD = Event(action="a", at=AT, id="01", seq=1, stored_at=AT).to_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        GOOD.replace(b'"v":1', b'"v":2'),
        GOOD.replace(b'"v":1', b'"v":1,"w":1'),
        GOOD.replace(b'"seq":1', b'"seq":-1'),
        GOOD.replace(b'"seq":1', b'"seq":true'),
        GOOD.replace(b'"seq":1,', b""),
        GOOD.replace(b'"seq":1', b'"seq": 1'),
        GOOD.replace(b"000005Z", b"000005+"),
        GOOD.replace(b'"ok"', b'"fine"'),
        GOOD.replace(b'"id":"01"', b'"actor":"u","id":"01"'),
        b"[" * 100_000,
    ],
)
def test_what_is_no_stored_event_is_refused(data):
    with pytest.raises(FormatError, match="not an event"):
        Event.parse(data)


def test_reading_without_strictness_takes_other_forms():
    loose = json.dumps(json.loads(GOOD)).encode()
    assert Event.parse(loose, strict=False).to_bytes() == GOOD


def test_a_repr_does_not_show_details():
    assert "geheim" not in repr(Event(action="a", detail={"x": "geheim"}))
