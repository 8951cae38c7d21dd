"""Restore drills on a real PostgreSQL, on SQLite and on folders; and a guard that cannot be talked into the source."""

from __future__ import annotations

import datetime as dt
import gzip
import re
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from crmkit import backup
from crmkit.errors import ManifestError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

UTC = dt.UTC
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = dt.timedelta(hours=1)

CRM = """
CREATE TABLE accounts (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE contacts (
  id bigint PRIMARY KEY, account_id int REFERENCES accounts (id), email text UNIQUE, amount numeric(12,2),
  updated_at timestamptz
);
CREATE INDEX by_account ON contacts (account_id);
INSERT INTO accounts (name) SELECT 'Example ' || n FROM generate_series(1, 50) n;
INSERT INTO contacts SELECT n, 1 + n % 50, 'c' || n || '@example.com', n / 100.0,
  '2026-11-28 11:00+00'::timestamptz - n * interval '1 minute' FROM generate_series(1, 2000) n;
INSERT INTO contacts VALUES (0, NULL, 'canary-7f3a@example.com', NULL, '2026-11-28 11:30+00');
"""


@pytest.fixture(scope="session")
def other_cluster(second_postgres_server: Any) -> str:
    """A second cluster, to restore into: a drill refuses the one that the backup came from."""
    return second_postgres_server.url()


@pytest.fixture
def source(postgres_url: str) -> Iterator[Any]:
    psycopg = pytest.importorskip("psycopg", reason="needs psycopg")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(CRM)
        yield connection


class Case:
    """A dump of the source with all that was noted beside it."""

    def __init__(self, source: Any, url: str, server: Any, folder: Path, form: str) -> None:
        self.identity = backup.postgres_identity(source)
        self.snapshots = [
            backup.snapshot(backup.PostgresSource(source, "contacts", key="id")),
            backup.snapshot(backup.PostgresSource(source, "accounts", key="id")),
        ]
        self.fingerprint = backup.schema_fingerprint(source, "postgresql")
        self.objects = backup.schema_objects(source, "postgresql")
        self.payload = folder / "dump"
        self.payload.mkdir()
        self.key = backup.SigningKey(bytes(range(32)))
        self.file = self.payload / ("crm.sql" if form == "plain" else "crm.dump")
        server.run("pg_dump", f"--format={form}", "--file", str(self.file), "--dbname", url)

    def sign(self) -> None:
        made = backup.create(
            self.payload, backup.Header(set="crm", source=str(self.identity)), tables=self.snapshots, now=lambda: NOW
        )
        backup.sign(made, self.key, seq=1)

    def checks(self) -> list[backup.RestoreCheck]:
        return [
            backup.RowCounts({"contacts": 2001, "accounts": (1, 100)}),
            backup.TableDigests(),
            backup.ForeignKeys(also=[("contacts", "account_id", "accounts", "id")]),
            backup.SchemaFingerprint(self.fingerprint),
            backup.SchemaObjects(self.objects),
            backup.Sequences(),
            backup.Newest(table="contacts", column="updated_at", within=26 * HOUR),
            backup.Canary(table="contacts", column="email", value="canary-7f3a@example.com"),
            backup.Query("sum", "SELECT count(DISTINCT account_id) FROM contacts", 50),
            backup.CustomCheck("is postgres", lambda restored: restored.kind == "postgresql"),
        ]

    def drill(self, url: str, **more: Any) -> backup.DrillReport:
        drill = backup.Drill(
            restore=backup.PgRestore(),
            scratch=backup.ScratchPostgres(url, source=self.identity),
            checks=self.checks(),
            keys=[self.key.public],
            rto_limit=HOUR,
            rpo_limit=HOUR,
        )
        return attrs.evolve(drill, **more).run(self.payload, now=lambda: NOW)


@pytest.fixture
def case(source: Any, postgres_url: str, postgres_server: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Case:
    return Case(source, postgres_url, postgres_server, tmp_path, getattr(request, "param", "custom"))


def databases(url: str) -> set[str]:
    import psycopg

    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("SELECT datname FROM pg_database")}


