"""BagIt: read and verify versions 0.93 to 1.0, write 1.0.

Source:
    RFC 8493 (version 1.0), and draft-kunze-bagit for the versions before.
"""

from __future__ import annotations

import codecs
import datetime as dt
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmkit._disk import replacing
from crmkit.backup._tree._paths import unsafe
from crmkit.backup._tree._walk import open_folder, walk
from crmkit.errors import ConflictError, FormatError, NotFoundError

from ._fixity import ALGORITHMS, Judged, Wanted, judge, new_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.backup._verify._report import VerifyReport

_VERSIONS: Final = ("0.93", "0.94", "0.95", "0.96", "0.97", "1.0")
_MANIFEST: Final = re.compile(r"(tag)?manifest-([a-z0-9]+)\.txt")
_LINE: Final = re.compile(r"([0-9a-fA-F]+)[ \t]+\*?(.+)")
_ENCODED: Final = re.compile("%(0[aA]|0[dD]|25)")
_BLOCK: Final = 1 << 20


def verify_bag(folder: str | os.PathLike[str]) -> VerifyReport:
    """Verify a bag: complete (every file there, none besides) and valid (unaltered).

    ``fetch.txt`` is never followed: a file that it names must be there.

    Args:
        folder: The bag.

    Raises:
        OSError: There is no such folder.

    Example:
        >>> import pathlib, tempfile
        >>> place = pathlib.Path(tempfile.mkdtemp())
        >>> (place / "dump").mkdir()
        >>> _ = (place / "dump" / "a.csv").write_text("a")
        >>> _ = write_bag(place / "dump", place / "bag")
        >>> verify_bag(place / "bag").ok
        True
        >>> (place / "bag" / "data" / "a.csv").unlink()
        >>> verify_bag(place / "bag").codes()
        ('MISSING', 'UNDERSIZED')

    .. versionadded:: 0.1.0
    """
    bag = Path(folder)
    if not bag.is_dir():
        raise FileNotFoundError(2, "no such folder", str(bag))
    judged = Judged()
    encoding = _declaration(bag, judged)
    if encoding is None:
        judged.skip("every file", "bagit.txt is no declaration")
        return judged.report()
    payload: dict[bytes, dict[str, str]] = {}
    tags: dict[bytes, dict[str, str]] = {}
    sets: dict[str, set[bytes]] = {}
    for path in sorted(bag.iterdir()):
        named = _MANIFEST.fullmatch(path.name)
        if named:
            target = tags if named[1] else payload
            listed = _manifest(path, named[2], encoding, bag, judged, target)
            if not named[1]:
                sets[path.name] = listed
    if not sets:
        judged.add("INCOMPLETE", detail="there is no payload manifest")
    everything = set(payload)
    for name, listed in sets.items():
        for missing in sorted(everything - listed):
            judged.add("MANIFEST_MALFORMED", missing, detail=f"{name} does not list it, another manifest does")
    _fetch(bag, encoding, judged)
    if not (bag / "data").is_dir():
        judged.add("MISSING", "data")
    outside = [name for name in payload if not name.startswith(b"data/") and unsafe(name) is None]
    for stray in outside:
        judged.add("MANIFEST_MALFORMED", stray, detail="a payload manifest lists a file outside of data/")
        del payload[stray]
    judge(judged, bag, _wanted(tags), extra=False)
    if (bag / "data").is_dir() and not (bag / "data").is_symlink():
        inside = {name.removeprefix(b"data/"): found for name, found in payload.items()}
        listed_files = [Wanted(path=b"data/" + name, digests=found) for name, found in inside.items()]
        judge(judged, bag / "data", listed_files, extra=True, prefix=b"data/")
    else:
        judge(judged, bag, _wanted(payload), extra=False)
    _oxum(bag, encoding, judged, len(payload))
    return judged.report()


def _wanted(listed: Mapping[bytes, dict[str, str]]) -> Iterator[Wanted]:
    return (Wanted(path=name, digests=digests) for name, digests in listed.items())


