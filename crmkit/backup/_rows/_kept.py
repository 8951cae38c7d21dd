"""The snapshots that a manifest keeps, taken out of it again: what a restore is compared with years later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crmkit._merkle import HASH_BYTES
from crmkit.backup._manifest._file import BUCKETS, MANIFEST, scan
from crmkit.backup._tree._files import open_regular
from crmkit.errors import FormatError, ManifestError

from ._snapshot import Snapshot, schema_of, table_root

if TYPE_CHECKING:
    import os


def read_snapshots(meta: str | os.PathLike[str]) -> tuple[Snapshot, ...]:
    """Read the snapshots of tables that `create` was given, without believing them: `verify` checks signatures.

    Args:
        meta: The manifest's folder, ``<payload>.meta``.

    Returns:
        One for each table, in the manifest's order. How many rows share a key, and the bounds of columns, are not kept
        in a manifest.

    Raises:
        ManifestError: The manifest is malformed, or its leaves are not those of its roots.
        OSError: It cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> from crmkit.backup import FrameSource, Header, create, read_snapshots, snapshot
        >>> dump = pathlib.Path(tempfile.mkdtemp()) / "dump"
        >>> dump.mkdir()
        >>> people = snapshot(FrameSource([{"id": 1, "name": "Zoë"}], key="id", name="people"))
        >>> made = create(dump, Header(set="crm"), tables=[people])
        >>> [kept.root == people.root for kept in read_snapshots(made.folder)]
        [True]

    .. versionadded:: 0.1.0
    """
    folder = Path(meta)
    found = []
    tables = scan(folder / MANIFEST).tables
    with open_regular(folder / BUCKETS) as stream:
        for table in tables:
            data = stream.read(table.buckets * HASH_BYTES)
            leaves = tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))
            try:
                schema = schema_of(table.schema)
            except FormatError:
                raise ManifestError(f"table {table.name!r} has no schema of crmkit-row/1") from None
            if len(leaves) != table.buckets or table_root(schema, table.key, table.rows, leaves) != table.root:
                raise ManifestError(f"the leaves of table {table.name!r} are not those of its root", location=BUCKETS)
            kept = Snapshot(
                name=table.name, rows=table.rows, root=table.root, key=table.key, schema=schema, leaves=leaves
            )
            found.append(kept)
    return tuple(found)
