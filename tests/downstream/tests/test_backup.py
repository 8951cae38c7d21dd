"""A night's backup restores, row by row; a damaged one is never restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from crmkit import backup

from contact_service.backup import Backups

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from contact_service.service import Service


@pytest.fixture
def backups(client: TestClient, service: Service, postgres_url: str, tmp_path: Path) -> Backups:
    for name in ("ana", "bo", "cy"):
        entry = {"full_name": f"{name.title()} Example", "email": f"{name}@example.com"}
        assert client.post("/contacts", json=entry, headers={"X-User": "ann"}).status_code == 201
    return Backups(postgres_url, tmp_path / "backups", backup.SigningKey.generate(), service.log)


def test_a_backup_restores_with_every_row(backups: Backups, second_postgres_server: Any, service: Service) -> None:
    backups.make(seq=1)
    assert backup.verify(backups.payload, keys=[backups.key.public], level="probe").ok
    report = backups.drill(scratch_url=second_postgres_server.url())
    report.raise_for()
    assert report.counts() == {"passed": 2, "failed": 0, "skipped": 0}
    assert [event.action for event in service.log][-2:] == ["backup.create", "backup.drill"]


def test_rows_that_the_dump_lacks_are_noticed(backups: Backups, second_postgres_server: Any, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        contacts = backup.snapshot(backup.PostgresSource(connection, "contact", key="id"))
        connection.execute("DELETE FROM contact WHERE full_name = 'Bo Example'")
    backups.payload.mkdir(parents=True)
    backups.dump()
    made = backup.create(backups.payload, backup.Header(set="contacts"), tables=[contacts])
    backup.sign(made, backups.key, seq=1)
    report = backups.drill(scratch_url=second_postgres_server.url())
    assert report.codes() == ("ROWS_LOW",)


def test_a_damaged_backup_is_never_restored(backups: Backups, second_postgres_server: Any) -> None:
    backups.make(seq=1)
    [dump] = backups.payload.iterdir()
    data = bytearray(dump.read_bytes())
    data[len(data) // 2] ^= 1
    dump.write_bytes(data)
    report = backups.drill(scratch_url=second_postgres_server.url())
    assert report.codes() == ("MODIFIED",)
    assert list(report.phases) == ["verify"]
