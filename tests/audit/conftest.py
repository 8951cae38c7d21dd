"""Logs that the tests of the audit log are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crmkit.audit import Event, Log, NoteSigner

ORIGIN = "crm.example.com/audit"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def signer():
    return NoteSigner.generate(ORIGIN, seed=bytes(range(32)))


@pytest.fixture(params=["log", "log.sqlite"])
def path(request, tmp_path):
    """Where a log goes: once a folder, once a database."""
    return tmp_path / request.param


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def events():
    """Makes events: the same ones every time, but for their ids."""

    def make(count: int, first: int = 0, **more: object) -> list[Event]:
        said = {"action": "contact.read", "actor": "u-17", "fields": ["email"], **more}
        return [
            Event(resource=("contact", str(number)), at=START + timedelta(seconds=number), **said)
            for number in range(first, first + count)
        ]

    return make


@pytest.fixture
def make(signer, events):
    """Makes a log of so many events, closed and signed."""

    def make_log(path, count: int, **settings):
        with Log.open(path, signer=signer, **settings) as log:
            log.extend(events(count))
        return path

    return make_log
