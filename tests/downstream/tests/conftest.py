"""A service with four people, on a database of its own; whoever runs the tests brings the PostgreSQL servers."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from crmkit.audit import FileWitness, Log, NoteSigner
from crmkit.encryption import Keyring, LocalKeyFile
from crmkit.permissions import Assignment, OrgChart, Principal
from fastapi.testclient import TestClient

from contact_service.service import Service, app, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOOK: list[float] = []
"""CPU of each look-up, in milliseconds: told at the end, never judged."""
PEOPLE = OrgChart(
    [
        Principal("ann", teams=["north"]),
        Principal("bob", teams=["north"]),
        Principal("cleo", teams=["south"]),
        Principal("sue", teams=["desk"]),
    ]
)
HELD = [
    Assignment("ann", "sales"),
    Assignment("bob", "sales"),
    Assignment("cleo", "sales"),
    Assignment("sue", "support"),
]


@pytest.fixture
def took() -> list[float]:
    return TOOK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TOOK:
        said = f"look-up of duplicates at entry: median {statistics.median(TOOK):.2f} ms of CPU over {len(TOOK)}"
        terminalreporter.write_line(said)


@pytest.fixture
def signer() -> NoteSigner:
    return NoteSigner.generate("contacts.example/audit")


@pytest.fixture
def service(postgres_url: str, signer: NoteSigner, tmp_path: Path) -> Iterator[Service]:
    ring = Keyring.create(tmp_path / "contacts.keyset", wrapper=LocalKeyFile.create(tmp_path / "kek.key"))
    witness = FileWitness(tmp_path / "elsewhere" / "checkpoints")
    (tmp_path / "elsewhere").mkdir()
    with Log.open(tmp_path / "audit", signer=signer, witnesses=[witness]) as log:
        url = postgres_url.replace("postgresql://", "postgresql+psycopg://")
        engine = sa.create_engine(url, hide_parameters=True)
        yield start(engine, ring=ring, log=log, held=HELD, people=PEOPLE)
        engine.dispose()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    app.state.service = service
    with TestClient(app) as client:
        yield client
