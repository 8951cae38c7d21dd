"""A world that exercises everything, random conditions over it, and a slow evaluator that is obviously right."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from crmkit.permissions import Field, Principal, Resource, context, principal, record
from crmkit.permissions._conditions._atoms import Compare, Contains, HasText, In, IsNull, StartsWith, Under
from crmkit.permissions._conditions._operands import NOW, Now, PrincipalValue, RecordValue
from crmkit.permissions._conditions._tree import FALSE, TRUE, All, Const, Not
from crmkit.permissions._conditions._tree import Any as AnyOf

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
FIELDS = {
    "owner_id": Field(), "team_id": Field(), "region": Field(), "tenant_id": Field(), "stage": Field(),
    "note": Field(collation="binary"), "other": Field(collation="binary"), "score": Field("int"), "limit": Field("int"),
    "ratio": Field("float"), "active": Field("bool"), "due": Field("date"), "seen": Field("datetime"),
    "amount": Field("decimal"), "tags": Field("list"),
}  # fmt: skip
DEAL = Resource(
    "deal", fields=FIELDS, actions=["read", "create", "update", "delete", "export"], owner="owner_id", team="team_id",
    territory="region", tenant="tenant_id", groups={"edit": ["create", "update"]}, sensitive_actions=["export"],
)  # fmt: skip
PRINCIPAL_TYPES = {"grade": "int", "city": "str", "codes": "list", "prefix": "str"}
CONTEXT_TYPES = {"channel": "str", "level": "int"}
HOSTILE = ["", "a", "A", "ab", "aB", "EMEA", "emea", "emea/de", "emea/DE", "emeax", "é", "é", "İ", "ß", "张三",
           "😀", "$1",
           "'; DROP TABLE deal; --", '"', "%", "_", "a%", "\\", "NULL", "a\nb", "x" * 40, "a/b/c", "/"]  # fmt: skip
NUMBERS = [-1, 0, 1, 2, 5, 2**40]
FLOATS = [-1.5, -0.0, 0.0, 0.1, 1.0, 2.5, float("inf")]
DATES = [dt.date(2026, 1, 1), dt.date(2026, 5, 31), dt.date(2026, 6, 1)]
MOMENTS = [AT, AT - dt.timedelta(microseconds=1), AT + dt.timedelta(days=1)]
DECIMALS = [Decimal("0.1"), Decimal("0.10"), Decimal(5), Decimal("5.01"), Decimal(-1)]
LISTS = [[], ["a"], ["a", None], ["A", "b"], [None]]
VALUES: dict[str, list[Any]] = {
    "str": HOSTILE, "int": NUMBERS, "float": FLOATS, "bool": [True, False], "date": DATES, "datetime": MOMENTS,
    "decimal": DECIMALS, "list": LISTS,
}  # fmt: skip


def truth(condition: Any, row: dict[str, Any], who: dict[str, Any], said: dict[str, Any]) -> bool | None:
    """Kleene's logic word by word; knows nothing of normal forms, binding or code."""

    def value(operand: Any) -> Any:
        if isinstance(operand, RecordValue):
            found = row.get(operand.name)
            return None if found != found else found
        if isinstance(operand, PrincipalValue):
            return who.get(operand.name)
        return AT if isinstance(operand, Now) else said.get(operand.name) if hasattr(operand, "eq") else operand

    if isinstance(condition, Const):
        return condition.value
    if isinstance(condition, All):
        parts = [truth(part, row, who, said) for part in condition.parts]
        return False if False in parts else None if None in parts else True
    if isinstance(condition, AnyOf):
        parts = [truth(part, row, who, said) for part in condition.parts]
        return True if True in parts else None if None in parts else False
    if isinstance(condition, Not):
        part = truth(condition.part, row, who, said)
        return None if part is None else not part
    left, right = value(condition.left), value(condition.right)
    if isinstance(condition, IsNull):
        return left is None
    if isinstance(condition, In):
        members = None if right is None else [one for one in right if one is not None]
        if members == []:
            return False
        return None if left is None or members is None else left in members
    if left is None or right is None:
        return None
    if isinstance(condition, Compare):
        order = {"eq": left == right, "ne": left != right}
        if condition.operator in order:
            return order[condition.operator]
        return {"lt": left < right, "le": left <= right, "gt": left > right, "ge": left >= right}[condition.operator]
    if isinstance(condition, Contains):
        return True if right in left else None if None in left else False
    if (
        right.rstrip("/" if isinstance(condition, Under) else "") == ""
        and right.strip("/" if isinstance(condition, Under) else "\0") == ""
    ):
        return None
    if isinstance(condition, HasText):
        return right in left
    if isinstance(condition, StartsWith):
        return left[: len(right)] == right
    assert isinstance(condition, Under)
    parts = right.rstrip("/")
    return left == parts or left[: len(parts) + 1] == parts + "/"


@dataclass(frozen=True)
class Strategies:
    conditions: Any
    rows: Any
    people: Any
    contexts: Any