@pytest.mark.parametrize("case", ["custom", "plain", "directory"], indirect=True)
def test_a_good_dump_restores_and_passes_every_check(case: Case, other_cluster: str) -> None:
    if case.file.is_dir():
        for path in case.file.iterdir():
            path.rename(case.payload / path.name)
        case.file.rmdir()
    case.sign()
    before = databases(other_cluster)
    report = case.drill(other_cluster)
    assert report.ok, report.findings
    assert report.counts() == {"passed": 10, "failed": 0, "skipped": 0}
    assert list(report.phases) == ["verify", "prepare", "restore", "checks", "teardown"]
    assert dt.timedelta(0) < report.rto < HOUR
    assert report.rpo == HOUR / 2
    assert databases(other_cluster) == before
    for lang in ("en", "zh"):
        assert "RTO" in report.to_markdown(lang)  # type: ignore[arg-type]
        assert "<script" not in report.to_html(lang)  # type: ignore[arg-type]
    assert '"ok": true' in report.to_json()
    assert len(report.to_frame(like=[])) == 10
    assert "passed" in repr(report)
    assert not re.findall(r"<th[^>]*></th>", report._repr_html_()), "each column has a name"
    assert "<strong>What was asked</strong>" in report._repr_html_()
    slow = attrs.evolve(report, rto_limit=dt.timedelta(0))
    assert not slow.ok
    old = attrs.evolve(report, rpo_limit=HOUR / 4)
    assert not old.ok


def test_snapshots_that_the_caller_kept_will_do_as_well(case: Case, other_cluster: str) -> None:
    case.snapshots.append(attrs.evolve(case.snapshots[0], name="nowhere"))
    case.sign()
    mine = case.drill(other_cluster, checks=[backup.TableDigests(case.snapshots[:2])])
    assert mine.ok
    assert case.drill(other_cluster, checks=[backup.TableDigests()]).codes() == ("SCHEMA_CHANGED",)


