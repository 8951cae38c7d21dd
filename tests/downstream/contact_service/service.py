"""The service itself: every answer goes through the policy, every change into the log."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, cast

from crmkit import permissions
from crmkit.audit import Event, Log
from crmkit.encryption import Keyring
from crmkit.errors import NotFoundError
from crmkit.permissions import Assignment, FieldViolation, OrgChart, View
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from .duplicates import Duplicates
from .entry import CONTACTS, NewContact, problems
from .storage import Base, Contact, open_box

Changes = Mapping[str, tuple[str | None, str | None]]
POLICY = permissions.Policy.load(Path(__file__).with_name("policy.toml"))


@dataclass(frozen=True)
class Service:
    """What every request needs."""

    database: Engine
    access: permissions.Engine
    log: Log
    duplicates: Duplicates


def start(database: Engine, *, ring: Keyring, log: Log, held: Iterable[Assignment], people: OrgChart) -> Service:
    """Open the keys, make the tables that are missing, and learn what is there."""
    open_box(ring)
    Base.metadata.create_all(database)
    access = permissions.Engine(POLICY, held, org=people, audit=log, record="sensitive")
    with Session(database) as session:
        return Service(database, access, log, Duplicates(session.scalars(select(Contact))))


def of_request(request: Request) -> Service:
    """Return the service that was started."""
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(of_request)]


def who(service: Here, x_user: Annotated[str, Header()]) -> View:
    """Return what the caller may do. Whoever is in front of this service has made sure of the name."""
    try:
        return service.access.view(x_user)
    except NotFoundError:
        raise HTTPException(401, "nobody of that name works here") from None


Me = Annotated[View, Depends(who)]
app = FastAPI(title="Contacts")


@app.post("/contacts", status_code=201)
def create(entry: NewContact, me: Me, service: Here) -> dict[str, Any]:
    """Take in a contact, and say which ones it looks like."""
    right(entry)
    owner = service.access.org.get(me.principal)
    values = entry.model_dump() | {"owner_id": owner.id, "team_id": owner.teams[0]}
    allowed(me.check_create("contact", values))
    contact = Contact(id=uuid.uuid4(), **values)
    found = service.duplicates.like(contact)
    with Session(service.database, expire_on_commit=False) as session:
        session.add(contact)
        session.flush()
        changes = {name: (None, value) for name, value in values.items()}
        commit(session, service.log, "contact.create", actor=owner.id, contact=contact, changes=changes)
    service.duplicates.keep(contact)
    looks_like = [{"id": hit.record_id, "probability": hit.match_probability} for hit in found.hits]
    return {"id": contact.id, "looks_like": looks_like, "search_cpu_ms": found.cpu_ms}


@app.get("/contacts")
def search(me: Me, service: Here, email: str | None = None) -> list[dict[str, object]]:
    """Return the contacts that the caller may read, each as the caller may see it."""
    wanted = select(Contact).where(me.filter("read", "contact").to_sqlalchemy(Contact)).order_by(Contact.full_name)
    if email is not None:
        allowed(me.check_query("contact", where=["email"]))
        wanted = wanted.where(Contact.email == email)
    with Session(service.database) as session:
        return [me.project("contact", contact) for contact in session.scalars(wanted)]


@app.patch("/contacts/{contact_id}")
def change(contact_id: uuid.UUID, patch: dict[str, str | None], me: Me, service: Here) -> dict[str, object]:
    """Change some fields of a contact; the whole must be right afterwards."""
    with Session(service.database, expire_on_commit=False) as session:
        contact = session.get(Contact, contact_id, with_for_update=True)
        if contact is None or not me.allows("read", "contact", contact):
            raise HTTPException(404, "no such contact")
        before = {name: getattr(contact, name) for name in NewContact.model_fields}
        entry = entered(before | patch)
        allowed(me.check_write("contact", contact, patch))
        after = entry.model_dump()
        changes = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
        for name, (_, value) in changes.items():
            setattr(contact, name, value)
        session.flush()
        commit(session, service.log, "contact.update", actor=me.principal, contact=contact, changes=changes)
        service.duplicates.keep(contact)
        return me.project("contact", contact)


def commit(session: Session, log: Log, action: str, *, actor: str, contact: Contact, changes: Changes) -> None:
    """Commit a change between two events: what is attempted, with its values, and how it ended."""
    request = uuid.uuid4().hex
    log.record_change(f"{action}.attempt", actor=actor, resource=contact.ref, changes=changes, request=request)
    ended = partial(Event, action=action, actor=actor, resource=contact.ref, fields=tuple(changes), request=request)
    try:
        session.commit()
    except DBAPIError as error:
        if not error.connection_invalidated:  # else nobody knows yet, and the attempt stays without an end
            log.append(ended(outcome="failed"))
        raise
    log.append(ended(outcome="ok"))


def entered(values: dict[str, Any]) -> NewContact:
    """Return a contact that is right in itself and as a whole."""
    try:
        entry = NewContact.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError(error.errors(), body=values) from None
    right(entry)
    return entry


def right(entry: NewContact) -> None:
    """Refuse what breaks a rule over several fields; each field by itself is right already."""
    report = CONTACTS.check_record(entry.model_dump())
    if not report.ok:
        raise HTTPException(422, problems(report))


def allowed(violations: list[FieldViolation]) -> None:
    """Refuse what the policy does not allow."""
    if violations:
        raise HTTPException(403, [str(one) for one in violations])


@app.exception_handler(RequestValidationError)
def not_understood(_request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer with all that is wrong at once: what the model refused, and what the rules over all fields say."""
    is_record = isinstance(error.body, dict)
    found = problems(CONTACTS.check_record(cast("dict[str, object]", error.body))) if is_record else []
    said = {one["path"] for one in found}
    refused = [{"path": str(one["loc"][-1]), "message": one["msg"]} for one in error.errors()]
    return JSONResponse({"detail": found + [one for one in refused if one["path"] not in said]}, 422)


@app.exception_handler(IntegrityError)
def taken(_request: Request, _error: IntegrityError) -> JSONResponse:
    """Answer without the database's own words, which quote the row."""
    return JSONResponse({"detail": "there is a contact with this e-mail address"}, 409)
