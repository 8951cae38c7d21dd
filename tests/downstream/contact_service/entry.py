"""What a contact must be to be taken in."""

from __future__ import annotations

from typing import Annotated

from crmkit.validators import (
    Country,
    Email,
    PersonName,
    Phone,
    Required,
    Schema,
    ValidationReport,
    any_of,
    present,
)
from pydantic import BaseModel, ConfigDict


class NewContact(BaseModel):
    """A contact as somebody typed it in; what is held afterwards is the normal form."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    full_name: Annotated[str, Required() & PersonName()]
    email: Annotated[str | None, Email()] = None
    phone: Annotated[str | None, Phone(default="DE")] = None
    company_name: str | None = None
    city: str | None = None
    country: Annotated[str | None, Country()] = None


CONTACTS = Schema.for_model(NewContact, rules=[any_of(present("email"), present("phone"))])
"""The checks of the model, and what no single field can say."""


def problems(report: ValidationReport) -> list[dict[str, str | None]]:
    """Return everything that is wrong, in words for the person at the form."""
    return [{"path": issue.path, "message": issue.message} for issue in report.issues.filter(severity="error")]
