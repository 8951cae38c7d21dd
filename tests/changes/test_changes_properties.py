"""What must hold of every log, for random frames, edits and merges, in every kind of frame."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmkit import frames
from crmkit.changes import ChangeLog, Edits, account, apply_edits, apply_merges
from crmkit.errors import ConflictError, FormatError, IntegrityError, SchemaError
from crmkit.records import RecordSet

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

few = settings(max_examples=25, deadline=None)
texts = st.text(max_size=3) | st.sampled_from(["1", "1.0", "true", "nan", "NaN", "", "null", "-0", "2026-01-02"])
moments = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))
columns_of: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=64, allow_nan=True),
    "bool": st.booleans(),
    "date": st.dates(),
    "moment": moments,
    "decimal": st.decimals(-999, 999, places=2, allow_nan=False),
}
cells = st.one_of(st.none(), texts, st.integers(-(2**70), 2**70), st.floats(), st.booleans(), st.dates(), moments)


odd = st.sampled_from(
    [
        frames.ABSENT,
        np.bool_(True),
        np.datetime64(1, "ns"),
        np.float32(0.1),
        np.int8(1),
        np.str_("x"),
        pd.NA,
        pd.NaT,
        pd.Period("2026-01", "M"),
        pd.Timedelta(5, "us"),
        pd.Timestamp("2026-10-25 00:30", tz="UTC").tz_convert("Europe/Oslo"),
        pd.Timestamp(1, unit="ns"),
    ]
)
anything = st.recursive(
    cells
    | odd
    | st.decimals()
    | st.binary(max_size=3)
    | st.times()
    | st.timedeltas()
    | st.uuids()
    | st.datetimes(timezones=st.timezones()),
    lambda inner: st.lists(inner, max_size=2) | st.tuples(inner) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


@attrs.frozen
class Drawn:
    """A frame and what it was made of."""

    frame: Any
    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


@st.composite
def drawn_columns(draw: st.DrawFn) -> dict[str, tuple[str, list[Any]]]:
    n = draw(st.integers(1, 6))
    columns: dict[str, tuple[str, list[Any]]] = {"id": ("text", [f"r{row}" for row in range(n)])}
    for name in draw(st.lists(st.sampled_from("abc"), unique=True, min_size=1, max_size=3)):
        kind = draw(st.sampled_from(sorted(columns_of)))
        values = st.none() | columns_of[kind]
        columns[name] = kind, draw(st.lists(values, min_size=n, max_size=n))
    return columns


POLARS = {
    "text": pl.String, "int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean, "date": pl.Date,
    "moment": pl.Datetime("us"), "decimal": pl.Decimal(20, 2),
}  # fmt: skip
ARROW = {
    "text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "date": pa.date32(),
    "moment": pa.timestamp("us"), "decimal": pa.decimal128(20, 2),
}  # fmt: skip
PANDAS = {
    "text": ["object", "str", "string", "category"], "int": ["object", "Int64"], "float": ["object", "float64"],
    "bool": ["object", "boolean"], "date": ["object"], "moment": ["object", "M8[us]"], "decimal": ["object"],
}  # fmt: skip
INDEXES: list[Any] = [
    lambda n: pd.RangeIndex(n),
    lambda n: pd.RangeIndex(7, 7 + 3 * n, 3, name="k"),
    lambda n: pd.Index([row // 2 for row in range(n)]),
    lambda n: pd.MultiIndex.from_arrays([list("aabbcc")[:n], range(n)], names=["g", None]),
    lambda n: pd.date_range("2026-01-01", periods=n, freq="h"),
    lambda n: pd.CategoricalIndex(list("xyzxyz")[:n]),
]


def make(kind: str, columns: dict[str, tuple[str, list[Any]]], draw: st.DrawFn) -> Any:
    plain = {name: values for name, (_, values) in columns.items()}
    n = len(plain["id"])
    if kind == "dicts":
        present = draw(st.lists(st.booleans(), min_size=n, max_size=n))
        return [
            {name: values[row] for name, values in plain.items() if name == "id" or present[row]} for row in range(n)
        ]
    if kind == "mapping":
        return plain
    if kind == "recordset":
        return RecordSet(plain)
    if kind == "polars":
        return pl.DataFrame([pl.Series(name, values, dtype=POLARS[of]) for name, (of, values) in columns.items()])
    if kind == "arrow":
        return pa.table({name: pa.array(values, type=ARROW[of]) for name, (of, values) in columns.items()})
    made = {name: pd.Series(values, dtype=draw(st.sampled_from(PANDAS[of]))) for name, (of, values) in columns.items()}
    return pd.DataFrame(made).set_axis(draw(st.sampled_from(INDEXES))(n), axis=0)


KINDS = ["dicts", "mapping", "recordset", "polars", "arrow", "pandas"]


def drawn(kind: str) -> st.SearchStrategy[Drawn]:
    @st.composite
    def strategy(draw: st.DrawFn) -> Drawn:
        columns = draw(drawn_columns())
        return Drawn(make(kind, columns, draw), {name: values for name, (_, values) in columns.items()})

    return strategy()


@st.composite
def drawn_edits(draw: st.DrawFn, data: Drawn, *, once: bool = False) -> Edits:
    places = st.tuples(st.sampled_from([name for name in data.columns if name != "id"]), st.integers(0, len(data) - 1))
    chosen = draw(st.lists(places, max_size=6, unique=once))
    return Edits(
        path=[path for path, _ in chosen],
        row=[row for _, row in chosen],
        after=[draw(cells) for _ in chosen],
        rule=[draw(st.sampled_from(["r", "s", None])) for _ in chosen],
        confidence=[draw(st.none() | st.floats(0, 1)) for _ in chosen],
    )


def again(log: ChangeLog) -> ChangeLog:
    """Save a log and load it."""
    with tempfile.TemporaryDirectory() as folder:
        log.save(Path(folder) / "log.jsonl")
        return ChangeLog.load(Path(folder) / "log.jsonl")


def applied(data: Drawn, edits: Edits, **options: Any) -> tuple[Any, ChangeLog] | None:
    """Apply edits; ``None`` where a typed column cannot take one, which must be said before anything is written."""
    try:
        return apply_edits(data.frame, edits, **options)
    except SchemaError:
        return None


@pytest.mark.parametrize("kind", KINDS)
@few
@given(data=st.data(), stored=st.booleans(), key=st.sampled_from(["id", None]))
def test_undoing_gives_the_input_back_exactly(
    kind: str, data: Any, stored: bool, key: str | None, assert_exactly: Any
) -> None:
    source = data.draw(drawn(kind))
    result = applied(source, data.draw(drawn_edits(source)), key=key)
    if result is None:
        return
    changed, log = result
    log = again(log) if stored else log
    assert_exactly(log.revert(changed), source.frame)
    account(source.frame, changed, [log]).raise_for()
    log.verify()


@pytest.mark.parametrize("kind", KINDS)
@few
@given(data=st.data(), stored=st.booleans())
def test_parts_undone_in_any_order_give_the_input_back(kind: str, data: Any, stored: bool, assert_exactly: Any) -> None:
    source = data.draw(drawn(kind))
    result = applied(source, data.draw(drawn_edits(source, once=True)))
    if result is None:
        return
    changed, log = result
    log = again(log) if stored else log
    for chosen in data.draw(st.permutations([change.change_id for change in log])):
        changed = log.revert(changed, where={"change_id": chosen})
    assert_exactly(changed, source.frame)


@pytest.mark.parametrize("kind", KINDS)
@few
@given(data=st.data())
def test_applying_twice_changes_nothing_more(kind: str, data: Any, assert_exactly: Any) -> None:
    source = data.draw(drawn(kind))
    edits = data.draw(drawn_edits(source, once=True))
    result = applied(source, edits)
    if result is None:
        return
    changed, log = result
    once_more, nothing = apply_edits(changed, attrs.evolve(edits, after=_held(changed, edits)))
    assert_exactly(once_more, changed)
    assert len(nothing) == 0
    assert len(log) <= len(edits)


def _held(frame: Any, edits: Edits) -> list[object]:
    table = frames.read(frame)
    return [table.stored(path, [row])[0] for path, row in zip(edits.path, edits.row, strict=True)]


@st.composite
def drawn_merges(draw: st.DrawFn, data: Drawn) -> dict[int, int]:
    clusters = [draw(st.integers(0, 2)) for _ in range(len(data))]
    merges: dict[int, int] = {}
    for cluster in set(clusters):
        rows = [row for row, of in enumerate(clusters) if of == cluster]
        survivor = draw(st.sampled_from(rows))
        merges |= {row: survivor for row in rows if row != survivor and draw(st.booleans())}
    return {loser: survivor for loser, survivor in merges.items() if survivor not in merges}


@st.composite
def drawn_golden(draw: st.DrawFn, data: Drawn, merges: dict[int, int]) -> dict[str, dict[int, object]]:
    """New values for survivors, taken from the rows that go, as survivorship does."""
    golden: dict[str, dict[int, object]] = {}
    for loser, survivor in merges.items():
        known = [name for name in frames.read(data.frame).columns if name != "id"]
        name = draw(st.sampled_from(known or ["id"]))
        golden.setdefault(name, {})[survivor] = data.columns[name][loser]
    return golden


@pytest.mark.parametrize("kind", KINDS)
@few
@given(data=st.data(), stored=st.booleans())
def test_undoing_merges_in_parts_gives_the_input_back_exactly(
    kind: str, data: Any, stored: bool, assert_exactly: Any
) -> None:
    source = data.draw(drawn(kind))
    merges = data.draw(drawn_merges(source))
    golden, log = apply_merges(
        source.frame, survivor_of=merges, cells=data.draw(drawn_golden(source, merges)), key="id"
    )
    log = again(log) if stored else log
    assert log.merged == len(merges)
    assert len(frames.read(golden)) == len(source) - len(merges)
    assert_exactly(log.revert(golden), source.frame)
    account(source.frame, golden, [log]).raise_for()
    parts = golden
    for chosen in data.draw(st.permutations([change.change_id for change in log])):
        parts = log.revert(parts, where={"change_id": chosen})
    assert_exactly(parts, source.frame)
    parts = golden
    for survivor in data.draw(st.permutations(sorted(set(merges.values())))):
        parts = log.revert(parts, where={"survivor": survivor})
    assert_exactly(parts, source.frame)


@pytest.mark.parametrize("kind", ["dicts", "pandas", "polars"])
@few
@given(data=st.data())
def test_without_a_key_parts_are_undone_right_or_refused(kind: str, data: Any, assert_exactly: Any) -> None:
    source = data.draw(drawn(kind))
    merges = data.draw(drawn_merges(source))
    golden, log = apply_merges(source.frame, survivor_of=merges, cells=data.draw(drawn_golden(source, merges)))
    assert_exactly(log.revert(golden), source.frame)
    parts = golden
    try:
        for survivor in data.draw(st.permutations(sorted(set(merges.values())))):
            parts = log.revert(parts, where={"survivor": survivor})
    except ConflictError:
        return
    assert_exactly(parts, source.frame)


@few
@given(data=st.data())
def test_erasing_a_record_keeps_the_log_whole_and_leaves_no_value_of_it(data: Any) -> None:
    rows = [{"id": f"r{row}", "name": f"CANARY{row}-", "phone": "x"} for row in range(5)]
    merges = data.draw(drawn_merges(Drawn(rows, {"id": [row["id"] for row in rows], "name": [], "phone": []})))
    golden, log = apply_merges(
        rows, survivor_of=merges, cells={"name": dict.fromkeys(merges.values(), "CANARY")}, key="id"
    )
    log = again(log) if data.draw(st.booleans()) else log
    erased = data.draw(st.sampled_from(["r0", "r1", "r2"]))
    number = int(erased[1:])
    log.redact(erased)
    log.verify()
    with tempfile.TemporaryDirectory() as folder:
        log.save(Path(folder) / "log.jsonl")
        written = (Path(folder) / "log.jsonl").read_text()
        reloaded = ChangeLog.load(Path(folder) / "log.jsonl")
    reloaded.verify()
    assert f"CANARY{number}-" not in written
    for loser, survivor in merges.items():
        gone = erased in {f"r{loser}", f"r{survivor}"}
        assert (f"CANARY{loser}-" in written) is not gone
    rest = [change.change_id for change in reloaded if not change.redacted]
    back = reloaded.revert(golden, where=lambda change: change.change_id in rest)
    assert len(back) == len(golden) + sum(1 for change in reloaded if change.kind == "merge" and not change.redacted)


def _saved(folder: str) -> Path:
    frame = [
        {"id": "1", "a": "x\u001f", "b": 1.5, "c": None},
        {"id": "2", "a": "é\ud800", "b": math.nan, "c": dt.date(1, 1, 1)},
    ]
    edits = Edits(
        path=["a", "b", "c"], row=[0, 1, 1], after=["y", 2, Decimal("1.0")], rule="r", confidence=[0.5, None, 1.0]
    )
    _, log = apply_edits(frame, edits, key="id", by="me", now=lambda: dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
    path = Path(folder) / "log.jsonl"
    log.save(path)
    return path


def test_every_flipped_bit_of_a_saved_log_is_found(tmp_path: Path) -> None:
    path = _saved(str(tmp_path))
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        with pytest.raises((IntegrityError, FormatError)):
            ChangeLog.load(path)


@few
@given(data=st.data())
def test_dropped_repeated_moved_and_cut_lines_are_found(data: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = _saved(folder)
        lines = path.read_bytes().splitlines(keepends=True)
        order = data.draw(st.lists(st.sampled_from(range(len(lines))), max_size=5))
        if order == list(range(len(lines))):
            return
        path.write_bytes(b"".join(lines[place] for place in order))
        with pytest.raises((IntegrityError, FormatError)):
            ChangeLog.load(path)


@given(anything)
@example(10**5000)
@example("\ud800")
@example(dt.datetime(2026, 10, 25, 2, 30, fold=1))
def test_every_cell_survives_its_form_in_the_log(value: Any) -> None:
    back = frames.decode_cell(*frames.encode_cell(value))
    assert _exactly(back) == _exactly(value)


def _exactly(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value), [_exactly(item) for item in value]
    if isinstance(value, dict):
        return type(value), [(_exactly(key), _exactly(item)) for key, item in value.items()]
    if isinstance(value, dt.datetime) and not pd.isna(value):
        return type(value), value.isoformat(), value.utcoffset(), value.fold if value.tzinfo is None else None
    if isinstance(value, int) and not isinstance(value, bool):
        return type(value), hex(value)
    return type(value), "nan" if isinstance(value, float) and math.isnan(value) else repr(value)