def _declaration(bag: Path, judged: Judged) -> str | None:
    """Read ``bagit.txt``; return the encoding of the other tag files."""
    path = bag / "bagit.txt"
    try:
        data = path.read_bytes()[:4096]
    except OSError:
        judged.add("INCOMPLETE", "bagit.txt", detail="it is not there or cannot be read")
        return None
    found = re.fullmatch(
        rb"BagIt-Version: ?([0-9]+\.[0-9]+)\s*\r?\n\s*Tag-File-Character-Encoding: ?([A-Za-z0-9_.:-]+)\s*", data
    )
    if found is None:
        judged.add("MANIFEST_MALFORMED", "bagit.txt", detail="not the two lines of a bag declaration")
        return None
    if found[1].decode() not in _VERSIONS:
        judged.add("MANIFEST_MALFORMED", "bagit.txt", detail="a version that this reader does not know")
        return None
    try:
        return codecs.lookup(found[2].decode()).name
    except LookupError:
        judged.add("MANIFEST_MALFORMED", "bagit.txt", detail="an unknown encoding")
        return None


def _text(path: Path, encoding: str, judged: Judged) -> list[str]:
    try:
        text = path.read_bytes().decode(encoding)
    except OSError as error:
        judged.add("UNREADABLE", path.name, detail=f"errno {error.errno}: {error.strerror}")
    except UnicodeDecodeError:
        judged.add("MANIFEST_MALFORMED", path.name, detail="not in the declared encoding")
    else:
        return [line for line in re.split(r"\r\n|\r|\n", text) if line]
    return []


def _manifest(
    path: Path, algorithm: str, encoding: str, bag: Path, judged: Judged, into: dict[bytes, dict[str, str]]
) -> set[bytes]:
    listed: set[bytes] = set()
    if algorithm not in ALGORITHMS:
        judged.add("NOT_CHECKED", path.name, detail=f"no hash is called {algorithm}")
        return listed
    for number, line in enumerate(_text(path, encoding, judged), start=1):
        found = _LINE.fullmatch(line)
        if not found:
            judged.add("MANIFEST_MALFORMED", path.name, detail=f"line {number}")
            continue
        name = _name(found[2], bag)
        listed.add(name)
        if into.setdefault(name, {}).setdefault(algorithm, found[1].lower()) != found[1].lower():
            judged.add("MANIFEST_MALFORMED", name, detail=f"it stands twice in {path.name} with other digests")
    return listed


def _name(text: str, bag: Path) -> bytes:
    """Return the path of a line; only line ends and the percent sign are encoded, and older writers encode nothing."""
    text = text.removeprefix("./")
    decoded = _ENCODED.sub(lambda found: bytes.fromhex(found[1]).decode(), text)
    if decoded != text and unsafe(os.fsencode(text)) is None and os.path.lexists(bag / text):
        return os.fsencode(text)
    return os.fsencode(decoded)


def _fetch(bag: Path, encoding: str, judged: Judged) -> None:
    path = bag / "fetch.txt"
    if not path.exists():
        return
    lines = _text(path, encoding, judged)
    for number, line in enumerate(lines, start=1):
        parts = line.split(None, 2)
        if len(parts) != 3:
            judged.add("MANIFEST_MALFORMED", "fetch.txt", detail=f"line {number}")
            continue
        danger = unsafe(os.fsencode(parts[2].removeprefix("./")))
        if danger is not None:
            judged.add("UNSAFE_PATH", os.fsencode(parts[2]), detail=f"fetch.txt: {danger}")
    judged.skip("files to fetch", "nothing is ever fetched; they must be there", len(lines))


