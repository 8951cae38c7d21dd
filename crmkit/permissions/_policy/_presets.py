"""Policies in the shape that people know from their CRM, to be copied and changed."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from crmkit.errors import NotFoundError

from ._load import loads

if TYPE_CHECKING:
    from ._policy import Policy

__all__ = ["Preset", "preset", "preset_text"]

Preset: TypeAlias = Literal["salesforce", "dynamics", "hubspot"]
"""Profiles and permission sets, depths, or own/team/all (which is Zoho's way too)."""
_NAMES: Final[tuple[str, ...]] = get_args(Preset)


def preset_text(name: Preset) -> str:
    """Return a preset as the text of a policy file, with its comments, to start a policy of one's own from.

    Raises:
        NotFoundError: There is no such preset.

    Example:
        >>> print(preset_text("hubspot").splitlines()[0])
        # HubSpot- and Zoho-like: each permission is given for owned records, those of the team, or everything.

    .. versionadded:: 0.1.0
    """
    if name not in _NAMES:
        raise NotFoundError.of("preset", name, _NAMES)
    return resources.files(__package__).joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")


def preset(name: Preset) -> Policy:
    """Return a preset.

    Raises:
        NotFoundError: There is no such preset.

    Example:
        >>> sorted(preset("hubspot").roles)
        ['everything', 'owned_only', 'super_admin', 'team_only']

    .. versionadded:: 0.1.0
    """
    return loads(preset_text(name), format="toml")
