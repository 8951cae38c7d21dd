"""What is kept, and what of it nobody can read in the database."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from crmkit.encryption import Box, Field, Index, Keyring, encrypted_type
from sqlalchemy import BigInteger, DateTime, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

EMAIL = Field("contact.email", normalizer="email-v1", indexes=[Index.unique()], bound=("owner_id",))
PHONE = Field("contact.phone", normalizer="e164-v1", fixed=16, indexes=[Index.last(4, rows=1_000_000)])

_opened: list[Box] = []


def open_box(ring: Keyring) -> Box:
    """Take the keys into use; once, when the service starts."""
    _opened[:] = [ring.box([EMAIL, PHONE], record_type=uuid.UUID)]
    return _opened[0]


def box() -> Box:
    """Return what encrypts and decrypts."""
    if not _opened:
        raise RuntimeError("the service has not been started: there are no keys yet")
    return _opened[0]


class Base(DeclarativeBase):
    """All tables."""


class Contact(Base):
    """One contact: plaintext in Python, tokens in PostgreSQL."""

    __tablename__ = "contact"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    full_name: Mapped[str]
    email: Mapped[str | None] = mapped_column(encrypted_type(EMAIL, box))
    email_unique: Mapped[str | None] = mapped_column(String(32), unique=True)
    phone: Mapped[str | None] = mapped_column(encrypted_type(PHONE, box))
    phone_last4: Mapped[int | None] = mapped_column(BigInteger, index=True)
    company_name: Mapped[str | None]
    city: Mapped[str | None]
    country: Mapped[str | None]
    owner_id: Mapped[str]
    team_id: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))

    @property
    def ref(self) -> tuple[str, str]:
        """What the audit log calls it."""
        return "contact", str(self.id)