def _oxum(bag: Path, encoding: str, judged: Judged, files: int) -> None:
    """Compare size and number of files with ``Payload-Oxum``, where the bag says it."""
    info = bag / "bag-info.txt"
    if not info.exists():
        return
    said = [line.partition(":")[2].strip() for line in _text(info, encoding, judged) if line.startswith("Payload-Oxum")]
    sizes = [path.lstat() for path in (bag / "data").rglob("*") if path.is_file() and not path.is_symlink()]
    found = f"{sum(stat.st_size for stat in sizes)}.{len(sizes)}"
    for oxum in said:
        if not re.fullmatch(r"[0-9]+\.[0-9]+", oxum):
            judged.add("MANIFEST_MALFORMED", "bag-info.txt", detail="Payload-Oxum is not two numbers")
        elif oxum != found:
            larger = int(oxum.split(".")[0]) > int(found.split(".", maxsplit=1)[0])
            judged.add(
                "UNDERSIZED" if larger else "EXTRA", "data", expected=oxum, actual=found, detail=f"{files} are listed"
            )


def write_bag(
    payload: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    algorithms: Sequence[str] = ("sha256",),
    info: Mapping[str, str] | None = None,
    at: dt.datetime | None = None,
) -> Path:
    """Copy a folder into a new bag of version 1.0; every file is read once, for all digests.

    Args:
        payload: The folder.
        out: The bag, which must not exist.
        algorithms: Digests to take; RFC 8493 asks for one of sha256 and sha512.
        info: Lines of ``bag-info.txt``, such as ``{"Source-Organization": "Example Ltd"}``.
        at: Date of the bag; the clock's where ``None``.

    Raises:
        ConflictError: ``out`` exists.
        FormatError: The folder holds a link or something else that a bag cannot; nothing is left out silently.

    Example:
        See `verify_bag`.

    .. versionadded:: 0.1.0
    """
    source, bag = Path(payload), Path(out)
    for algorithm in algorithms:
        if algorithm not in ALGORITHMS:
            raise NotFoundError.of("algorithm", algorithm, ALGORITHMS)
    if bag.exists():
        raise ConflictError(f"{bag.name} exists already")
    date = at if at is not None else dt.datetime.now(dt.UTC)
    digests: dict[str, list[tuple[str, str]]] = {algorithm: [] for algorithm in algorithms}
    size = files = 0
    (bag / "data").mkdir(parents=True)
    fd = open_folder(source)
    try:
        for node in walk(source, fd):
            if node.type == "dir":
                (bag / "data" / os.fsdecode(node.path)).mkdir()
                continue
            if node.type != "file":
                raise FormatError("a bag holds files only, and this is something else", location=os.fsdecode(node.path))
            running = {algorithm: new_hash(algorithm) for algorithm in algorithms}
            handle = os.open(node.name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0), dir_fd=node.folder)
            with os.fdopen(handle, "rb") as stream, (bag / "data" / os.fsdecode(node.path)).open("wb") as copy:
                while block := stream.read(_BLOCK):
                    copy.write(block)
                    size += len(block)
                    for one in running.values():
                        one.update(block)
                copy.flush()
                os.fsync(copy.fileno())
            files += 1
            name = os.fsdecode(node.path)
            for old, new in (("%", "%25"), ("\n", "%0A"), ("\r", "%0D")):
                name = name.replace(old, new)
            for algorithm, one in running.items():
                digests[algorithm].append((one.hexdigest(), f"data/{name}"))
    finally:
        if fd is not None:
            os.close(fd)
    said = {**(info or {}), "Bagging-Date": date.strftime("%Y-%m-%d"), "Payload-Oxum": f"{size}.{files}"}
    _put(bag / "bag-info.txt", "".join(f"{name}: {' '.join(value.split())}\n" for name, value in said.items()))
    for algorithm, lines in digests.items():
        _put(bag / f"manifest-{algorithm}.txt", "".join(f"{digest}  {name}\n" for digest, name in lines))
    # Last, because its presence says that the rest is there.
    _put(bag / "bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    for algorithm in algorithms:
        tags = []
        for path in sorted(bag.glob("*.txt")):
            if not path.name.startswith("tagmanifest-"):
                running_tag = new_hash(algorithm)
                running_tag.update(path.read_bytes())
                tags.append(f"{running_tag.hexdigest()}  {path.name}\n")
        _put(bag / f"tagmanifest-{algorithm}.txt", "".join(tags))
    return bag


def _put(path: Path, text: str) -> None:
    with replacing(path) as stream:
        stream.write(text.encode("utf-8", "surrogateescape"))