def strategies(kinds: tuple[str, ...]) -> Strategies:
    """Random conditions over the fields of these types, and random rows, people and contexts for them."""
    from hypothesis import strategies as st

    names = {kind: [name for name, field in FIELDS.items() if field.type == kind] for kind in kinds}
    ordered = {"str": ["note", "other"], "int": names.get("int", [])}
    atoms: list[Any] = []
    for kind in kinds:
        if kind == "list":
            atoms.append(st.builds(lambda v: record.tags.contains(v), st.sampled_from(["a", "A", "b"])))
            atoms.append(st.builds(lambda: record.tags.contains(principal.city)))
            continue
        literal = st.sampled_from(VALUES[kind])
        field = st.sampled_from(names[kind])
        atoms.append(st.builds(lambda n, v, o: getattr(record[n], o)(v), field, literal, st.sampled_from(["eq", "ne"])))
        atoms.append(st.builds(lambda n: record[n].is_null(), field))
        if kind in ("str", "int"):
            atoms.append(st.builds(lambda n, v: record[n].is_in(v), field, st.lists(literal, max_size=3)))
            atoms.append(st.builds(lambda n: record[n].is_in(principal.codes), field))
            order = st.sampled_from(["lt", "le", "gt", "ge", "eq", "ne"])
            pair = st.sampled_from(ordered[kind])
            atoms.append(st.builds(lambda a, b, o: getattr(record[a], o)(record[b]), pair, pair, order))
        if kind not in ("str", "bool"):
            order = st.sampled_from(["lt", "le", "gt", "ge"])
            atoms.append(st.builds(lambda n, v, o: getattr(record[n], o)(v), field, literal, order))
        if kind == "str":
            filled = st.sampled_from([text for text in HOSTILE if text.strip("/")])
            word = st.sampled_from(["has_text", "starts_with", "under"])
            atoms.append(st.builds(lambda n, v, w: getattr(record[n], w)(v), field, filled, word))
            atoms.append(st.builds(lambda n, w: getattr(record[n], w)(principal.prefix), field, word))
            atoms.append(
                st.builds(
                    lambda n, v, o: getattr(record[n], o)(v),
                    st.sampled_from(["note", "other"]),
                    literal,
                    st.sampled_from(["lt", "ge"]),
                )
            )
            atoms.append(st.builds(lambda n: record[n].eq(principal.id), field))
            atoms.append(st.builds(lambda n: principal.city.ne(record[n]), field))
            atoms.append(st.builds(lambda n: record[n].is_in(principal.teams), field))
            atoms.append(st.just(context.channel.eq("web")))
            atoms.append(st.just(principal.city.is_in([])))
            atoms.append(st.just(principal.city.is_null()))
            atoms.append(st.sampled_from([TRUE, FALSE]))
        if kind == "int":
            atoms.append(
                st.builds(
                    lambda n, o: getattr(principal.grade, o)(record[n]), field, st.sampled_from(["lt", "ge", "ne"])
                )
            )
            atoms.append(st.just(context.level.gt(3)))
        if kind == "datetime":
            atoms.append(st.builds(lambda o: getattr(record.seen, o)(NOW), st.sampled_from(["lt", "ge", "eq"])))
            atoms.append(st.just(NOW.lt(AT + dt.timedelta(days=1))))
    atom = st.one_of(atoms)
    conditions = st.recursive(
        atom,
        lambda inner: st.one_of(
            st.builds(lambda parts: All(tuple(parts)), st.lists(inner, max_size=3)),
            st.builds(lambda parts: AnyOf(tuple(parts)), st.lists(inner, max_size=3)),
            st.builds(Not, inner),
        ),
        max_leaves=8,
    )
    rows = st.fixed_dictionaries(
        {
            name: st.one_of(st.none(), st.sampled_from(VALUES[FIELDS[name].type]))
            for kind in kinds
            for name in names[kind]
        }
    )
    text = st.one_of(st.none(), st.sampled_from(HOSTILE))
    named = st.sampled_from([one for one in HOSTILE if one.strip()])  # nobody is called by what is blank
    people = st.fixed_dictionaries({
        "id": named, "tenant": st.one_of(st.none(), named), "teams": st.lists(named, max_size=3),
        "grade": st.one_of(st.none(), st.sampled_from(NUMBERS)), "city": text, "prefix": text,
        "codes": st.one_of(st.none(), st.lists(st.sampled_from(["a", "EMEA", 0, 5]), max_size=3)),
    })  # fmt: skip
    contexts = st.fixed_dictionaries(
        {"channel": st.sampled_from([None, "web"]), "level": st.sampled_from([None, 3, 4])}
    )
    return Strategies(conditions, rows, people, contexts)


def as_principal(who: dict[str, Any]) -> Principal:
    known = {name: who[name] for name in PRINCIPAL_TYPES if name in who}
    return Principal(who["id"], tenant=who["tenant"], teams=who["teams"], attrs=known)


@pytest.fixture(scope="session")
def world() -> Any:
    """All of the above: tests are no package, so a fixture hands it out."""
    return SimpleNamespace(**{name: value for name, value in globals().items() if not name.startswith("_")})
