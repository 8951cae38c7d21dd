"""The nightly backup, and the drill that shows that it restores."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from crmkit import backup

if TYPE_CHECKING:
    from crmkit.audit import Log


@dataclass(frozen=True)
class Backups:
    """Where backups go, and what proves them."""

    database_url: str
    folder: Path
    key: backup.SigningKey
    log: Log

    @property
    def payload(self) -> Path:
        """The dump itself."""
        return self.folder / "dump"

    def make(self, *, seq: int) -> backup.Statement:
        """Dump the database and sign what the dump holds."""
        self.payload.mkdir(parents=True)
        with psycopg.connect(self.database_url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            moment = connection.execute("SELECT pg_export_snapshot()").fetchone()
            assert moment is not None
            contacts = backup.snapshot(backup.PostgresSource(connection, "contact", key="id"))
            self.dump(f"--snapshot={moment[0]}")
            header = backup.Header(set="contacts", source=str(backup.postgres_identity(connection)))
        manifest = backup.create(self.payload, header, tables=[contacts], audit=self.log, by="backup")
        return backup.sign(manifest, self.key, seq=seq)

    def dump(self, *options: str) -> None:
        """Let PostgreSQL write its dump."""
        file = self.payload / "contacts.dump"
        command = ["pg_dump", "--format=custom", f"--file={file}", f"--dbname={self.database_url}", *options]
        subprocess.run(command, check=True)

    def drill(self, *, scratch_url: str) -> backup.DrillReport:
        """Verify the backup, restore it in another cluster, and compare every row with the manifest."""
        with psycopg.connect(self.database_url) as connection:
            source = backup.postgres_identity(connection)
        drill = backup.Drill(
            restore=backup.PgRestore(),
            scratch=backup.ScratchPostgres(scratch_url, source=source),
            keys=[self.key.public],
            checks=[
                backup.TableDigests(),
                backup.Newest(table="contact", column="updated_at", within=timedelta(hours=26)),
            ],
            rto_limit=timedelta(hours=1),
            rpo_limit=timedelta(hours=26),
        )
        return drill.run(self.payload, audit=self.log, by="drill")
