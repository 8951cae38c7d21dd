"""A small backup of everything that a folder can hold, and the hands to damage it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crmkit import backup

NOW = dt.datetime(2026, 11, 28, 12, 0, tzinfo=dt.UTC)
CHUNK = 4096


@dataclass
class Set:
    """One backup on disk with its key."""

    payload: Path
    key: backup.SigningKey

    @property
    def meta(self) -> Path:
        return self.payload.with_name(self.payload.name + ".meta")

    def make(self, *, seq: int = 1, **header: Any) -> backup.Statement:
        prev = header.pop("prev", None)
        options = {name: header.pop(name) for name in ("tables", "parent") if name in header}
        made = backup.create(
            self.payload,
            backup.Header(set=header.pop("set", "crm"), chunk_size=CHUNK, **header),
            now=lambda: NOW,
            **options,
        )
        return backup.sign(made, self.key, seq=seq, prev=prev)

    def verify(self, **options: Any) -> backup.VerifyReport:
        return backup.verify(self.payload, **{"keys": [self.key.public], "now": lambda: NOW, **options})

    def found(self, **options: Any) -> set[tuple[str, str | None]]:
        return {(finding.code, finding.path) for finding in self.verify(**options)}

    def one(self, code: str, path: str | None = None, **options: Any) -> backup.Finding:
        report = self.verify(**options)
        [finding] = [found for found in report if found.code == code and path in (None, found.path)]
        return finding


def noise(size: int, seed: int = 1) -> bytes:
    """Repeatable octets that do not repeat."""
    import random

    return random.Random(seed).randbytes(size)


@pytest.fixture
def made(tmp_path: Path) -> Set:
    """A signed backup: files of no, one and many chunks, folders, a link, names in Chinese."""
    payload = tmp_path / "dump"
    (payload / "crm" / "empty").mkdir(parents=True)
    (payload / "crm.csv").write_bytes(b"id,email\n1,ana@example.com\n")
    (payload / "crm" / "contacts.csv").write_bytes(noise(3 * CHUNK + 100, 2))
    (payload / "crm" / "客户.csv").write_bytes(noise(CHUNK, 3))
    (payload / "crm0").write_bytes(b"")
    (payload / "one").write_bytes(b"first file")
    (payload / "two").write_bytes(b"second one")
    (payload / "link").symlink_to("crm/contacts.csv")
    for path in payload.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    backups = Set(payload, backup.SigningKey(bytes(range(32))))
    backups.make()
    return backups


@pytest.fixture
def bare(tmp_path: Path) -> Set:
    """An empty folder, not yet described."""
    payload = tmp_path / "dump"
    payload.mkdir()
    return Set(payload, backup.SigningKey(bytes(range(32))))
