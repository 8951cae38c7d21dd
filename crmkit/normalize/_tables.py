"""Read the small reference tables in ``crmkit/data``; each is read once, when something first needs it."""

from __future__ import annotations

from importlib.resources import files


def lines(name: str) -> list[str]:
    """Return the lines of the table ``name`` without its header, comments and blank lines.

    Example:
        >>> lines("zh_surnames.txt")[0]
        '9520: 王'
    """
    text = (files("crmkit") / "data" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pairs(name: str) -> list[tuple[str, str]]:
    """Return the ``key: value`` lines of the table ``name``, in order.

    Example:
        >>> pairs("nicknames.txt")[0][0]
        'william'
    """
    split = (line.partition(": ") for line in lines(name))
    return [(key, value) for key, _, value in split]


def sections(name: str) -> dict[str, list[str]]:
    """Return the lines of the table ``name`` under each ``[section]`` heading.

    Example:
        >>> "given_particle" in sections("person_words.txt")
        True
    """
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines(name):
        if line.startswith("[") and line.endswith("]"):
            current = found.setdefault(line[1:-1], [])
        else:
            current.append(line)
    return found
