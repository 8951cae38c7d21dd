"""Copies: each file in each copy is judged by the signed manifest, and healed chunk by chunk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from crmkit import backup
from crmkit.errors import FixityError, IntegrityError, ManifestError, SchemaError

CHUNK = 4096


def spoil(path: Path, *places: int) -> None:
    data = bytearray(path.read_bytes())
    for at in places:
        data[at] ^= 255
    path.write_bytes(data)


@pytest.fixture
def copies(made: Any, tmp_path: Path) -> dict[str, Path]:
    places = {name: tmp_path / name for name in ("nas", "usb")}
    for place in places.values():
        shutil.copytree(made.payload, place, symlinks=True)
    return {"here": made.payload, **places}


def look(made: Any, copies: dict[str, Path]) -> backup.CopiesReport:
    stores = {name: backup.LocalStore(place) for name, place in copies.items()}
    return backup.compare_copies(made.meta, stores, keys=[made.key.public])


def test_whole_copies_are_whole(made: Any, copies: dict[str, Path]) -> None:
    report = look(made, copies)
    assert report.ok
    assert report.redundancy == {3: 6}
    assert report.counts() == {"files": 6, "whole_copies_3": 6}
    assert any("only a copy has" in item.what for item in report.not_checked)
    assert backup.plan_heal(report).actions == ()


def test_two_copies_damaged_in_different_places_give_one_whole_file(made: Any, copies: dict[str, Path]) -> None:
    name = "crm/contacts.csv"
    whole = (made.payload / name).read_bytes()
    spoil(copies["here"] / name, 10)
    spoil(copies["nas"] / name, CHUNK + 1, 3 * CHUNK + 5)
    (copies["usb"] / name).write_bytes(whole[: 2 * CHUNK])
    report = look(made, copies)
    assert report.redundancy == {3: 5, 0: 1}
    assert report.recoverable
    assert report.diverging == (name,)
    assert report.states(name)["here"].bad_chunks == (0,)
    assert report.states(name)["nas"].bad_chunks == (1, 3)
    plan = backup.plan_heal(report)
    assert plan.hopeless == ()
    assert plan.actions[0].sources == ("nas", "here", "here", "here")
    plan.check()
    assert (copies["usb"] / name).stat().st_size == 2 * CHUNK  # nothing was written
    plan.apply()
    assert all((place / name).read_bytes() == whole for place in copies.values())
    assert (copies["usb"] / (name + ".damaged")).stat().st_size == 2 * CHUNK
    assert look(made, copies).ok


def test_a_chunk_that_is_good_nowhere_is_hopeless_and_left_alone(made: Any, copies: dict[str, Path]) -> None:
    for place in copies.values():
        spoil(place / "crm/contacts.csv", CHUNK)
        (place / "one").unlink()
    report = look(made, copies)
    assert not report.recoverable
    plan = backup.plan_heal(report)
    assert plan.actions == ()
    assert set(plan.hopeless) == {"crm/contacts.csv", "one"}
    assert "2 hopeless" in repr(plan)
    assert "no copy has it" in str(report.findings[0].detail)


def test_a_source_that_changes_after_the_plan_is_not_used(made: Any, copies: dict[str, Path]) -> None:
    (copies["nas"] / "one").unlink()
    plan = backup.plan_heal(look(made, copies))
    for place in copies.values():
        if (place / "one").exists():
            spoil(place / "one", 0)
    with pytest.raises(FixityError, match="changed meanwhile"):
        plan.apply()
    assert not (copies["nas"] / "one").exists()
    assert not list(copies["nas"].glob(".*"))


def test_a_kept_original_is_never_overwritten(made: Any, copies: dict[str, Path]) -> None:
    spoil(copies["nas"] / "one", 0)
    (copies["nas"] / "one.damaged").write_text("evidence")
    with pytest.raises(FileExistsError):
        backup.plan_heal(look(made, copies)).apply()
    assert (copies["nas"] / "one.damaged").read_text() == "evidence"


def test_links_in_a_copy_are_not_followed(made: Any, copies: dict[str, Path], tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    shutil.rmtree(copies["nas"] / "crm")
    (copies["nas"] / "crm").symlink_to(victim)
    (copies["usb"] / "one").unlink()
    (copies["usb"] / "one").symlink_to(made.payload / "one")
    os.mkfifo(copies["usb"] / "fifo")
    (copies["usb"] / "two").unlink()
    (copies["usb"] / "fifo").rename(copies["usb"] / "two")
    report = look(made, copies)
    assert report.states("crm/contacts.csv")["nas"].state == "missing"
    assert report.states("one")["usb"].state == "missing"
    assert report.states("two")["usb"].state == "missing"
    with pytest.raises(SchemaError, match="link"):
        backup.plan_heal(report).apply()
    assert list(victim.iterdir()) == []


def test_an_untrusted_manifest_judges_nothing(made: Any, copies: dict[str, Path]) -> None:
    stores = {"here": backup.LocalStore(copies["here"])}
    with pytest.raises(IntegrityError, match="trust"):
        backup.compare_copies(made.meta, stores)
    with pytest.raises(IntegrityError):
        backup.compare_copies(made.meta, stores, keys=[backup.SigningKey.generate().public])
    assert backup.compare_copies(made.meta, stores, require_signed=False).ok
    with pytest.raises(SchemaError, match="no copy"):
        backup.compare_copies(made.meta, {}, keys=[made.key.public])
    spoil(made.meta / "chunks.bin", 3)
    with pytest.raises(ManifestError):
        look(made, copies)
    shutil.rmtree(made.meta)
    made.make(seq=2)
    (made.meta / "manifest.jsonl").write_bytes((made.meta / "manifest.jsonl").read_bytes().replace(b'"crm"', b'"erp"'))
    with pytest.raises(ManifestError):
        look(made, copies)


def test_a_path_that_leads_out_is_refused_by_every_store(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="not safe"):
        backup.LocalStore(tmp_path).size(b"../x")


def test_copies_in_memory_and_by_file_url_are_compared_and_healed(made: Any, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs fsspec")
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.put(f"{made.payload}/", "/crm/", recursive=True)
    shutil.copytree(made.payload, tmp_path / "second", symlinks=True)
    stores = {
        "memory": backup.FsspecStore(memory, "/crm"),
        "file": backup.FsspecStore(f"file://{tmp_path / 'second'}"),
    }
    heal_everything(made, stores, lambda: memory.pipe_file("/crm/crm/contacts.csv", b"broken"), tmp_path / "second")
    assert memory.cat_file("/crm/crm/contacts.csv.damaged") == b"broken"
    assert "MemoryFileSystem" in repr(stores["memory"])


def heal_everything(made: Any, stores: dict[str, backup.Store], damage: Any, local: Path) -> None:
    keys = [made.key.public]
    assert backup.compare_copies(made.meta, stores, keys=keys).ok
    damage()
    (local / "one").unlink()
    report = backup.compare_copies(made.meta, stores, keys=keys)
    assert set(report.diverging) == {"crm/contacts.csv", "one"}
    assert report.recoverable
    backup.plan_heal(report).apply()
    assert backup.compare_copies(made.meta, stores, keys=keys).ok
    assert report.to_dict()["recoverable"]
    assert len(report.to_frame(like=[])) == 4
    assert "crm/contacts.csv" in report._repr_html_()


def test_copies_behind_a_real_s3_interface_are_compared_and_healed(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_module = pytest.importorskip("moto.server", reason="needs moto's server")
    s3fs = pytest.importorskip("s3fs", reason="needs s3fs")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    server = server_module.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        s3 = s3fs.S3FileSystem(client_kwargs={"endpoint_url": f"http://{host}:{port}"}, skip_instance_cache=True)
        s3.mkdir("backups")
        for path in made.payload.rglob("*"):
            if path.is_file() and not path.is_symlink():
                s3.pipe_file(f"backups/crm/{path.relative_to(made.payload)}", path.read_bytes())
        shutil.copytree(made.payload, tmp_path / "nas", symlinks=True)
        stores = {"cloud": backup.FsspecStore(s3, "backups/crm"), "nas": backup.LocalStore(tmp_path / "nas")}
        heal_everything(made, stores, lambda: s3.pipe_file("backups/crm/crm/contacts.csv", b"broken"), tmp_path / "nas")
        assert s3.cat_file("backups/crm/crm/contacts.csv.damaged") == b"broken"
    finally:
        server.stop()
