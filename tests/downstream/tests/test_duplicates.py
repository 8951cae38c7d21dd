"""Looking a contact up while it is entered: right, and cheap enough that nobody notices."""

from __future__ import annotations

import uuid

from crmkit.testing import generate

from contact_service.duplicates import Duplicates
from contact_service.storage import Contact


def people(n: int) -> list[Contact]:
    made = generate.contacts(n, seed=7, duplicates=0.0).columns
    names = (f"{given} {family}" for given, family in zip(made["given_name"], made["family_name"], strict=True))
    return [
        Contact(
            id=uuid.UUID(int=row), full_name=name, **dict(zip(("email", "phone", "city", "country"), rest, strict=True))
        )
        for row, (name, *rest) in enumerate(
            zip(names, made["email"], made["phone"], made["city"], made["country"], strict=True)
        )
    ]


def test_a_new_contact_is_looked_up_among_two_thousand(took: list[float]) -> None:
    known = people(2_000)
    duplicates = Duplicates(known)
    for contact in known[::10]:
        entered = Contact(full_name=contact.full_name.upper(), email=contact.email, city=contact.city)
        found = duplicates.like(entered)
        took.append(found.cpu_ms)
        if contact.email is not None:
            assert found.hits[0].record_id == str(contact.id)


def test_an_empty_service_finds_nothing_and_then_its_first_contact() -> None:
    duplicates = Duplicates([])
    ana = Contact(id=uuid.UUID(int=1), full_name="Ana Example", email="ana@example.com")
    assert not duplicates.like(ana).hits
    duplicates.keep(ana)
    [hit] = duplicates.like(Contact(full_name="Ana Example", email="ana@example.com")).hits
    assert hit.record_id == str(ana.id)
