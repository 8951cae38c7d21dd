"""What to write instead of a name or a keyword that crmkit does not have; loaded only when somebody asks for one."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from crmkit._nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["no_such_keyword", "no_such_name", "takes_its_keywords"]

P = ParamSpec("P")
T = TypeVar("T")

_NAMES = {
    **dict.fromkeys(("deduplicate", "dedup", "find_duplicates", "drop_duplicates", "match"), "crmkit.dedupe"),
    **dict.fromkeys(("write_csv", "to_csv", "save_csv"), "crmkit.files.write_csv"),
    **dict.fromkeys(("load_csv", "open_csv", "import_csv"), "crmkit.read_csv"),
    **dict.fromkeys(("load_excel", "open_excel", "read_xlsx"), "crmkit.read_excel"),
    **dict.fromkeys(("validate", "clean", "lint"), "crmkit.check"),
    **dict.fromkeys(("merge", "merge_duplicates", "golden_records"), "result.merge() of what crmkit.dedupe returns"),
    **dict.fromkeys(("fix", "fixes"), "report.fixes() of what crmkit.check returns"),
    **dict.fromkeys(("compare", "diff"), "crmkit.reconcile"),
    **dict.fromkeys(("join", "record_linkage"), "crmkit.link"),
    "encrypt": "crmkit.encryption.Keyring",
    "mask": "crmkit.masking.mask",
    "Email": "crmkit.validators.Email",
    "Phone": "crmkit.validators.Phone",
    "Required": "crmkit.validators.Required",
    "Matcher": "crmkit.matching.Matcher",
    "Engine": "crmkit.permissions.Engine",
    "Policy": "crmkit.permissions.Policy",
    "Keyring": "crmkit.encryption.Keyring",
    "ChangeLog": "crmkit.changes.ChangeLog",
}
"""Where people find what they look for under a name that crmkit does not have; a test imports each of them."""

_KEYWORDS = {
    **dict.fromkeys(("sep", "delim", "separator"), ("delimiter",)),
    **dict.fromkeys(("encoding_errors", "on_bad_lines"), ("errors",)),
    **dict.fromkeys(("header", "names"), ("has_header", "header_row")),
    "sheet_name": ("sheet",),
    **dict.fromkeys(("on", "by", "subset"), ("comparisons", "key")),
    **dict.fromkeys(("id", "id_column", "index_col", "left_on", "right_on"), ("key",)),
    **dict.fromkeys(("min_score", "cutoff", "min_similarity"), ("threshold",)),
    **dict.fromkeys(("atol", "rtol"), ("tolerance",)),
    **dict.fromkeys(("language", "locale"), ("lang",)),
    **dict.fromkeys(("region", "default_region"), ("country",)),
    **dict.fromkeys(("rules",), ("schema",)),
    **dict.fromkeys(("random_state",), ("seed",)),
}
"""Words of other libraries, and the settings here that do what they do, the likeliest first."""

_SAID = {
    "keep": "nothing is dropped here; which value of a group stays is said by the rules of merge()",
    "inplace": "nothing is changed in place; what is made is returned",
    "dtype": "every cell is read as text; check() says what a column holds",
    "usecols": "every column is read; choose among them in the table",
}


def no_such_name(name: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that the package does not have.

    Example:
        >>> no_such_name("write_csv", ["read_csv"])
        "module 'crmkit' has no attribute 'write_csv'; use crmkit.files.write_csv"
    """
    said = f"module 'crmkit' has no attribute {name!r}"
    if name in _NAMES:
        return f"{said}; use {_NAMES[name]}"
    near = None if name.startswith("_") else did_you_mean(name, known)  # tools ask for many private names
    return said + (f"; did you mean {near!r}?" if near else "")


def no_such_keyword(name: str, known: Iterable[str]) -> str:
    """Return what to write instead of a keyword, as the end of a sentence; empty where nothing is near.

    Example:
        >>> no_such_keyword("sep", ["delimiter", "errors"])
        '; use delimiter='
        >>> no_such_keyword("treshold", ["threshold"])
        "; did you mean 'threshold'?"
    """
    settings = set(known)
    meant = [f"{other}=" for other in _KEYWORDS.get(name, ()) if other in settings]
    if meant:
        return f"; use {' or '.join(meant)}"
    if name in _SAID:
        return f"; {_SAID[name]}"
    near = did_you_mean(name, settings)
    return f"; did you mean {near!r}?" if near else ""


def takes_its_keywords(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function say, of a keyword that it does not take, which one is meant; it stays a ``TypeError``."""
    import inspect  # a misspelt name alone does not pay for it

    known = frozenset(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        for name in kwargs:
            if name not in known:
                message = f"{function.__name__}() takes no keyword {name!r}{no_such_keyword(name, known)}"
                raise TypeError(message)
        return function(*args, **kwargs)

    return checked
