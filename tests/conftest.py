"""Fixtures that every area uses."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

with contextlib.suppress(ImportError):
    from hypothesis import HealthCheck, settings

    # No test is decided by a clock: a loaded machine makes nothing wrong. Hypothesis's own choice (`default`, or `ci`
    # where CI runs) stays otherwise; `thorough` is asked for with --hypothesis-profile=thorough.
    settings.register_profile(
        "thorough", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.register_profile(
        "unhurried", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def conformance() -> Path:
    """Folder of test vectors that others wrote; its place comes from ``CRMKIT_CONFORMANCE``."""
    place = os.environ.get("CRMKIT_CONFORMANCE")
    if not place:
        pytest.skip("CRMKIT_CONFORMANCE is not set: it names the folder of published test vectors")
    folder = Path(place)
    if not folder.is_dir():
        pytest.fail(f"CRMKIT_CONFORMANCE names {place}, which is not a folder", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def exports() -> Any:
    """Writes each system's export: ``tests/systems/exports.py``, loaded by its place because tests are no package."""
    name = "crmkit_test_exports"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "systems" / "exports.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]


@dataclass(frozen=True)
class PostgresServer:
    """A scratch PostgreSQL cluster that listens on a socket of its own; gone when the tests end."""

    bin: Path
    host: Path
    user: str = "postgres"

    def url(self, database: str = "postgres") -> str:
        """The connection URI that libpq and psycopg take."""
        return f"postgresql://{self.user}@/{database}?host={quote(str(self.host), safe='')}"

    def run(self, tool: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run one of the server's own programs (psql, pg_dump, ...) against it."""
        env = {**os.environ, "PGHOST": str(self.host), "PGUSER": self.user}
        return subprocess.run(
            [str(self.bin / tool), *arguments], env=env, check=True, capture_output=True, text=True, **options
        )


def _server_programs() -> Path | None:
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)]
    on_path = shutil.which("initdb")
    places += [Path(on_path).resolve().parent] if on_path else []
    return next((place for place in places if (place / "initdb").exists()), None)


@contextlib.contextmanager
def _cluster() -> Iterator[PostgresServer]:
    """A real server, run as user ``postgres`` where the tests run as root, which PostgreSQL refuses to be."""
    programs = _server_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed")
    pytest.importorskip("psycopg", reason="needs psycopg to speak to PostgreSQL")
    place = Path(tempfile.mkdtemp(prefix="crmkit-pg-", dir="/tmp"))  # a socket's path may have 107 bytes
    as_user: dict[str, Any] = {"cwd": place}
    if os.geteuid() == 0:
        shutil.chown(place, "postgres", "postgres")
        as_user |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    data = place / "data"
    control = [str(programs / "pg_ctl"), "-D", str(data), "-w"]

    def call(*command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, **as_user)
        assert done.returncode == 0, f"{Path(command[0]).name}: {done.stdout[-2000:]}{done.stderr[-2000:]}"

    try:
        call(
            *(str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"),
            *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
        )
        options = f"-c listen_addresses='' -c unix_socket_directories='{place}' -c fsync=off -c max_connections=40"
        # The log goes to a file: a server that inherits the pipe would keep it open.
        call(*control, "-l", str(place / "log"), "-o", options, "start")
        yield PostgresServer(programs, place)
    finally:
        with contextlib.suppress(Exception):
            subprocess.run([*control, "-m", "immediate", "stop"], capture_output=True, timeout=60, **as_user)
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of the tests."""
    with _cluster() as server:
        yield server


@pytest.fixture(scope="session")
def second_postgres_server() -> Iterator[PostgresServer]:
    """Another one, to restore into: a drill refuses the cluster that the backup came from."""
    with _cluster() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database of its own for one test; its URL."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres_server.run("createdb", name)
    yield postgres_server.url(name)
    postgres_server.run("dropdb", "--force", name)
