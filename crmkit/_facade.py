"""The functions behind ``crmkit.<name>``: thin doors to the areas, with the same names there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from crmkit.changes import ChangeLog
    from crmkit.frames import Table
    from crmkit.issues import Report
    from crmkit.matching import LinkReport, Matcher, MatchReport, MergeLog
    from crmkit.quality import DriftReport, Health, Profile
    from crmkit.reconciliation import ReconcileReport
    from crmkit.reports import Page
    from crmkit.typing import Frame, Language, Progress, RecordKind
    from crmkit.validators import Schema, ValidationReport

from crmkit._elsewhere import takes_its_keywords
from crmkit.files import read_csv, read_excel

__all__ = [
    "Schema", "check", "dedupe", "drift", "link", "profile", "read_csv", "read_excel", "reconcile", "report",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name == "Schema":
        from crmkit.validators import Schema

        return Schema
    raise AttributeError(f"module 'crmkit' has no attribute {name!r}")


@takes_its_keywords
def check(
    frame: Frame,
    schema: Schema | None = None,
    *,
    kind: RecordKind | None = None,
    country: str | None = None,
    tables: Mapping[str, Frame] | None = None,
    lang: Language = "en",
    now: Callable[[], datetime] | None = None,
    progress: Progress | None = None,
) -> ValidationReport:
    """Find everything that is wrong with a table, and what the values should be.

    Args:
        frame: Any frame that :mod:`crmkit.frames` reads.
        schema: The rules. Without it they are chosen: the CRM that the headers speak of gives a rule pack, else names
            and contents of the columns do; ``.assumed()`` says what was taken for what.
        kind: What one row is, where no schema is given and the headers do not tell.
        country: Where phone numbers belong whose row names no country, ISO 3166-1 alpha-2; found from the numbers
            themselves where that is clear.
        tables: Other tables by name, for rules that look into them.
        lang: Language of the messages.
        now: Gives the moment that dates are held against, aware; the clock where ``None``.
        progress: Shows how far it is; ``tqdm`` fits.

    Returns:
        Issues, outcomes of every rule, scores, and fixes to preview and apply. Bad data never raises.

    Raises:
        SchemaError: Not a frame, a column that the schema names is not there, or ``kind`` beside a schema.

    Example:
        >>> report = check([{"id": "1", "email": "ana@example.com"}, {"id": "2", "email": "ana@example"}])
        >>> report.counts()["errors"]
        1

    .. versionadded:: 0.1.0
    """
    from crmkit import frames
    from crmkit.errors import SchemaError
    from crmkit.validators import Schema

    if schema is not None and not isinstance(schema, Schema):
        raise SchemaError(f"schema= takes a Schema, not an object of type {type(schema).__name__}")
    if schema is not None and (kind is not None or country is not None):
        raise SchemaError("kind= and country= choose rules where no schema= is given; with one they would say nothing")
    table = frames.read(frame)  # once: what is read twice must not be an iterator
    chosen = Schema.infer(table, kind=kind, country=country) if schema is None else schema
    return chosen.check(table, tables=tables, lang=lang, now=now, progress=progress)


def dedupe(
    frame: Frame,
    *,
    key: str | None = None,
    kind: RecordKind | None = None,
    previous: MergeLog | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> MatchReport:
    """Find which rows of one table are the same party.

    Args:
        frame: Any frame that :mod:`crmkit.frames` reads.
        key: Column with the record's id; without it the recognised id column, else the row's position.
        kind: ``"contact"``, ``"account"`` or ``"lead"``; recognised from the columns where ``None``.
        previous: The log of an earlier merge: clusters keep the ids that their records had there, ``.events`` of the
            report says what was joined and split, and merging continues the log.
        progress: Shows how far it is; ``tqdm`` fits.
        **settings: Those of :class:`crmkit.matching.Matcher`, such as ``threshold`` and ``seed``.

    Returns:
        Pairs, clusters, the threshold that was used, explanations, and golden records by ``.merge()``.

    Example:
        >>> people = [
        ...     {"id": "1", "first_name": "Ana", "last_name": "Maier", "email": "ana.maier@example.com"},
        ...     {"id": "2", "first_name": "Ana", "last_name": "Maier", "email": "ana.maier@example.com"},
        ...     {"id": "3", "first_name": "Bo", "last_name": "Lind", "email": "bo.lind@example.com"},
        ... ]
        >>> len(set(dedupe(people).labels.tolist()))
        2

    .. versionadded:: 0.1.0
    """
    from crmkit import frames

    table = frames.read(frame)
    return _matcher(table, kind, settings).dedupe(table, key=key, previous=previous, progress=progress)


def link(
    left: Frame,
    right: Frame,
    *,
    key: str | tuple[str, str] | None = None,
    kind: RecordKind | None = None,
    one_to_one: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> LinkReport:
    """Find which rows of two tables are the same party.

    Args:
        left: The one table.
        right: The other; its columns may have other names.
        key: Column with the record's id, one name for both tables or two.
        kind: What a row is; recognised from the columns where ``None``.
        one_to_one: Each record has at most one partner, as when both tables are clean.
        progress: Shows how far it is; ``tqdm`` fits.
        **settings: Those of :class:`crmkit.matching.Matcher`.

    Returns:
        The linked pairs, the threshold that was used, and explanations.

    Example:
        >>> left = [{"id": "1", "name": "Ana Maier", "email": "ana.maier@example.com"}]
        >>> right = [{"id": "9", "name": "Ana Maier", "email": "ana.maier@example.com"}]
        >>> [(pair["left"], pair["right"]) for pair in link(left, right).links]
        [('1', '9')]

    .. versionadded:: 0.1.0
    """
    from crmkit import frames

    table, other = frames.read_two(left, right)
    return _matcher(table, kind, settings).link(table, other, key=key, one_to_one=one_to_one, progress=progress)


def reconcile(
    left: Frame,
    right: Frame,
    *,
    key: str | Sequence[str] | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> ReconcileReport:
    """Compare two tables that should agree, and say of every difference what caused it.

    Args:
        left: What was, or should be.
        right: What is there now.
        key: Column or columns of the left table that identify a row; the recognised id where ``None``.
        progress: Shows how far it is; ``tqdm`` fits.
        **settings: Those of :func:`crmkit.reconciliation.reconcile`, such as ``columns``, ``tolerance`` and ``kinds``.

    Returns:
        Rows that are missing or unexpected, every differing cell with its cause, rates, totals, and a gate.

    Example:
        >>> was = [{"id": "1", "code": "007", "plan": "gold"}, {"id": "2", "code": "010", "plan": "free"}]
        >>> now = [{"id": "1", "code": "7", "plan": "gold"}]
        >>> reconcile(was, now, key="id").causes()
        {'leading_zeros_lost': 1}

    .. versionadded:: 0.1.0
    """
    from crmkit.reconciliation import reconcile as compare

    return compare(left, right, key=key, progress=progress, **settings)


@takes_its_keywords
def profile(
    frame: Frame,
    schema: Schema | None = None,
    *,
    name: str | None = None,
    tables: Mapping[str, Frame] | None = None,
    now: Callable[[], datetime] | None = None,
    progress: Progress | None = None,
) -> Profile:
    """Say what a table is like at one time, without keeping what it holds; see :func:`crmkit.quality.profile`.

    Args:
        frame: Any frame that :mod:`crmkit.frames` reads.
        schema: Rules whose pass rates belong into the profile.
        name: What it is a profile of, such as ``contacts``.
        tables: Other tables by name, for rules that look into them.
        now: Gives the moment, aware; the clock where ``None``.
        progress: Shows how far it is; ``tqdm`` fits.

    Example:
        >>> profile([{"email": "ana@example.com"}, {"email": None}]).columns["email"].missing_share
        0.5

    .. versionadded:: 0.1.0
    """
    from crmkit import quality

    return quality.profile(frame, schema, name=name, tables=tables, now=now, progress=progress)


def drift(
    current: Profile,
    history: Profile | Iterable[Profile],
    *,
    min_rows: int = 100,
    lang: Language = "en",
    now: Callable[[], datetime] | None = None,
) -> DriftReport:
    """Say what changed since earlier profiles; see :func:`crmkit.quality.drift` for the tests and their limits.

    Args:
        current: Today's profile.
        history: One earlier profile or several.
        min_rows: The fewest rows on either side from which a share is judged.
        lang: Language of the messages.
        now: Gives the moment, aware; the clock where ``None``.

    Example:
        >>> drift(profile([{"email": None}] * 200), profile([{"email": "ana@example.com"}] * 200)).ok
        False

    .. versionadded:: 0.1.0
    """
    from crmkit import quality

    return quality.drift(current, history, min_rows=min_rows, lang=lang, now=now)


def _matcher(table: Table, kind: RecordKind | None, settings: Mapping[str, Any]) -> Matcher:
    """Return the preset for the kind of record, which the columns tell where the caller does not."""
    import attrs

    from crmkit._elsewhere import no_such_keyword
    from crmkit.columns import recognize
    from crmkit.errors import SchemaError
    from crmkit.matching import Matcher

    known = {field.alias or field.name for field in attrs.fields(Matcher) if field.init} - {"kind"}
    for name in sorted(settings.keys() - known):
        hint = no_such_keyword(name, {*known, "key"})
        raise TypeError(f"unknown setting {name!r}{hint}")

    found = kind if kind is not None else recognize(table).kind
    if found == "account":
        return Matcher.accounts(**settings)
    if found == "lead":
        return Matcher.leads(**settings)
    if found in {"contact", None}:
        return Matcher.contacts(**settings)
    raise SchemaError(f"records of kind {found!r} are not matched; kind= takes 'contact', 'account' or 'lead'")


def report(
    *results: Report | ChangeLog | Profile | Health,
    title: str | None = None,
    lang: Language = "en",
    reveal: bool = False,
    now: Callable[[], datetime] | None = None,
) -> Page:
    """Put results on one self-contained page: ``.save("cleanup.html")``.

    Args:
        *results: What :func:`check`, ``fixes().apply()``, :func:`dedupe` and ``merge()`` gave, in that order; what
            :func:`reconcile` and its ``gate()`` gave; a sync plan; the report of any other area, a profile, a health.
        title: Heading of the page.
        lang: ``"en"`` or ``"zh"``.
        reveal: Show values as they are; without it personal fields and unrecognised columns are masked.
        now: Gives the moment that the page is dated with, aware; the clock where ``None``.

    Example:
        >>> page = report(check([{"id": "1", "email": "ana@example"}]))
        >>> page.to_html().startswith("<!doctype html>")
        True

    .. versionadded:: 0.1.0
    """
    from crmkit.reports import Page

    return Page(results, title=title, lang=lang, reveal=reveal, now=now)
