"""The service as its callers see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from crmkit.audit import NoteSigner, verify

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient
    from httpx2 import Response

    from contact_service.service import Service

ANA = {"full_name": "Ana Example", "email": "Ana@Example.com", "phone": "030 23125 000", "city": "Berlin"}


def create(client: TestClient, entry: dict[str, Any], *, by: str = "ann") -> Response:
    return client.post("/contacts", json=entry, headers={"X-User": by})


def seen(client: TestClient, by: str, **query: str) -> list[dict[str, Any]]:
    answer = client.get("/contacts", params=query, headers={"X-User": by})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def test_what_is_entered_is_kept_in_its_normal_form(client: TestClient) -> None:
    assert create(client, ANA).status_code == 201
    [contact] = seen(client, "ann")
    assert contact["email"] == "Ana@example.com"
    assert contact["phone"] == "+493023125000"


def test_everything_that_is_wrong_is_said_at_once(client: TestClient) -> None:
    wrong = {"full_name": " ", "email": "ana@", "phone": "12", "country": "Atlantis", "fax": "1"}
    answer = create(client, wrong)
    assert answer.status_code == 422
    assert {one["path"] for one in answer.json()["detail"]} == {"full_name", "email", "phone", "country", "fax"}
    assert "ana@" not in answer.text


def test_rules_over_several_fields_are_said_with_those_over_one(client: TestClient) -> None:
    alone = create(client, {"full_name": "Ana Example"})
    both = create(client, {"full_name": "", "country": "Atlantis"})
    assert (alone.status_code, both.status_code) == (422, 422)
    assert len(alone.json()["detail"]) == 1
    assert len(both.json()["detail"]) == 3


def test_a_duplicate_is_warned_of_even_if_the_caller_may_not_see_it(client: TestClient) -> None:
    first = create(client, ANA).json()
    assert first["looks_like"] == []
    again = create(client, {**ANA, "full_name": "Anna Example", "email": "ana.example@example.org"}, by="cleo").json()
    assert [one["id"] for one in again["looks_like"]] == [first["id"]]
    assert again["looks_like"][0]["probability"] > 0.5
    assert "Ana" not in str(again)


def test_a_changed_contact_is_found_as_what_it_is_by_now(client: TestClient) -> None:
    key = create(client, ANA).json()["id"]
    patch = {"full_name": "Berta Muster", "email": "berta@example.net", "phone": "+493023125999", "city": "Bonn"}
    assert client.patch(f"/contacts/{key}", json=patch, headers={"X-User": "ann"}).status_code == 200
    assert create(client, {**ANA, "email": "ana2@example.com"}).json()["looks_like"] == []
    [hit] = create(client, {**patch, "email": "b.muster@example.net"}).json()["looks_like"]
    assert hit["id"] == key


def test_the_database_holds_no_plaintext_and_is_searched_blindly(client: TestClient, service: Service) -> None:
    create(client, ANA)
    create(client, {**ANA, "full_name": "Bo Example", "email": "bo@example.com", "phone": None})
    with service.database.connect() as connection:
        rows = connection.execute(sa.text("SELECT email, phone, email_unique FROM contact")).all()
    assert "example.com" not in str(rows).lower()
    assert "23125000" not in str(rows)
    [found] = seen(client, "sue", email="ANA@example.com")
    assert found["full_name"] == "Ana Example"


def test_rows_are_chosen_and_fields_masked_by_the_policy(client: TestClient) -> None:
    create(client, ANA)
    assert seen(client, "cleo") == []
    [of_team] = seen(client, "bob")
    assert (of_team["email"], of_team["phone"]) == ("A***@example.com", "+493*****5000")
    [of_owner] = seen(client, "ann")
    assert of_owner["email"] == "Ana@example.com"
    [of_support] = seen(client, "sue")
    assert of_support["phone"] == "+493023125000"
    assert not {"email_unique", "phone_last4", "updated_at"} & (of_team.keys() | of_owner.keys())


def test_who_sees_a_mask_may_not_search_under_it(client: TestClient) -> None:
    create(client, ANA)
    answer = client.get("/contacts", params={"email": "ana@example.com"}, headers={"X-User": "bob"})
    assert answer.status_code == 403


@pytest.mark.parametrize(("who", "status"), [("ann", 200), ("bob", 403), ("cleo", 404), ("sue", 403), ("eve", 401)])
def test_only_the_owner_changes_a_contact(client: TestClient, who: str, status: int) -> None:
    key = create(client, ANA).json()["id"]
    answer = client.patch(f"/contacts/{key}", json={"city": "Bonn"}, headers={"X-User": who})
    assert answer.status_code == status, answer.text
    [contact] = seen(client, "ann")
    assert contact["city"] == ("Bonn" if status == 200 else "Berlin")


def test_a_change_that_makes_the_contact_wrong_is_refused(client: TestClient) -> None:
    key = create(client, ANA).json()["id"]
    for patch in ({"email": None, "phone": None}, {"email": "ana@"}, {"owner_id": "bob"}):
        answer = client.patch(f"/contacts/{key}", json=patch, headers={"X-User": "ann"})
        assert answer.status_code == 422, answer.text


def test_a_taken_address_is_refused_and_leaves_no_trace(client: TestClient, service: Service) -> None:
    create(client, ANA)
    events = len(service.log)
    assert create(client, {**ANA, "full_name": "Ana Again"}, by="cleo").status_code == 409
    assert len(service.log) == events


def test_a_commit_that_fails_leaves_an_attempt_that_failed(client: TestClient, service: Service) -> None:
    with service.database.begin() as connection:  # refused at the commit, and not before
        for statement in (
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE unique_violation; END $$",
            """CREATE CONSTRAINT TRIGGER late AFTER INSERT ON contact DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION no()""",
        ):
            connection.execute(sa.text(statement))
    assert create(client, ANA).status_code == 409
    assert seen(client, "ann") == []
    attempt, end = [event for event in service.log if event.action.startswith("contact.create")]
    assert (attempt.action, end.action, end.outcome) == ("contact.create.attempt", "contact.create", "failed")
    assert attempt.request == end.request


def test_the_log_proves_who_did_and_saw_what_and_holds_no_value(
    client: TestClient, service: Service, signer: NoteSigner, tmp_path: Path
) -> None:
    key = create(client, ANA).json()["id"]
    client.patch(f"/contacts/{key}", json={"city": "Bonn"}, headers={"X-User": "ann"})
    client.patch(f"/contacts/{key}", json={"city": "Kiel"}, headers={"X-User": "bob"})
    seen(client, "sue")
    told = [(event.action, event.actor.id if event.actor else "", event.outcome) for event in service.log]
    assert ("contact.create", "ann", "ok") in told
    assert ("contact.update", "ann", "ok") in told
    assert ("contact.update", "bob", "denied") in told
    assert ("contact.read", "sue", "ok") in told
    service.log.close()
    report = verify(tmp_path / "audit", keys=[signer.verifier])
    assert report.ok
    assert report.proved == len(told)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "audit").rglob("*.jsonl"))
    assert b"example.com" not in kept.lower()
    assert b"Ana Example" not in kept
