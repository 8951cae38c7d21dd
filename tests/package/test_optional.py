"""A missing library is one clear sentence; a broken one speaks for itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from crmkit._optional import loaded, require
from crmkit.errors import MissingDependencyError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("module", "extra", "sentence"),
    [
        ("nobody_wrote.sub", "excel", 'reading needs nobody_wrote. Install it with: pip install "crmkit[excel]"'),
        ("nobody_wrote", None, 'reading needs nobody_wrote. Install it with: pip install "nobody_wrote"'),
    ],
)
def test_a_library_that_is_not_there_is_said_to_be_missing(module: str, extra: str | None, sentence: str) -> None:
    with pytest.raises(MissingDependencyError) as caught:
        require(module, extra=extra, what="reading")
    assert str(caught.value) == sentence
    assert caught.value.extra == extra


def test_a_library_that_is_there_and_broken_tells_what_it_lacks_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_installed.py").write_text("import its_own_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="its_own_dependency") as caught:
        require("half_installed", extra="excel", what="reading")
    assert not isinstance(caught.value, MissingDependencyError)


def test_a_part_that_the_installed_library_is_too_old_to_have_counts_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old_library").mkdir()
    (tmp_path / "old_library" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingDependencyError, match="needs old_library"):
        require("old_library.new_part", extra=None, what="reading")


def test_asking_whether_a_library_is_loaded_never_loads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "not_asked_for.py").write_text("raise SystemExit\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert loaded("not_asked_for") is None
    assert loaded("sys") is sys
