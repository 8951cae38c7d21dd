"""Microseconds of CPU a value to encrypt, decrypt, index and rotate fields, against what people use today.

    python benchmarks/bench_encryption.py --rows 200000 --json results.json \
        --tools crmkit,fernet,pyca-aessiv,tink,sqlalchemy-utils,fieldseal

Values are generated e-mail addresses. Each run has a process of its own; the tools take turns, ``--repeat`` times, and
the medians count. A peer lives in an environment of its own, made of ``benchmarks/requirements/<tool>.txt`` under
``--envs`` at first use; crmkit runs in the interpreter that runs this script.

What each tool does is what its documentation shows, and no less than it needs:

- ``crmkit``: columns of typed, padded text bound to tenant, field and record, as text tokens (tasks ``encrypt``,
  ``decrypt``), the same one value a call (``encrypt_one``, ``decrypt_one``), committing suite 3 (``encrypt_suite3``,
  ``decrypt_suite3``), a unique blind index over values that are in normal form (``index``) and one that is stretched
  (``index_stretched``, of 200 values), and rotating two fields with an index each in SQLite (``rotate``; a value is one
  cell; the database's time is in it). ``floor_encrypt``, ``floor_decrypt`` and ``floor_index`` are a bare loop over the
  same primitive with the same components, in the same process: what no Python around it can go below.
- ``fernet``: text token; AES-128-CBC with HMAC; bound to nothing.
- ``pyca-aessiv``: AES-SIV with a random nonce and one component of associated data; octets, neither typed nor padded.
- ``tink``: AES-256-GCM with associated data; octets.
- ``sqlalchemy-utils``: its default engine, AES-CBC with a fixed IV and no authentication, and ``gcm``.
- ``fieldseal``: its one writable suite with a table and column context; octets.

``bytes_out`` is what is stored for a value on average. Every tool's values are decrypted and compared.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import resource
import statistics
import subprocess
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Self

from common import ENVS, machine, python_of, save

HERE = Path(__file__).resolve().parent
TOOLS = ("crmkit", "fernet", "pyca-aessiv", "tink", "sqlalchemy-utils", "fieldseal")
STRETCHED = 200
PACKAGE = {"fernet": "cryptography", "pyca-aessiv": "cryptography"}


def values(rows: int) -> list[str]:
    """Made-up addresses of 20 to 40 characters."""
    chance = random.Random(11)
    names = ["ana", "wei.zhang", "bo", "maria.gonzalez", "j.smith", "olumide", "li.na", "franziska"]
    return [f"{chance.choice(names)}.{number:07d}@example{chance.randrange(100)}.com" for number in range(rows)]


class Clock:
    """CPU and wall time of a block."""

    def __enter__(self) -> Self:
        gc.collect()
        self.cpu, self.wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu, self.wall = time.process_time() - self.cpu, time.perf_counter() - self.wall


def line(task: str, clock: Clock, n: int, **more: object) -> dict[str, object]:
    return {"task": task, "n": n, "cpu_s": clock.cpu, "wall_s": clock.wall, **more}


def each(data: list[str], encrypt, decrypt, suffix: str = "") -> list[dict[str, object]]:
    """Measure a tool that takes one value a call."""
    with Clock() as there:
        made = [encrypt(value) for value in data]
    with Clock() as back:
        again = [decrypt(one) for one in made]
    assert again == data
    size = sum(map(len, made)) / len(made)
    return [line(f"encrypt{suffix}", there, len(data), bytes_out=size), line(f"decrypt{suffix}", back, len(data))]


def run_crmkit(data: list[str]) -> list[dict[str, object]]:
    from crmkit.encryption import Field, Index, Keyring, LocalKeyFile

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        ring = Keyring.create(place / "ring", wrapper=LocalKeyFile.create(place / "kek"), tenant="acme")
        email = Field("contacts.email", normalizer="email-v1", indexes=[Index.unique()])
        other = Field("contacts.other", suite=3)
        phone = Field("contacts.phone", indexes=[Index.unique()])
        slow = Field("contacts.slow", indexes=[Index.unique(stretch="argon2id")])
        box = ring.box([email, other, phone, slow])
        records = list(range(len(data)))
        found = []
        for field, suffix in ((email, ""), (other, "_suite3")):
            with Clock() as there:
                tokens = box.encrypt_column(field, data, records=records)
            with Clock() as back:
                again = box.decrypt_column(field, tokens, records=records)
            assert again == data
            size = sum(map(len, tokens)) / len(tokens)
            found += [
                line(f"encrypt{suffix}", there, len(data), bytes_out=size),
                line(f"decrypt{suffix}", back, len(data)),
            ]
        with Clock() as there:
            tokens = [box.encrypt(email, value, record=row) for row, value in enumerate(data)]
        with Clock() as back:
            again = [box.decrypt(email, token, record=row) for row, token in enumerate(tokens)]
        assert again == data
        found += [line("encrypt_one", there, len(data)), line("decrypt_one", back, len(data))]
        blind = box.engine.blind(email, "unique")
        with Clock() as clock:
            terms = blind.write_texts(data)
        assert terms == box.index_column(email, data)
        found.append(line("index", clock, len(data), bytes_out=32))
        with Clock() as clock:
            box.index_column(email, data)
        found.append(line("index_with_normal_form", clock, len(data), bytes_out=32))
        few = data[:STRETCHED]
        with Clock() as clock:
            box.index_column(slow, few)
        found.append(line("index_stretched", clock, len(few), bytes_out=32))
        found += floor(data)
        found.append(rotate(place / "crm.db", ring, box, (email, phone), data))
    return found


def floor(data: list[str]) -> list[dict[str, object]]:
    """Measure the calls of the library ``cryptography`` that the column calls cannot do without, and nothing else."""
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.hmac import HMAC

    siv, about = AESSIV(AESSIV.generate_key(512)), os.urandom(101)
    frames = [(b"s" + value.encode() + b"\x80").ljust(32 if len(value) <= 30 else 64, b"\0") for value in data]
    rows = [(b"i%d" % row, os.urandom(16)) for row in range(len(data))]
    with Clock() as there:
        made = [siv.encrypt(frame, [about, *row]) for frame, row in zip(frames, rows, strict=True)]
    with Clock() as back:
        again = [siv.decrypt(one, [about, *row]) for one, row in zip(made, rows, strict=True)]
    assert again == frames
    mac, octets = HMAC(os.urandom(32), SHA256()), [value.encode() for value in data]
    with Clock() as clock:
        for one in octets:
            running = mac.copy()
            running.update(one)
            running.finalize()
    tasks = {"floor_encrypt": there, "floor_decrypt": back, "floor_index": clock}
    return [line(task, spent, len(data)) for task, spent in tasks.items()]


def rotate(path: Path, ring, box, fields, data: list[str]) -> dict[str, object]:
    """Rotate two columns with a unique index each in an SQLite table."""
    import sqlite3

    from crmkit.encryption import Rotator, SQLiteTokenTable

    records = list(range(len(data)))
    columns = [box.encrypt_column(field, data, records=records) for field in fields]
    with sqlite3.connect(path) as database:
        database.execute(
            "create table contacts "
            "(id integer primary key, email text, email_unique text, phone text, phone_unique text)"
        )
        rows = zip(records, *columns, strict=True)
        database.executemany("insert into contacts (id, email, phone) values (?, ?, ?)", rows)
    database.close()
    ring.rotate("data")
    with Clock() as clock:
        for field in fields:
            Rotator(box, field, SQLiteTokenTable(path, "contacts", field.column)).run()
    for field in fields:
        Rotator(box, field, SQLiteTokenTable(path, "contacts", field.column)).verify().raise_for()
    return line("rotate", clock, len(data) * len(fields))


def run_fernet(data: list[str]) -> list[dict[str, object]]:
    from cryptography.fernet import Fernet

    fernet = Fernet(Fernet.generate_key())
    return each(data, lambda value: fernet.encrypt(value.encode()), lambda token: fernet.decrypt(token).decode())


def run_pyca_aessiv(data: list[str]) -> list[dict[str, object]]:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    siv, about = AESSIV(AESSIV.generate_key(512)), b"contacts.email"

    def encrypt(value: str) -> bytes:
        nonce = os.urandom(16)
        return nonce + siv.encrypt(value.encode(), [about, nonce])

    return each(data, encrypt, lambda raw: siv.decrypt(raw[16:], [about, raw[:16]]).decode())


def run_tink(data: list[str]) -> list[dict[str, object]]:
    import tink
    from tink import aead

    aead.register()
    primitive = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM).primitive(aead.Aead)
    about = b"contacts.email"
    return each(
        data,
        lambda value: primitive.encrypt(value.encode(), about),
        lambda raw: primitive.decrypt(raw, about).decode(),
    )


def run_sqlalchemy_utils(data: list[str]) -> list[dict[str, object]]:
    import sqlalchemy as sa
    from sqlalchemy_utils import StringEncryptedType
    from sqlalchemy_utils.types.encrypted.encrypted_type import AesEngine, AesGcmEngine

    cbc = StringEncryptedType(sa.String, "a key", AesEngine, "pkcs5")
    gcm = StringEncryptedType(sa.String, "a key", AesGcmEngine)
    found = []
    for kind, suffix in ((cbc, ""), (gcm, "_gcm")):
        found += each(
            data,
            lambda value, kind=kind: kind.process_bind_param(value, None),
            lambda cell, kind=kind: kind.process_result_value(cell, None),
            suffix,
        )
    return found


def run_fieldseal(data: list[str]) -> list[dict[str, object]]:
    import secrets
    import uuid

    from fieldseal import FieldContext, Fieldseal
    from fieldseal.keyprovider import StaticKeyProvider

    keys = StaticKeyProvider(
        key_id=secrets.token_bytes(16), tenant_dek=secrets.token_bytes(32), tenant_index_key=secrets.token_bytes(32)
    )
    sealer = Fieldseal(
        key_provider=keys, allowed_suites={0xFF01}, write_suite=0xFF01, indexes=[], arm_provisional_suites=True
    )
    context = FieldContext(table_uuid=uuid.uuid4().bytes, column_uuid=uuid.uuid4().bytes)
    return each(
        data,
        lambda value: sealer.encrypt(value.encode(), context),
        lambda raw: bytes(sealer.decrypt(raw, context)).decode(),
    )


RUNS = {
    "crmkit": run_crmkit, "fernet": run_fernet, "pyca-aessiv": run_pyca_aessiv, "tink": run_tink,
    "sqlalchemy-utils": run_sqlalchemy_utils, "fieldseal": run_fieldseal,
}  # fmt: skip


def work(tool: str, rows: int) -> None:
    """Measure one tool in this process and print its lines."""
    try:
        own = version(PACKAGE.get(tool, tool))
    except PackageNotFoundError:
        own = "source"
    lines = RUNS[tool](values(rows))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([{"tool": tool, "version": own, "peak_rss_mb": round(peak, 1), **one} for one in lines]))


def main() -> None:
    """Let the tools take turns and print or write the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--tools", default=",".join(TOOLS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--envs", type=Path, default=ENVS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.rows)
        return
    runs: dict[tuple[str, str], list[dict[str, object]]] = {}
    tools = options.tools.split(",")
    for _ in range(options.repeat):
        for tool in tools:
            command = [python_of(tool, options.envs), __file__, "--work", tool, "--rows", str(options.rows)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            for one in json.loads(done.stdout):
                runs.setdefault((tool, one["task"]), []).append(one)
    lines = []
    for (tool, task), several in runs.items():
        merged = {**several[0], **machine()}
        for what in ("cpu_s", "wall_s", "peak_rss_mb"):
            merged[what] = round(statistics.median(float(one[what]) for one in several), 4)
        merged["us_per_value"] = round(1e6 * float(merged["cpu_s"]) / int(merged["n"]), 2)
        lines.append(merged)
        size = f"{merged['bytes_out']:7.0f} bytes" if "bytes_out" in merged else ""
        print(f"{tool:17} {task:23} {merged['us_per_value']:8.2f} us {size}")
    save(lines, options.json)


if __name__ == "__main__":
    main()
