"""What callers hand in, looked at before it is used: keys, signers and witnesses are easily taken for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import InvalidValueError

from ._note import NoteVerifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._witness import Witness

__all__ = ["check_signer", "read_keys", "read_notes", "read_witnesses"]


def read_keys(keys: Iterable[NoteVerifier], what: str = "keys") -> tuple[NoteVerifier, ...]:
    """Return public keys, each once.

    Raises:
        InvalidValueError: It is one alone, or something else, such as the signer.
    """
    found = _listed(keys, what, "NoteVerifier")
    for one in found:
        if not isinstance(one, NoteVerifier):
            raise InvalidValueError(
                f"{what}= takes public keys, and one is a {type(one).__name__}: "
                "signer.verifier, or NoteVerifier.parse(text)"
            )
    return tuple(dict.fromkeys(found))  # type: ignore[arg-type]  # each was looked at


def read_witnesses(witnesses: Iterable[Witness]) -> tuple[Witness, ...]:
    """Return witnesses.

    Raises:
        InvalidValueError: It is one alone, or something that has not the methods of one, such as a path.
    """
    found = _listed(witnesses, "witnesses", "Witness")
    for one in found:
        if not all(callable(getattr(one, name, None)) for name in ("latest", "observe")):
            raise InvalidValueError(
                f"witnesses= takes witnesses, and one is a {type(one).__name__}: FileWitness(path), for instance"
            )
    return found  # type: ignore[return-value]  # each was looked at


def read_notes(notes: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return signed checkpoints that were kept.

    Raises:
        InvalidValueError: It is one alone, or something else, such as a path.
    """
    found = _listed(notes, "trusted", "bytes")
    for one in found:
        if not isinstance(one, bytes):
            raise InvalidValueError(f"trusted= takes signed checkpoints as bytes, and one is a {type(one).__name__}")
    return found  # type: ignore[return-value]  # each was looked at


def check_signer(signer: object) -> None:
    """Raise unless it signs, or is ``None``.

    Raises:
        InvalidValueError: It is the public key, a secret in text, or something else.
    """
    if signer is not None and not isinstance(getattr(signer, "verifier", None), NoteVerifier):
        raise InvalidValueError(f"signer= takes a NoteSigner, not a {type(signer).__name__}: NoteSigner.parse(secret)")


def _listed(given: Iterable[object], what: str, kind: str) -> tuple[object, ...]:
    this: object = given
    if isinstance(this, str | bytes) or not hasattr(this, "__iter__"):
        raise InvalidValueError(f"{what}= takes a list of {kind}, even of one, not a {type(this).__name__}")
    return tuple(given)
