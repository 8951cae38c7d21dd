"""Unified social credit codes with right check characters, for companies that do not exist."""

from __future__ import annotations

__all__ = ["credit_code"]

_SIGNS36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# GB/T 2260 division codes of the cities in zh.toml, in that order
_DIVISIONS = (
    "110000", "310000", "440100", "440300", "330100", "320100", "320500", "420100", "510100", "610100", "500000",
    "120000", "370200", "430100", "210100", "350200", "410100", "330200",
)  # fmt: skip


def credit_code(place: int, company: int) -> str:
    """Return the code of a company by its number.

    Source:
        GB 32100-2015, section 4 (structure) and annex A (check character); GB 11714-1997 (organization code).

    Example:
        >>> code = credit_code(0, 1)
        >>> len(code), code[:8]
        (18, '91110000')
    """
    digits = f"MA{(company * 2_654_435 + 1_234_567) % 1_000_000:06d}"
    total = sum(weight * _SIGNS36.index(sign) for weight, sign in zip((3, 7, 9, 10, 5, 8, 4, 2), digits, strict=True))
    body = f"91{_DIVISIONS[place]}{digits}{'0123456789X'[-total % 11]}"
    check = -sum(3**at % 31 * _SIGNS.index(sign) for at, sign in enumerate(body)) % 31
    return body + _SIGNS[check]
