"""A value where a name was expected: the message says what belongs there, and not what was given."""

import traceback

import pytest

from crmkit import masking
from crmkit.encryption import Field, Keyring, open_file, seal_file
from crmkit.errors import CrmkitError, InvalidValueError, NotFoundError

SECRET = "ann@secret.example"

CALLS = {
    "encrypt": lambda box, field: box.encrypt(SECRET, field, record=1),
    "encrypt by name": lambda box, field: box.encrypt(SECRET, "email", record=1),
    "encrypt bytes": lambda box, field: box.encrypt(SECRET.encode(), field, record=1),
    "encrypt nothing": lambda box, field: box.encrypt(None, field, record=1),
    "encrypt a column": lambda box, field: box.encrypt_column([SECRET], field, records=[1]),
    "decrypt": lambda box, field: box.decrypt(SECRET, field, record=1),
    "value as token": lambda box, field: box.decrypt(field, SECRET, record=1),
    "terms": lambda box, field: box.terms(SECRET, field),
    "terms, index": lambda box, field: box.terms(field, "unique", SECRET),
    "index of a column": lambda box, field: box.index_column(field, "unique", [SECRET]),
    "index values": lambda box, field: box.index_values(SECRET, field),
    "matches": lambda box, field: box.matches(field, SECRET, "token", record=1),
    "prefix": lambda box, field: box.prefix(SECRET),
    "id as key": lambda box, field: box.seal({"id": SECRET, "email": "x"}, key=SECRET),
    "mask": lambda box, field: masking.mask("email", SECRET),
    "fields": lambda box, field: box.ring.box(SECRET),
    "one field": lambda box, field: box.ring.box(field),
    "values as fields": lambda box, field: box.ring.box([SECRET]),
}


def test_a_keyring_says_what_it_is_given_in_which_order(tmp_path, ring, wrapper):
    path = tmp_path / "acme.keyset"
    for call in (
        lambda: Keyring.load(wrapper, wrapper=path),
        lambda: Keyring.load(path, wrapper=str(tmp_path / "kek.key")),
        lambda: Keyring.create(wrapper, wrapper=path),
    ):
        with pytest.raises(InvalidValueError, match="its path, then wrapper= that unwraps it"):
            call()
    for over in (seal_file, open_file):
        with pytest.raises(InvalidValueError, match=r"the keyring comes first, not a \w+Path; then"):
            over(path, ring, path, context={"kind": "export"})


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_message_shows_a_value_in_the_wrong_place(box, email, call):
    with pytest.raises(CrmkitError) as caught:
        call(box, email)
    said = "".join(traceback.format_exception_only(caught.value)) + repr(vars(caught.value))
    assert SECRET not in said
    assert len(str(caught.value)) > 20


def test_a_person_without_a_key_is_not_named(ring, store):
    note = Field("contacts.note", subject=True)
    box = ring.box([note], subjects=store)
    token = box.encrypt(note, "x", record=1, subject="somebody")
    with pytest.raises(NotFoundError, match=r"^the subject has no key$"):
        box.decrypt(note, token, record=1, subject=SECRET)


def test_a_slip_in_a_name_is_still_understood(box):
    with pytest.raises(NotFoundError, match=r"^unknown field; did you mean 'contacts\.email'\?$"):
        box.encrypt("contacts.emial", "x", record=1)
    with pytest.raises(NotFoundError, match=r"^unknown index; known: 'unique'$"):
        box.terms("email", "x", "other")
