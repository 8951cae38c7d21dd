"""Copies without a manifest vote, and what a vote cannot say is said; one file is proved without the manifest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit import backup
from crmkit.errors import FixityError, FormatError, IntegrityError, ManifestError, NotFoundError, SchemaError


def stores(place: Path, **copies: dict[str, str]) -> dict[str, backup.LocalStore]:
    for name, files in copies.items():
        for path, text in files.items():
            (place / name / path).parent.mkdir(parents=True, exist_ok=True)
            (place / name / path).write_text(text)
        (place / name).mkdir(exist_ok=True)
    return {name: backup.LocalStore(place / name) for name in copies}


def codes(found: backup.CopiesVote) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.path) for finding in found.findings]


def test_most_of_three_copies_outvote_one_and_a_tie_is_undecidable(tmp_path: Path) -> None:
    found = backup.vote_copies(
        stores(
            tmp_path,
            one={"same": "x", "one-off": "a", "all-differ": "1", "d/kept": "k", "only-here": "o"},
            two={"same": "x", "one-off": "a", "all-differ": "2", "d/kept": "k"},
            three={"same": "x", "one-off": "b", "all-differ": "3"},
        )
    )
    assert not found.ok
    assert sorted(codes(found)) == [
        ("COPY_DIVERGES", "d/kept"),
        ("COPY_DIVERGES", "one-off"),
        ("COPY_DIVERGES", "only-here"),
        ("UNDECIDABLE", "all-differ"),
    ]
    assert found.outvoted == {"three": 2, "one": 1}
    assert found.counts() == {"files": 5, "agreed": 1, "undecidable": 1}
    assert any("right" in item.what for item in found.not_checked)
    assert "all-differ" in found._repr_html_()
    assert found.to_dict()["ok"] is False


def test_two_of_four_and_one_of_two_are_no_majority(tmp_path: Path) -> None:
    four = stores(tmp_path / "4", a={"f": "1"}, b={"f": "1"}, c={"f": "2"}, d={"f": "2"})
    assert codes(backup.vote_copies(four)) == [("UNDECIDABLE", "f")]
    two = stores(tmp_path / "2", a={"f": "1"}, b={})
    assert codes(backup.vote_copies(two)) == [("UNDECIDABLE", "f")]
    with pytest.raises(SchemaError):
        backup.vote_copies({"a": two["a"]})


def test_a_copy_that_cannot_be_read_does_not_help_a_majority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = stores(tmp_path, a={"f": "1"}, b={"f": "1"}, c={"f": "1"}, d={"f": "2"})
    real = backup.LocalStore.read

    def failing(self: backup.LocalStore, path: bytes, block: int) -> Any:
        if self is places["a"]:
            raise OSError(5, "I/O error")
        return real(self, path, block)

    monkeypatch.setattr(backup.LocalStore, "read", failing)
    assert sorted(codes(backup.vote_copies(places))) == [("UNDECIDABLE", "f"), ("UNREADABLE", "f")]
    del places["d"]
    # All that could be read agree, and still it is said that one could not be.
    assert codes(backup.vote_copies(places)) == [("UNREADABLE", "f")]


def test_a_copy_that_cannot_be_listed_is_an_error_and_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = stores(tmp_path, a={"d/f": "1"}, b={"d/f": "1"})
    real = os.scandir
    calls: list[object] = []

    def failing(place: object) -> Any:
        calls.append(place)
        if len(calls) == 2:
            raise PermissionError(13, "Permission denied")
        return real(place)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "scandir", failing)
    with pytest.raises(OSError, match="13"):
        backup.vote_copies(places)


def test_copies_elsewhere_vote_too(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/vote/d/f", b"1")
    places: dict[str, backup.Store] = {**stores(tmp_path, a={"d/f": "1"}, b={"d/f": "2"})}
    places["cloud"] = backup.FsspecStore(memory, "/vote")
    found = backup.vote_copies(places)
    assert (codes(found), found.outvoted) == ([("COPY_DIVERGES", "d/f")], {"b": 1})
    with pytest.raises(FileNotFoundError):
        backup.vote_copies({**places, "cloud": backup.FsspecStore(memory, "/nowhere")})


def test_files_whose_names_look_alike_in_reports_are_each_healed(tmp_path: Path) -> None:
    payload = tmp_path / "one"
    payload.mkdir()
    names = (b"a\xff", b"a\\xff")
    for number, name in enumerate(names):
        Path(os.fsdecode(os.fsencode(payload) + b"/" + name)).write_bytes(b"%d" % number)
    key = backup.SigningKey.generate()
    backup.sign(backup.create(payload, backup.Header(set="crm")), key, seq=1)
    (tmp_path / "two").mkdir()
    places = {name: backup.LocalStore(tmp_path / name) for name in ("one", "two")}
    report = backup.compare_copies(tmp_path / "one.meta", places, keys=[key.public])
    assert len(backup.plan_heal(report).apply()) == 2
    assert backup.compare_copies(tmp_path / "one.meta", places, keys=[key.public]).ok


@pytest.fixture
def proved(tmp_path: Path) -> Any:
    payload = tmp_path / "dump"
    payload.mkdir()
    for number in range(37):
        (payload / f"f{number:02d}").write_bytes(b"%d" % number)
    (payload / "large").write_bytes(bytes(range(256)) * 40)
    (payload / "sub").mkdir()
    key = backup.SigningKey.generate()
    made = backup.create(payload, backup.Header(set="crm", chunk_size=4096))
    backup.sign(made, key, seq=1)
    return payload, made.folder, key


def test_every_file_is_proved_without_the_manifest(proved: Any) -> None:
    payload, meta, key = proved
    proofs = {name: backup.prove(meta, name) for name in sorted(path.name for path in payload.iterdir())}
    (meta / "manifest.jsonl").unlink()
    for name, proof in proofs.items():
        text = proof.to_json()
        assert len(text) < 1024
        again = backup.FileProof.from_json(text)
        assert again == proof
        file = None if name == "sub" else payload / name
        assert backup.check_proof(again, meta / "statement.json", keys=[key.public], file=file) == name


def test_a_proof_of_something_else_is_refused(proved: Any) -> None:
    payload, meta, key = proved
    proof = backup.prove(meta, "f03")
    keys = [key.public]
    for wrong in (
        attrs.evolve(proof, line=proof.line.replace(b'"size":1', b'"size":2')),
        attrs.evolve(proof, index=proof.index + 1),
        attrs.evolve(proof, lines=proof.lines + 1),
        attrs.evolve(proof, hashes=proof.hashes[:-1]),
        attrs.evolve(proof, hashes=(*proof.hashes, bytes(32))),
        attrs.evolve(proof, hashes=(bytes(32), *proof.hashes[1:])),
        attrs.evolve(proof, chunk_size=1),
    ):
        with pytest.raises(IntegrityError):
            backup.check_proof(wrong, meta, keys=keys)
    with pytest.raises(IntegrityError):
        backup.check_proof(proof, meta, keys=[])
    with pytest.raises(IntegrityError):
        backup.check_proof(proof, meta, keys=[backup.SigningKey.generate().public])
    for file in ("f04", "large"):
        with pytest.raises(FixityError):
            backup.check_proof(proof, meta, keys=keys, file=payload / file)
    large = backup.prove(meta, "large")
    with pytest.raises(IntegrityError):
        backup.check_proof(attrs.evolve(large, chunk_size=8192), meta, keys=keys, file=payload / "large")
    with pytest.raises(FixityError):
        backup.check_proof(backup.prove(meta, "sub"), meta, keys=keys, file=payload / "f03")
    with pytest.raises(NotFoundError):
        backup.prove(meta, "nowhere")


def test_header_and_footer_are_no_files(proved: Any) -> None:
    _, meta, key = proved
    proof = backup.prove(meta, "f03")
    first = (meta / "manifest.jsonl").read_bytes().split(b"\n")[0]
    with pytest.raises(IntegrityError):
        backup.check_proof(attrs.evolve(proof, line=first, index=0), meta, keys=[key.public])


@pytest.mark.parametrize("text", ["{}", "[]", '{"format":"crmkit-proof/1"}', "1"])
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises((FormatError, ManifestError)):
        backup.FileProof.from_json(text)
