"""Files are whole or not there, on disk before they have their name, and their owner's alone where that is asked."""

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import _disk


def rights(path):
    return stat.S_IMODE(path.stat().st_mode)


def names(folder):
    return [path.name for path in folder.iterdir()]


def stop_half_way(opened):
    with opened as stream:
        stream.write(b"ne")
        raise ValueError("half")


@pytest.mark.parametrize("private", [True, False])
def test_a_replaced_file_is_the_new_one_or_the_old_one(tmp_path, private):
    path = tmp_path / "a"
    with _disk.replacing(path, private=private) as stream:
        stream.write(b"old")
    with pytest.raises(ValueError, match="half"):
        stop_half_way(_disk.replacing(path, private=private))
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["a"])
    with _disk.replacing(path, private=private) as stream:
        stream.write(b"new")
        assert path.read_bytes() == b"old"
    assert (path.read_bytes(), names(tmp_path)) == (b"new", ["a"])
    assert (rights(path) == 0o600) is private or os.umask(os.umask(0)) & 0o077 == 0o077


def test_a_name_that_cannot_be_given_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError), _disk.replacing(tmp_path / "folder") as stream:  # noqa: PT011 - which one, systems differ
        stream.write(b"x")
    assert names(tmp_path) == ["folder"]


def test_a_created_file_was_not_there_before_and_is_gone_after_an_error(tmp_path):
    path = tmp_path / "a"
    with pytest.raises(ValueError, match="half"):
        stop_half_way(_disk.creating(path, private=True))
    assert not path.exists()
    with _disk.creating(path) as stream:
        stream.write(b"1")
    with pytest.raises(FileExistsError), _disk.creating(path):
        pass
    assert path.read_bytes() == b"1"


def test_content_is_on_disk_before_the_name_and_the_name_before_anybody_relies_on_it(tmp_path, monkeypatch):
    steps = []
    real, rename = os.fsync, os.replace

    def fsync(fd):
        steps.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", lambda *names: (steps.append("name"), rename(*names)))
    with _disk.replacing(tmp_path / "a") as stream:
        stream.write(b"x")
    assert steps == ["file", "name", "folder"]


@given(pieces=st.lists(st.sampled_from([b"\n", b"a", b"bc\n", b"x" * 70_000]), max_size=6), cut=st.integers(0, 9))
def test_the_end_of_the_lines_is_behind_the_last_line_feed(tmp_path_factory, pieces, cut):
    data = b"".join(pieces)
    path = tmp_path_factory.mktemp("lines") / "a"
    path.write_bytes(data)
    with path.open("rb") as stream:
        assert _disk.end_of_lines(stream.fileno()) == data.rfind(b"\n") + 1
        end = max(0, len(data) - cut)
        assert _disk.end_of_lines(stream.fileno(), end) == data.rfind(b"\n", 0, end) + 1


def test_a_private_file_is_its_owners_alone_and_one_that_is_there_keeps_its_rights(tmp_path):
    path = _disk.make_private(tmp_path / "a")
    assert rights(path) == 0o600
    path.write_bytes(b"1")
    path.chmod(0o640)
    assert (rights(_disk.make_private(path)), path.read_bytes()) == (0o640, b"1")
