"""A real log takes what permissions decide and what encryption opens, and proves it afterwards."""

from __future__ import annotations

import pytest

from crmkit import encryption
from crmkit.audit import Log, verify
from crmkit.errors import DecryptionError
from crmkit.permissions import Assignment, Engine, Field, Grant, Policy, Resource, Role


@pytest.fixture
def policy():
    deal = Resource("deal", fields={"stage": Field()}, actions=["read", "delete"], owner="owner_id")
    return Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="own")])])


def test_decisions_and_changes_of_the_policy_are_in_the_log(path, signer, policy):
    with Log.open(path, signer=signer) as log:
        engine = Engine(policy, [Assignment("ann", "sales")], audit=log, record="all")
        view = engine.view("ann")
        assert view.allows("read", "deal", {"id": 7, "owner_id": "ann"})
        assert not view.allows("delete", "deal", {"id": 7, "owner_id": "ann"})
        assert not view.allows("read", "deal")
        assert view.allows("read", "deal", {"owner_id": "ann"})
        wider = Policy(
            policy.resources.values(), [Role("sales", grants=[Grant(["read", "delete"], "deal", scope="all")])]
        )
        engine.replace(policy=wider)
        events = list(log)
    decided = [event for event in events if event.actor is not None and event.actor.id == "ann"]
    assert [event.outcome for event in decided] == ["ok", "denied", "denied", "ok"]
    assert [event.resource.id for event in decided] == ["7", "7", "*", "(no key)"]
    assert [event.action for event in events if event.action == "policy.changed"] == ["policy.changed"]
    assert verify(path, keys=[signer.verifier]).proved == len(events)


def test_a_log_that_takes_nothing_more_denies(path, signer, policy):
    log = Log.open(path, signer=signer)
    view = Engine(policy, [Assignment("ann", "sales")], audit=log, record="all").view("ann")
    assert view.allows("read", "deal", {"owner_id": "ann"})
    log.close()
    assert not view.allows("read", "deal", {"owner_id": "ann"})


def test_what_a_box_opens_is_in_the_log_without_the_value(path, signer, tmp_path):
    wrapper = encryption.LocalKeyFile.create(tmp_path / "kek.key")
    ring = encryption.Keyring.create(tmp_path / "acme.keyset", wrapper=wrapper)
    email = encryption.Field("contacts.email")
    with Log.open(path, signer=signer) as log:
        box = ring.box([email], audit=log)
        token = box.encrypt(email, "ana@example.com", record=42)
        with encryption.acting(actor="u-17", purpose="support"):
            assert box.decrypt(email, token, record=42) == "ana@example.com"
            with pytest.raises(DecryptionError):
                box.decrypt(email, token, record=43)
        events = list(log)
    assert [(event.outcome, event.purpose, event.actor.id) for event in events] == [
        ("ok", "support", "u-17"), ("failed", "support", "u-17"),
    ]  # fmt: skip
    assert b"ana@example.com" not in b"".join(
        part.read_bytes() for part in ([path] if path.is_file() else path.rglob("*")) if part.is_file()
    )
    assert verify(path, keys=[signer.verifier]).proved == len(events)
