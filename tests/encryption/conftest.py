"""A keyring for each test, and one for the whole run where making it anew would take time."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crmkit.encryption import Field, Index, Keyring, SQLiteSubjectStore
from crmkit.encryption.hazmat import StaticKeyWrapper


@pytest.fixture
def wrapper() -> StaticKeyWrapper:
    return StaticKeyWrapper(bytes(range(32)))


@pytest.fixture
def ring(tmp_path: Path, wrapper: StaticKeyWrapper) -> Keyring:
    return Keyring.create(tmp_path / "acme.keyset", wrapper=wrapper, tenant="acme")


@pytest.fixture
def store(tmp_path: Path) -> SQLiteSubjectStore:
    return SQLiteSubjectStore(tmp_path / "subjects.db", backup_retention=timedelta(days=30))


@pytest.fixture
def email() -> Field:
    return Field("contacts.email", normalizer="email-v1", indexes=[Index.unique()])


@pytest.fixture
def box(ring: Keyring, email: Field) -> Any:
    return ring.box([email])


class Sink:
    """Keeps events."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def record(self, action: str, **event: Any) -> None:
        self.events.append({"action": action, **event})


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def in_child() -> Callable[[Callable[[], object]], int]:
    """Run something in a forked process and return its exit status; 0 unless it raised."""

    def run(work: Callable[[], object]) -> int:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work()
                code = 0
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    return run