def test_snapshots_exchanged_behind_the_verification_are_not_believed(
    case: Case, other_cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crmkit.backup._drill import _drill

    case.sign()
    real = _drill.read_snapshots
    monkeypatch.setattr(_drill, "read_snapshots", lambda meta: real(meta)[:1])
    assert case.drill(other_cluster, checks=[backup.TableDigests()]).codes() == ("CHECK_FAILED",)


def test_a_backup_without_tables_leaves_nothing_to_compare_and_says_so(case: Case, other_cluster: str) -> None:
    case.snapshots.clear()
    case.sign()
    assert not case.drill(other_cluster, checks=[backup.TableDigests()]).ok


def test_the_manifest_gives_back_the_snapshots_it_was_given_or_says_why_not(case: Case) -> None:
    case.sign()
    meta = case.payload.with_name("dump.meta")
    assert [one.to_json() for one in backup.read_snapshots(meta)] == [one.to_json() for one in case.snapshots]
    leaves = meta / "buckets.bin"
    whole = leaves.read_bytes()
    for broken in (whole[:-1], whole[:32], b"x" + whole[1:]):
        leaves.write_bytes(broken)
        with pytest.raises(ManifestError, match="not those of its root"):
            backup.read_snapshots(meta)


@pytest.mark.parametrize("case", ["plain"], indirect=True)
def test_a_plain_dump_cut_near_its_end_restores_without_its_constraints_and_is_caught(
    case: Case, other_cluster: str
) -> None:
    data = case.file.read_bytes()
    at = data.rindex(b"ALTER TABLE ONLY public.contacts\n    ADD CONSTRAINT contacts_account_id_fkey")
    with gzip.open(case.payload / "crm.sql.gz", "wb") as stream:
        stream.write(data[: data.rindex(b"-- Name", 0, at)])
    case.file.unlink()
    case.sign()
    report = case.drill(other_cluster)
    assert not report.ok
    assert report.codes() == ("CONSTRAINT_MISSING",)
    assert any("fkey" in (finding.path or "") for finding in report.findings)
    assert backup.verify(case.payload, keys=[case.key.public], level="probe").codes() == ("PROBE_FAILED",)


def test_a_dump_that_ends_in_the_middle_fails_to_restore_and_says_so(case: Case, other_cluster: str) -> None:
    data = case.file.read_bytes()
    case.file.write_bytes(data[: len(data) // 2])
    case.sign()
    before = databases(other_cluster)
    report = case.drill(other_cluster)
    assert report.codes() == ("RESTORE_FAILED",)
    assert report.counts() == {"passed": 0, "failed": 0, "skipped": 10}
    assert databases(other_cluster) == before
    assert "example.com" not in report.to_json()


def test_a_dump_of_the_wrong_data_is_caught_by_each_check_that_can(
    case: Case, source: Any, postgres_url: str, postgres_server: Any, other_cluster: str
) -> None:
    source.execute("ALTER TABLE contacts DROP CONSTRAINT contacts_account_id_fkey")
    source.execute("DELETE FROM contacts WHERE id IN (0, 7)")
    source.execute("UPDATE contacts SET email = 'x' WHERE id = 9")
    source.execute("DELETE FROM accounts WHERE id = 3")
    source.execute("UPDATE contacts SET updated_at = updated_at - interval '3 days'")
    source.execute("SELECT setval('accounts_id_seq', 5)")
    source.execute("ALTER TABLE accounts ADD more int")
    case.file.unlink()
    postgres_server.run("pg_dump", "--format=custom", "--file", str(case.file), "--dbname", postgres_url)
    case.sign()
    report = case.drill(other_cluster)
    assert {
        "ROWS_LOW",
        "FK_ORPHANS",
        "SCHEMA_CHANGED",
        "CONSTRAINT_MISSING",
        "SEQUENCE_BEHIND",
        "STALE",
        "CANARY_MISSING",
    } == set(report.codes())
    assert report.counts()["failed"] == 8
    assert not report.ok


def test_a_damaged_backup_is_never_restored(case: Case, other_cluster: str) -> None:
    case.sign()
    data = bytearray(case.file.read_bytes())
    data[len(data) // 2] ^= 1
    case.file.write_bytes(data)
    report = case.drill(other_cluster)
    assert report.codes() == ("MODIFIED",)
    assert list(report.phases) == ["verify"]
    assert not report.ok
    assert report.counts()["skipped"] == 10


def test_the_source_cluster_is_refused_whatever_the_database(
    case: Case, postgres_url: str, postgres_server: Any
) -> None:
    case.sign()
    before = databases(postgres_url)
    for url in (postgres_url, postgres_server.url("postgres")):
        with pytest.raises(RefusedError, match="source") as caught:
            case.drill(url)
        assert caught.value.rule == "scratch_is_source"
    assert databases(postgres_url) == before
    with pytest.raises(RefusedError, match="needs to know"):
        backup.ScratchPostgres(postgres_url, source=backup.SourceIdentity("", "crm"))


def test_a_query_or_a_variable_cannot_lead_the_restore_elsewhere(
    case: Case, other_cluster: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch, source: Any
) -> None:
    case.sign()
    host = postgres_url.split("host=")[1]
    monkeypatch.setenv("PGHOST", host.replace("%2F", "/"))
    monkeypatch.setenv("PGDATABASE", postgres_url.split("/")[3].split("?", maxsplit=1)[0])
    report = case.drill(other_cluster + "&dbname=template1")
    assert report.ok, report.findings
    assert source.execute("SELECT count(*) FROM contacts").fetchone() == (2001,)
    scratch = backup.ScratchPostgres(other_cluster + "&options=x&dbname=prod", source=case.identity)
    with pytest.raises(RefusedError, match="no scratch database"):
        _ = scratch.url
    scratch._name = "mine"
    assert "prod" not in scratch.url
    assert "options" not in scratch.url


def test_only_a_database_with_the_drills_own_mark_is_used_or_dropped(case: Case, other_cluster: str) -> None:
    import psycopg

    case.sign()
    scratch = backup.ScratchPostgres(other_cluster, source=case.identity)
    scratch.prepare()
    name = scratch._name
    with psycopg.connect(other_cluster, autocommit=True) as admin:
        admin.execute(f"COMMENT ON DATABASE \"{name}\" IS 'somebody else'")
        with pytest.raises(RefusedError) as caught:
            backup.PgRestore().run(case.payload, scratch)
        assert caught.value.rule == "scratch_mark_missing"
        with pytest.raises(RefusedError):
            scratch.teardown()
        assert name in databases(other_cluster)
        admin.execute(f'DROP DATABASE "{name}"')


def test_a_scratch_place_that_cannot_be_taken_down_is_a_finding(case: Case, other_cluster: str) -> None:
    import psycopg

    case.sign()

    def spoil(restored: backup.Restored) -> bool:
        [(name,)] = restored.query("SELECT current_database()")
        restored.connection.execute(f'COMMENT ON DATABASE "{name}" IS NULL')
        names.append(name)
        return True

    names: list[str] = []
    report = case.drill(other_cluster, checks=[backup.CustomCheck("spoil", spoil)])
    assert report.codes() == ("TEARDOWN_FAILED",)
    assert not report.ok
    with psycopg.connect(other_cluster, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{names[0]}"')


@pytest.mark.parametrize(
    "line",
    [
        "\\connect crm\n",
        "  \\c crm\n",
        "DROP DATABASE crm;\n",
        "create database x;\n",
        "ALTER SYSTEM SET fsync = off;\n",
        "\\! rm -rf /\n",
    ],
)
@pytest.mark.parametrize("case", ["plain"], indirect=True)
def test_a_dump_that_leaves_its_database_is_refused_before_it_runs(case: Case, other_cluster: str, line: str) -> None:
    case.file.write_bytes(b"SELECT 1;\n" + line.encode() + case.file.read_bytes())
    case.sign()
    before = databases(other_cluster)
    report = case.drill(other_cluster)
    assert report.codes() == ("RESTORE_FAILED",)
    assert "line 2 of the dump" in str(report.findings[0].detail)
    assert databases(other_cluster) == before


@pytest.mark.parametrize("case", ["plain"], indirect=True)
def test_a_command_hidden_from_the_scanner_is_switched_off_in_psql(case: Case, other_cluster: str) -> None:
    hidden = b"/*\nCOPY t (x) FROM stdin;\n*/ \\! touch /tmp/crmkit-drill-was-here\n\\.\n"
    case.file.write_bytes(hidden + case.file.read_bytes())
    case.sign()
    report = case.drill(other_cluster)
    assert report.codes() == ("RESTORE_FAILED",)
    assert not Path("/tmp/crmkit-drill-was-here").exists()


def test_a_check_that_crashes_has_failed(case: Case, other_cluster: str) -> None:
    case.sign()
    canary = "canary-of-a-value"

    def crash(_: backup.Restored) -> bool:
        raise RuntimeError(canary)

    checks = [
        backup.CustomCheck("crash", crash),
        backup.RowCounts({"nothing": 1}),
        backup.CustomCheck("no", lambda _: False),
    ]
    report = case.drill(other_cluster, checks=checks)
    assert report.counts() == {"passed": 0, "failed": 3, "skipped": 0}
    assert canary not in report.to_json()


# -- SQLite and folders ------------------------------------------------------------------------------------------------


@pytest.fixture
def lite(tmp_path: Path) -> Any:
    payload = tmp_path / "dump"
    payload.mkdir()
    database = sqlite3.connect(payload / "crm.sqlite")
    database.executescript(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);"
        "CREATE TABLE contacts (id INTEGER, account_id INTEGER REFERENCES accounts (id), updated_at TEXT);"
        "CREATE INDEX by_account ON contacts (account_id);"
        "INSERT INTO accounts (name) VALUES ('a'), ('b');"
        "INSERT INTO contacts VALUES (1, 1, '2026-11-28T11:00:00'), (2, NULL, NULL);"
    )
    database.close()
    return payload


def lite_drill(
    payload: Path, checks: list[backup.RestoreCheck], scratch: backup.Scratch | None = None
) -> backup.DrillReport:
    key = backup.SigningKey(bytes(32))
    meta = payload.with_name("dump.meta")
    shutil.rmtree(meta, ignore_errors=True)
    backup.sign(backup.create(payload, backup.Header(set="crm"), now=lambda: NOW), key, seq=1)
    drill = backup.Drill(
        restore=backup.SqliteRestore(), scratch=scratch or backup.ScratchFolder(), checks=checks, keys=[key.public]
    )
    return drill.run(payload, now=lambda: NOW)


def lite_checks(payload: Path) -> list[backup.RestoreCheck]:
    database = sqlite3.connect(payload / "crm.sqlite")
    checks: list[backup.RestoreCheck] = [
        backup.RowCounts({"contacts": 2}),
        backup.TableDigests([backup.snapshot(backup.SqliteSource(database, "contacts", key="id"))]),
        backup.ForeignKeys(),
        backup.SchemaFingerprint(backup.schema_fingerprint(database, "sqlite")),
        backup.SchemaObjects(backup.schema_objects(database, "sqlite")),
        backup.Sequences(),
        backup.Newest(table="contacts", column="updated_at", within=2 * HOUR),
    ]
    database.close()
    return checks


def test_an_sqlite_backup_restores_and_every_fault_in_it_is_caught(lite: Path) -> None:
    checks = lite_checks(lite)
    report = lite_drill(lite, checks)
    assert report.ok, report.findings
    assert report.rpo == HOUR
    database = sqlite3.connect(lite / "crm.sqlite")
    database.executescript(
        "UPDATE contacts SET account_id = 99, updated_at = '2026-11-29T11:00:00'; DROP INDEX by_account;"
        "UPDATE sqlite_sequence SET seq = 1; INSERT INTO contacts VALUES (3, NULL, NULL);"
    )
    database.close()
    report = lite_drill(lite, checks)
    assert set(report.codes()) == {
        "ROWS_HIGH", "FK_ORPHANS", "CONSTRAINT_MISSING", "SEQUENCE_BEHIND", "FUTURE_DATED",
    }  # fmt: skip
    (lite / "crm.sqlite").write_bytes((lite / "crm.sqlite").read_bytes()[:5000])
    assert lite_drill(lite, checks).codes() == ("RESTORE_FAILED",)
    database = sqlite3.connect(lite / "other.sqlite")
    database.close()
    with pytest.raises(NotFoundError, match=r"did you mean 'crm.sqlite'"):
        backup.SqliteRestore(file="crm.sqlit").run(lite, entered(backup.ScratchFolder()))


def entered(scratch: backup.ScratchFolder) -> backup.ScratchFolder:
    scratch.prepare()
    return scratch


def test_a_scratch_folder_is_its_own_and_takes_down_only_itself(lite: Path, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="in the source"):
        backup.ScratchFolder(lite, source=lite).prepare()
    scratch = backup.ScratchFolder(tmp_path)
    with pytest.raises(RefusedError, match="no scratch"):
        _ = scratch.folder
    scratch.teardown()
    scratch.prepare()
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "keep").write_text("x")
    shutil.rmtree(scratch.folder)
    scratch.folder.symlink_to(victim)
    with pytest.raises(RefusedError, match="not the folder"):
        backup.FolderRestore().run(lite, scratch)
    with pytest.raises(RefusedError, match="not the folder"):
        scratch.teardown()
    assert (victim / "keep").exists()
    with pytest.raises(RefusedError, match="outside"):
        backup.SqliteRestore(file="../victim/keep").run(lite, entered(backup.ScratchFolder(tmp_path)))
    with pytest.raises(RefusedError, match="only"):
        backup.PgRestore().run(lite, scratch)
    with pytest.raises(RefusedError, match="only"), backup.PgRestore().opened(scratch):
        pass
    identity = backup.SourceIdentity("1", "crm")
    with pytest.raises(RefusedError, match="only"):
        backup.SqliteRestore().run(lite, backup.ScratchPostgres("postgresql:///x", source=identity))


def test_a_folder_is_restored_decrypted_and_asked(made: Any) -> None:
    def decrypt(payload: Path, target: Path) -> Path:
        (target / "plain.csv").write_bytes((payload / "crm.csv").read_bytes())
        return target

    checks = [backup.CustomCheck("rows", lambda restored: (restored.folder / "plain.csv").exists())]
    drill = backup.Drill(
        restore=backup.FolderRestore(),
        scratch=backup.ScratchFolder(),
        checks=checks,
        keys=[made.key.public],
        decrypt=decrypt,
    )
    report = drill.run(made.payload, now=lambda: NOW)
    assert report.ok, report.findings
    assert "decrypt" in report.phases
    with pytest.raises(NotFoundError, match="no queries"):
        backup.Restored(kind="folder").query("SELECT 1")
    assert report.rpo == dt.timedelta(0)
    wanted = attrs.evolve(drill, checks=[backup.RowCounts({"x": 1})])
    assert wanted.run(made.payload, now=lambda: NOW).codes() == ("CHECK_FAILED",)


# -- which backups to drill ----------------------------------------------------------------------------------------------  # noqa: E501


def test_backups_are_chosen_by_age_by_seed_and_by_tier() -> None:
    days = [NOW - n * dt.timedelta(days=1) for n in range(1, 121)]
    records = [backup.BackupRecord(backup_id=f"{day:%m-%d}", created=day, verified_at=day) for day in days]
    assert [one.backup_id for one in backup.choose_backups(records, at=NOW)] == ["11-27"]
    [one] = backup.choose_backups(records, "random_in_window", at=NOW, days=30, seed=4)
    assert backup.choose_backups(records, "random_in_window", at=NOW, days=30, seed=4) == [one]
    assert NOW - one.created <= dt.timedelta(days=30)
    assert backup.choose_backups([], "random_in_window", at=NOW) == []
    policy = backup.BackupPolicy(rpo=HOUR, rto=HOUR, keep=backup.GFS(daily=3, monthly=3))
    chosen = [one.backup_id for one in backup.choose_backups(records, "each_tier", at=NOW, policy=policy)]
    assert chosen == ["09-30", "11-25", "11-27"]
    with pytest.raises(NotFoundError, match="policy"):
        backup.choose_backups(records, "each_tier", at=NOW)
    with pytest.raises(NotFoundError, match="latest"):
        backup.choose_backups(records, "lates", at=NOW)  # type: ignore[arg-type]
