"""Messy customer records with the truth about them: who is who, and what went wrong.

Two generators written apart: :func:`contacts` and :func:`accounts` know the hard cases of customer data, and
:func:`febrl_like` makes person records as the record linkage literature does. They share no code, so that a matcher
tuned on one of them can be judged on the other.

All of it is invented. E-mail domains are reserved for documentation (RFC 2606), persons and companies are drawn from
tables of common words, and phone numbers have the shape of real ones; see ``phones``.

Example:
    >>> made = contacts(1000, seed=7)
    >>> made
    Generated(1000 records of 800 parties)
    >>> made.records.columns[:4]
    ('id', 'given_name', 'family_name', 'email')
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from crmkit.errors import InvalidValueError, NotFoundError

from ._generator._accounts import ACCOUNT_CAUSES, ACCOUNT_COLUMNS, accounts_of, render_accounts
from ._generator._draws import Draws
from ._generator._duplicates import CAUSES, Causes, records_of
from ._generator._febrl import FEBRL_CAUSES, FEBRL_COLUMNS, febrl_records
from ._generator._generated import Generated, Kind, Planted
from ._generator._people import SCRIPTS, persons
from ._generator._planted import ACCOUNT_ERRORS, CONTACT_ERRORS, plant
from ._generator._render import CONTACT_COLUMNS, render_contacts
from ._generator._spoil import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._generator._generated import Columns

__all__ = ["Causes", "Generated", "Planted", "accounts", "contacts", "febrl_like"]

MISSING = {"email": 0.11, "phone": 0.18, "birth_date": 0.50, "company_name": 0.20, "job_title": 0.30, "street": 0.05}
ACCOUNT_MISSING = {
    "phone": 0.15, "website": 0.30, "email": 0.45, "street": 0.06, "postal_code": 0.08, "registration_id": 0.60,
}  # fmt: skip
SHARES = {"latin": 0.70, "zh": 0.25, "cyrillic": 0.05}


def contacts(
    n: int,
    *,
    seed: int = 0,
    duplicates: float = 0.20,
    households: float = 0.12,
    scripts: Mapping[str, float] | None = None,
    full_names: Literal["zh", "all"] | None = None,
    phones: Literal["synthetic", "fiction"] = "synthetic",
    messy: bool = False,
    like: Kind | object = None,
) -> Generated:
    """Generate contacts.

    Of the persons 12 % live with another one of the file (one surname, one address; 40 % of the households one land
    line, 10 % one mailbox), 1 % are sons with their father's name and address, 1 % give a role mailbox of their
    company, and a tenth of the companies have one switchboard number for a quarter of their people. Names follow a
    Zipf law over tables of fixed size, so the share of namesakes grows with ``n``. Of the duplicates 50 % are lightly
    altered, 35 % medium, 15 % heavily. E-mail is missing in 11 % of the records, phone in 18 %, birth date in 50 %,
    company in 20 %.

    Args:
        n: How many records.
        seed: The same seed gives the same records, on every platform.
        duplicates: Share of records that repeat a party of another one, 0 to below 1.
        households: Share of persons who live with another person of the file, 0 to .9.
        scripts: Weights of ``latin`` (English, German, French, Spanish), ``zh`` and ``cyrillic`` (Bulgarian); .70,
            .25 and .05 where not given.
        full_names: Add a column ``full_name`` that holds the whole name of Chinese or of all records, whose
            ``given_name`` and ``family_name`` are then missing.
        phones: ``"synthetic"`` draws from whole numbering ranges: valid in form, hardly ever equal by chance, and
            possibly somebody's, so never dial them. ``"fiction"`` takes the small ranges that regulators set aside
            for films (none exist for China, Spain and Bulgaria): for screenshots and documentation, not for measuring.
        messy: Plant errors that a validator should find into about a tenth of the rows; see ``Generated.planted``.
        like: A kind of table by name, or a frame whose kind the records get; a ``RecordSet`` where not given.

    Returns:
        The records with their truth; ``id`` says nothing about it.

    Raises:
        InvalidValueError: A negative ``n``, or a share outside its range.
        NotFoundError: An unknown script.

    Example:
        >>> made = contacts(100, seed=1, scripts={"zh": 1.0}, full_names="zh")
        >>> made.records.column("family_name")[:2], made.records.column("country")[:2]
        ((None, None), ('CN', 'CN'))

    Note:
        O(n log n); of the memory the columns of text take most.

    .. versionadded:: 0.1.0
    """
    shares = _shares(scripts)
    persons_count = _parties(n, duplicates)
    _in_range("households", households, 0.9)
    if full_names not in (None, "zh", "all"):
        raise NotFoundError.of("full_names", full_names, ["zh", "all"])
    if phones not in ("synthetic", "fiction"):
        raise NotFoundError.of("kind of phones", phones, ["synthetic", "fiction"])
    draws = Draws(seed)
    fiction = phones == "fiction"
    people = persons(draws, persons_count, shares, households=households, sons=0.01, roles=0.01, fiction=fiction)
    codes, who, bits, severity = records_of(draws, people, n, fiction=fiction)
    causes = Causes(names=CAUSES, bits=bits)

    def render(start: int, stop: int) -> tuple[Columns, list[Planted]]:
        columns = render_contacts(Rows(codes, causes, people.companies, seed, start, stop), MISSING, full_names)
        return columns, plant(columns, CONTACT_ERRORS, seed=seed, start=start) if messy else []

    return Generated(
        column_names=CONTACT_COLUMNS if full_names is None else ("id", "full_name", *CONTACT_COLUMNS[1:]),
        truth=who,
        causes=causes,
        severity=severity,
        groups=people.households[who],
        like=like,
        render=render,
    )


def accounts(
    n: int,
    *,
    seed: int = 0,
    duplicates: float = 0.35,
    scripts: Mapping[str, float] | None = None,
    phones: Literal["synthetic", "fiction"] = "synthetic",
    messy: bool = False,
    like: Kind | object = None,
) -> Generated:
    """Generate business listings, one party per site.

    A fifth of the companies have branches, which share name, website and often the central phone number and are
    parties of their own; ``groups`` numbers the companies. Of the sites 6 % stand in the building of another company,
    a fifth of these behind its switchboard. A site is listed up to five times, with short and full names, other ways
    to write the legal form, the branch or the operator in the name, and addresses written differently.

    Args:
        n: How many listings.
        seed: The same seed gives the same listings, on every platform.
        duplicates: Share of listings that repeat the site of another one, 0 to .95.
        scripts: As in :func:`contacts`.
        phones: As in :func:`contacts`.
        messy: As in :func:`contacts`.
        like: As in :func:`contacts`.

    Returns:
        The listings with their truth.

    Raises:
        InvalidValueError: A negative ``n``, or a share outside its range.
        NotFoundError: An unknown script.

    Example:
        >>> made = accounts(500, seed=1)
        >>> made, made.records.columns[:3]
        (Generated(500 records of 325 parties), ('id', 'name', 'street'))

    .. versionadded:: 0.1.0
    """
    shares = _shares(scripts)
    sites = _parties(n, duplicates)
    if phones not in ("synthetic", "fiction"):
        raise NotFoundError.of("kind of phones", phones, ["synthetic", "fiction"])
    codes, companies, who, bits, severity = accounts_of(Draws(seed), n, sites, shares, fiction=phones == "fiction")
    causes = Causes(names=ACCOUNT_CAUSES, bits=bits)

    def render(start: int, stop: int) -> tuple[Columns, list[Planted]]:
        columns = render_accounts(Rows(codes, causes, companies, seed, start, stop), ACCOUNT_MISSING)
        return columns, plant(columns, ACCOUNT_ERRORS, seed=seed, start=start) if messy else []

    return Generated(
        column_names=ACCOUNT_COLUMNS,
        truth=who,
        causes=causes,
        severity=severity,
        groups=codes["company"],
        like=like,
        render=render,
    )


def febrl_like(
    n: int,
    *,
    seed: int = 0,
    duplicates: float = 0.50,
    most: int = 5,
    like: Kind | object = None,
) -> Generated:
    """Generate person records as the record linkage literature does, for a second opinion.

    Australian names and addresses with errors of typing, scanning and hearing, swapped and missing fields. The number
    of duplicates of an original follows a Poisson law cut at ``most``; a duplicate has one to eight changes.
    Columns are those of the FEBRL data sets. No code and no table is shared with :func:`contacts`.

    Args:
        n: How many records.
        seed: The same seed gives the same records, on every platform.
        duplicates: Share of records that are duplicates; at most ``most`` for each original.
        most: The most duplicates of one original, at least 1.
        like: As in :func:`contacts`.

    Returns:
        The records with their truth; ``severity`` is the number of changes.

    Raises:
        InvalidValueError: A negative ``n``, or more duplicates than the originals may have.

    Example:
        >>> febrl_like(500, seed=1)
        Generated(500 records of 250 parties)

    Note:
        O(n), record by record: about 3 s for 100,000.

    .. versionadded:: 0.1.0
    """
    originals = _parties(n, duplicates)
    if most < 1 or n - originals > most * originals:
        raise InvalidValueError(f"so many duplicates do not fit on {originals} originals with at most {most} each")
    columns, origin, bits, changes = febrl_records(n, seed=seed, originals=originals, most=most)

    def render(start: int, stop: int) -> tuple[Columns, list[Planted]]:
        return {name: values[start:stop] for name, values in columns.items()}, []

    return Generated(
        column_names=FEBRL_COLUMNS,
        truth=origin,
        causes=Causes(names=FEBRL_CAUSES, bits=bits),
        severity=changes,
        groups=np.full(n, -1, dtype=np.int64),
        like=like,
        render=render,
    )


def _parties(n: int, duplicates: float) -> int:
    if n < 0:
        raise InvalidValueError("n must not be negative")
    _in_range("duplicates", duplicates, 0.95)
    return n - min(round(duplicates * n), max(n - 1, 0))


def _in_range(name: str, share: float, most: float) -> None:
    if not 0 <= share <= most:
        raise InvalidValueError(f"{name} must be a share from 0 to {most}")


def _shares(scripts: Mapping[str, float] | None) -> dict[str, float]:
    shares = dict(SHARES if scripts is None else scripts)
    for script, share in shares.items():
        if script not in SCRIPTS:
            raise NotFoundError.of("script", script, SCRIPTS)
        if not 0 <= share < float("inf"):
            raise InvalidValueError(f"the weight of script {script!r} must be a number from 0 on")
    total = sum(shares.values())
    if not total:
        raise InvalidValueError("scripts must give at least one script a weight")
    return {script: share / total for script, share in sorted(shares.items())}
