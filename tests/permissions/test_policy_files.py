"""Policies in files: what is wrong is found with its line, and what is written reads the same."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmkit._canonical import json_bytes
from crmkit.errors import NotFoundError, PolicyFileError, SchemaError
from crmkit.permissions import (
    NOW,
    Custom,
    Exemption,
    Field,
    FieldRule,
    Grant,
    Policy,
    Problem,
    Resource,
    Role,
    SoD,
    context,
    json_schema,
    preset,
    preset_text,
    principal,
    record,
)
from crmkit.permissions._conditions._data import condition_data, read_condition
from crmkit.permissions._conditions._normal import normal
from crmkit.permissions._policy._locate import positions

GOOD = """\
version = 1
predicates = ["in_office"]

[resources.contact]
actions = ["read", "create", "update", "delete", "export"]
owner = "owner_id"
team = "team_id"
territory = "territory"
tenant = "tenant_id"
groups = { edit = ["create", "update"] }
[resources.contact.fields]
name = { type = "str" }
email = { type = "str", sensitivity = "pii", mask = "email" }
credit_limit = { type = "decimal", sensitivity = "finance" }
ratio = { type = "float" }
born = { type = "date" }
seen = { type = "datetime" }
no_export = { type = "bool" }
[resources."bill of \\"lading\\""]
actions = ["read"]
tenant = "tenant_id"

[roles.sales]
kind = "profile"
grants = [
  { actions = ["read"], resource = "contact", scope = "team" }, # a comment, with [brackets]
  { actions = ["edit"], resource = "contact", scope = "own", when = { any = [
    { gt = ["record.credit_limit", 0.5] }, { lt = ["record.ratio", 0.5] }, { ge = ["record.born", 2000-01-01] },
    { lt = ["record.seen", "now"] }, { custom = "in_office" }, { not = { is_null = ["record.name"] } },
  ] } },
]
fields = [
  { resource = "contact", sensitivity = "pii", level = "write", scope = "own" },
  { resource = "contact", sensitivity = "pii", level = "masked", scope = "team" },
]
[roles.sales_manager]
inherits = ["sales"]
grants = [
  { actions = ["read", "export"], resource = "contact", scope = ["reports", "territory"] },
  { effect="deny", actions="export", resource="contact", when = { eq = ["record.no_export", true] }, reason = "no" },
]

[[sod]]
name = "four eyes"
members = ["contact.create", "contact.export"]
at_most = 1
[[sod.exceptions]]
principal = "u3"
until = 2026-12-31T00:00:00Z
approver = "u1"
reason = "year end"
"""


def problems(text: str, *, form: str = "toml") -> list[str]:
    with pytest.raises(PolicyFileError) as caught:
        getattr(Policy, f"from_{form}")(text)
    assert [str(one) for one in caught.value.problems] == str(caught.value).splitlines()
    assert all(isinstance(one, Problem) for one in caught.value.problems)
    return str(caught.value).splitlines()


def test_a_file_is_read_and_means_what_python_says() -> None:
    policy = Policy.from_toml(GOOD)
    sales = policy.roles["sales"]
    assert sales.grants[0] == Grant("read", "contact", scope="team")
    assert sales.grants[1].when == (
        record.credit_limit.gt(Decimal("0.5")) | record.ratio.lt(0.5) | record.born.ge(dt.date(2000, 1, 1))
        | record.seen.lt(NOW) | Custom("in_office") | ~record.name.is_null()
    )  # fmt: skip
    assert policy.sod[0].exceptions[0].until == dt.datetime(2026, 12, 31, tzinfo=dt.UTC)
    assert policy.role("sales_manager").grants[1].reason == "no"
    with pytest.raises(NotFoundError, match="did you mean"):
        policy.role("salse")


def test_every_problem_is_reported_with_its_line() -> None:
    text = (
        GOOD.replace('["read"], resource = "contact", scope = "team"', '["raed"], resource = "contact", scope = "team"')
        .replace('inherits = ["sales"]', 'inherits = ["salse"]')
        .replace('"record.no_export", true', '"record.no_exprot", true')
        .replace('"contact.export"]', '"contact.exprot"]')
        .replace('mask = "email"', 'mask = "emial"')
    )
    field = 'unknown field of resource "contact" "no_exprot"; did you mean "no_export"? [P103]'
    field = f"policy:40: [roles.sales_manager.grants.1.when] {field}"
    assert problems(text) == [
        'policy:13: [resources.contact.fields.email] unknown mask "emial"; did you mean "email"? [P105]',
        'policy:26: [roles.sales.grants.0] unknown action of resource "contact" "raed"; did you mean "read"? [P102]',
        'policy:37: [roles.sales_manager.inherits] unknown role "salse"; did you mean "sales"? [P101]',
        field,
        'policy:43: [sod.0] unknown action of resource "contact" "exprot"; did you mean "export"? [P102]',
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("version = 2", "policy:1: [version] must be 1, the version that is known [P002]"),
        ("version = true", "policy:1: [version] must be 1, the version that is known [P002]"),
        ("", 'policy: needs "version" [P003]'),
        ("version = 1\nresources = 3", "policy:2: [resources] must be a table [P002]"),
        ("version = 1\n[resources]\ndeal = 3", "policy:3: [resources.deal] must be a table [P002]"),
        ("version = 1\n[resources.deal]", 'policy:2: [resources.deal] needs "actions" [P003]'),
        (
            "version = 1\n[resources.deal]\nactions = [1]",
            "policy:3: [resources.deal.actions] must be text, or a list of texts [P002]",
        ),
        (
            "version = 1\n[resources.deal]\nactions = ['a']\nowner = 1",
            "policy:4: [resources.deal.owner] must be text [P002]",
        ),
        (
            "version = 1\n[roles.r]\nkind = 'profil'",
            'policy:3: [roles.r.kind] unknown kind "profil"; did you mean "profile"? [P104]',
        ),
        ("version = 1\n[roles.r]\nprivileged = 1", "policy:3: [roles.r.privileged] must be true or false [P002]"),
        (
            "version = 1\n[roles.r]\nmax_members = 0",
            "policy:3: [roles.r.max_members] must be a whole number from 1 [P002]",
        ),
        ("version = 1\n[roles.r]\ngrants = 1", "policy:3: [roles.r.grants] must be a list of tables [P002]"),
        ("version = 1\n[roles.r]\ngrants = [1]", "policy:3: [roles.r.grants.0] must be a table [P002]"),
        (
            "version = 1\nroles.r.x.y = 1",
            (
                'policy:2: [roles.r.x] unknown key "x"; known: "kind", "inherits", "grants", "fields", "function", '
                '"owner", "description", "privileged", "max_members", "requires" [P001]'
            ),
        ),
        ("version = 1\ninclude = ['x.toml']", "policy: [include] only files can include files [P005]"),
        ("version = ", "policy:1: not TOML: Invalid value (at end of document) [P000]"),
        ("version = 1\nx = [" + "[" * 3000 + "]" * 3000 + "]", "policy: nested too deeply [P000]"),
    ],
)
def test_shapes_that_are_wrong_are_named(text: str, wanted: str) -> None:
    found = problems(text)
    if "P000" in wanted:
        assert found[0].split(":")[0] == "policy"
        assert found[0].endswith("[P000]")
    else:
        assert wanted in found


ROLE = "version = 1\n[resources.deal]\nactions = ['read']\n[resources.deal.fields]\nn = {{ type = 'int' }}\ns = {{}}\n"
ROLE += "[roles.r]\ngrants = [{{ actions = ['read'], resource = 'deal', scope = 'all', when = {} }}]"


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("{}", "a condition is a table with one key"),
        ("{ eq = 1, ne = 2 }", "a condition is a table with one key"),
        ("{ eqq = ['record.n', 1] }", 'unknown condition "eqq"; did you mean "eq"'),
        ("{ eq = ['record.n'] }", "eq has an operand and a value"),
        ("{ eq = 'record.n' }", "eq has a list"),
        ("{ eq = ['n', 1] }", "eq begins with an operand"),
        ("{ in = ['record.n', 1] }", "in has a list, or an operand"),
        ("{ is_null = 1 }", "is_null names an operand"),
        ("{ is_null = ['record.n', 'record.s'] }", "is_null names an operand"),
        ("{ always = 1 }", "always is true or false"),
        ("{ custom = 1 }", "custom names a predicate"),
        ("{ custom = 'x' }", 'unknown predicate "x"'),
        ("{ all = 1 }", "all has a list"),
        ("{ eq = ['record.n', { dat = 'x' }] }", "a value with its type"),
        ("{ eq = ['record.n', { date = 'x' }] }", "that is no date"),
        ("{ eq = ['record.n', { decimal = 'x' }] }", "that is no decimal"),
        ("{ eq = ['record.n', 2026-01-01T00:00:00] }", "needs a time zone"),
        ("{ eq = ['record.n', 'x'] }", "record.n is int and cannot be compared with str"),
        ("{ eq = ['record.s', 'record.n'] }", "record.s is str and cannot be compared with record.n, which is int"),
        ("{ lt = ['record.s', 'x'] }", "text without a declared order"),
        ("{ has_text = ['record.n', 'x'] }", "must be text"),
        ("{ has_text = ['record.s', 'record.s'] }", "not with another field"),
        ("{ starts_with = ['record.s', ''] }", "not empty"),
        ("{ contains = ['record.s', 'x'] }", "must be a list"),
        ("{ in = ['record.n', ['x']] }", "record.n is int; in has a str"),
        ("{ in = ['record.n', 'record.s'] }", "needs a list behind in"),
        ("{ eq = ['record.s', 'principal.teams'] }", "is a list; ask for a member with contains"),
        ("{ eq = ['principal.grade', 1] }", 'unknown principal attribute "grade"'),
        ("{ eq = ['context.chanel', 'x'] }", 'unknown context value "chanel"'),
    ],
)  # fmt: skip
def test_conditions_that_are_wrong_are_named(when: str, wanted: str) -> None:
    (found,) = problems(ROLE.format(when))
    assert wanted in found
    assert found.startswith("policy:8: [roles.r.grants.0.when]")
    assert found.endswith("[P103]")


def test_types_that_cannot_be_compared_are_named() -> None:
    resource = Resource("deal", actions=["read"], fields={
        "flag": Field("bool"), "tags": Field("list"), "amount": Field("decimal"), "n": Field("int")})  # fmt: skip
    for when, wanted in [
        (record.flag.lt(True), "bool and has no order"),
        (record.tags.contains(principal.teams), "its member a literal"),
        (record.tags.contains(1.5), "members that are text or integers"),
        (record.tags.is_in(["a"]), "is list; in has"),
        (record.amount.is_in(principal.teams), "only text and integers can be members"),
        (record.amount.eq(True), "cannot be compared with bool"),
        (record.n.is_in([True]), "in has a bool"),
    ]:
        with pytest.raises(PolicyFileError, match=wanted):
            Policy([resource], [Role("r", grants=[Grant("read", "deal", scope="all", when=when)])])
    fine = [
        record.tags.contains(1),
        record.tags.contains("a"),
        record.n.is_in([1]),
        record.amount.is_in([Decimal(1), 2]),
    ]
    Policy([resource], [Role("r", grants=[Grant("read", "deal", scope="all", when=when) for when in fine])])


def test_parts_that_contradict_are_refused_together() -> None:
    one = Resource(
        "a",
        actions=["read", "create"],
        fields={"x": Field("int", mask="email"), "owner": Field("int")},
        owner="owner",
        groups={"read": ["create"], "g": ["nope"]},
        sensitive_actions=["nope"],
        default_scope="team",
    )
    odd: Any = Resource("b", actions=["read"], default_scope="evrything")  # type: ignore[arg-type]
    rules = [
        FieldRule("a", "read"),
        FieldRule("a", "read", fields="zz", scope="all"),
        FieldRule("a", "read", sensitivity="q", scope="all"),
        FieldRule("a", "raed", fields="x", sensitivity="internal", scope="all"),  # type: ignore[arg-type]
        FieldRule("a", "masked", fields="x", scope="all", mask="nope"),
        FieldRule("zz", "read", fields="x", scope="all"),
    ]
    grants = [Grant("read", "zz", scope="all"), Grant((), "a", scope="all"), Grant("read", "b", scope="own"),
              Grant("read", "a", scope="own", id="same"), Grant("create", "a", scope="own", id="same")]  # fmt: skip
    sod = [SoD("s", members=["x.y", "r"]), SoD("s", members=["a.nope", "r", "r"]), SoD("one", members=["r"]),
           SoD("rec", members=["a.read", "b.read"], kind="record")]  # fmt: skip
    with pytest.raises(PolicyFileError) as caught:
        Policy(
            [one, one, odd],
            [Role("r", grants=grants, field_rules=rules, requires=["zz"])],
            sod=sod,
            principal={"id": "str", "x": "strr"},
            context={"c": "nope"},
            masks={"email": "phone", "m": "nope"},
        )
    text = str(caught.value)
    for wanted in (
        '[resources.a] "a" is there twice',
        'mask "email" is for text',
        "it must be text",
        '"read" is an action already',
        'unknown action of resource "a" "nope"',
        'scope "team" needs a column',
        'unknown scope "evrything"',
        "names fields or a sensitivity",
        'unknown field of resource "a" "zz"',
        'unknown sensitivity of resource "a" "q"',
        'unknown level "raed"; did you mean "read"',
        'unknown mask "nope"',
        'unknown resource "zz"',
        "a grant needs an action",
        'scope "own" needs a column',
        'rule id "same" is there twice',
        'unknown role or permission "x.y"',
        '[sod.s] "s" is there twice',
        "separates nothing",
        "separation on one record",
        'every principal has "id" already',
        'unknown type "strr"; did you mean "str"',
        '"email" is a mask already',
        'unknown role "zz"',
    ):
        assert wanted in text, wanted
    assert "and" not in text.splitlines()[-1].split()[:1]
    many = [Role(f"r{number}", inherits=["zz"]) for number in range(60)]
    with pytest.raises(PolicyFileError, match="and 10 more"):
        Policy([], many)
    for wrong in (
        lambda: Field("text"),
        lambda: Grant("a", "b", effect="maybe"),
        lambda: SoD("s", members=["a"], at_most=0),
    ):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="must be"):
            wrong()


def test_json_is_read_with_positions_and_dates_as_text() -> None:
    text = """{
  "version": 1,
  "resources": {"deal": {"actions": ["read"], "fields": {"born": {"type": "date"}, "ratio": {"type": "float"},
    "seen": {"type": "datetime"}, "n": {"type": "int"}}}},
  "roles": {"r": {"grants": [
    {"actions": ["read"], "resource": "deal", "scope": "all", "when": {"lt": ["record.born", "2000-01-31"]}},
    {"actions": ["read"], "resource": "deal", "scope": "all", "when": {"in": ["record.ratio", [0.5, 1]]}},
    {"actions": ["raed"], "resource": "deal", "scope": "all", "when": {"lt": ["record.seen", "2000-01-31T00:00:00Z"]}},
    {"actions": ["read"], "resource": "deal", "scope": "all", "when": {"lt": ["record.born", "soon"]}}
  ]}}
}"""
    assert problems(text, form="json") == [
        'policy:8: [roles.r.grants.2] unknown action of resource "deal" "raed"; did you mean "read"? [P102]',
        "policy:9: [roles.r.grants.3.when] record.born is date and cannot be compared with str [P103]",
    ]
    policy = Policy.from_json(text.replace("raed", "read").replace("soon", "2001-01-31"))
    assert policy.roles["r"].grants[0].when == record.born.lt(dt.date(2000, 1, 31))
    assert policy.roles["r"].grants[1].when == record.ratio.is_in([0.5, 1])
    for wrong in ('{"version": 1, "version": 1}', '{"version": NaN}', "[1]", "{", '{"a": ' * 100_000):
        assert problems(wrong, form="json")[0].endswith("[P000]")
    deep = '{"version": 1, "x": ' + "[" * 900 + "]" * 900 + "}"
    assert (
        problems(deep, form="json") == ['policy:1: [x] unknown key "x" [P001]']
        or "P00" in problems(deep, form="json")[0]
    )


def test_files_include_others_and_name_the_one_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "base.json").write_text(
        '{"version": 1, "resources": {"deal": {"actions": ["read"]}}, "sod": []}'
    )
    main = tmp_path / "policy.toml"
    main.write_text(
        'version = 1\ninclude = ["parts/base.json", "more.toml"]\n[roles.r]\n'
        'grants = [{ actions = "raed", resource = "deal", scope = "all" }]\n'
    )
    (tmp_path / "more.toml").write_text(
        'version = 1\n[roles.s]\ninherits = "rr"\n[[sod]]\nname = "x"\nmembers = ["r", "q"]'
    )
    with pytest.raises(PolicyFileError) as caught:
        Policy.load(main)
    assert str(caught.value).splitlines() == [
        'more.toml:3: [roles.s.inherits] unknown role "rr"; did you mean "r"? [P101]',
        'policy.toml:4: [roles.r.grants.0] unknown action of resource "deal" "raed"; did you mean "read"? [P102]',
        'more.toml:4: [sod.0] unknown role or permission "q"; known: "s", "r", "deal" [P101]',
    ]
    (tmp_path / "more.toml").write_text("version = 1\n[resources.deal]\nactions = ['x']\n[roles.r]")
    with pytest.raises(PolicyFileError) as caught:
        Policy.load(main)
    assert [one.message for one in caught.value.problems] == [
        '"deal" is there twice, also in parts/base.json',
        '"r" is there twice, also in more.toml',
    ]
    assert caught.value.problems[1].file in ("policy.toml", "more.toml")
    (tmp_path / "more.toml").write_text("version = 1\ninclude = 'policy.toml'")
    with pytest.raises(PolicyFileError, match="includes this file again"):
        Policy.load(main)
    (tmp_path / "more.toml").write_text("version = 1\ninclude = ['gone.toml', 'x.yaml', 'bad.toml', 'parts/base.json']")
    (tmp_path / "x.yaml").write_text("")
    (tmp_path / "bad.toml").write_text("= 1")
    with pytest.raises(PolicyFileError) as caught:
        Policy.load(main)
    assert [one.code for one in caught.value.problems] == ["P005", "P005", "P000"]
    (tmp_path / "more.toml").write_text("version = 1")
    main.write_text(main.read_text().replace("raed", "read"))
    assert Policy.load(main).roles["r"].grants[0].actions == ("read",)
    main.write_text("version = 1\ninclude = 7")
    with pytest.raises(PolicyFileError, match="must be text, or a list"):
        Policy.load(main)
    with pytest.raises(FileNotFoundError):
        Policy.load(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyFileError, match="not UTF-8"):
        Policy.load(tmp_path / "latin.toml")


def test_positions_are_found_wherever_toml_lets_a_key_stand() -> None:
    text = (
        "\ufeff"[1:]
        + '''a = """multi
line # no comment "quoted" """
'b c'.d = [ # comment
  1, [2,
  3], { x = 'y', "z\\"z" = """q""" }
]
[e."f.g"]
h.i = 2026-01-01T00:00:00Z
[[k]]
l = {}
[[k]]
l = \'\'\'raw
text\'\'\'
[k.m]
n = -1.5e3
'''
    )
    tomllib.loads(text)
    found = positions(text, ".toml")
    for path, line in {
        ("a",): 1, ("b c",): 3, ("b c", "d"): 3, ("b c", "d", 1): 4, ("b c", "d", 1, 1): 5, ("b c", "d", 2, 'z"z'): 5,
        ("e", "f.g"): 7, ("e", "f.g", "h", "i"): 8, ("k", 0): 9, ("k", 1, "l"): 12, ("k", 1, "m", "n"): 15,
    }.items():  # fmt: skip
        assert found[path] == line, path


def test_what_is_written_reads_as_an_equal_policy_and_the_same_bytes(tmp_path: Path) -> None:
    resource = Resource(
        'a "b"\n',
        actions=["read", "go"],
        owner="o",
        key="no",
        default_scope="own",
        sensitive_actions=["go"],
        groups={"g": ["read"]},
        fields={
            "when": Field("datetime"),
            "s": Field(collation="binary", nullable=False),
            "d": Field("decimal"),
            "f": Field("float", sensitivity="x"),
            "n": Field("int"),
            "b": Field("bool"),
            "day": Field("date"),
            "t": Field("list"),
        },
    )
    whens = [
        record.s.eq("record.s"),
        record.s.eq("now"),
        record.s.eq("é\x01\\'\""),
        record.d.gt(Decimal("1.50")),
        record.f.lt(0.1),
        record.n.eq(2**60),
        record.b.eq(False),
        record.day.ge(dt.date(2020, 1, 2)),
        record.when.lt(NOW),
        record.when.lt(dt.datetime(2020, 1, 2, tzinfo=dt.UTC)),
        record.t.contains("x"),
        record.s.under("a") | ~record.s.has_text("b"),
        record.s.starts_with(principal.city) & record.s.is_in(principal.teams),
        record.n.is_in([1, 2]),
        record.s.lt(record.s),
        context.channel.eq("web"),
        Custom("p"),
        record.s.is_null(),
        record.s.is_in([]),
    ]
    name = resource.name
    grants = [Grant("read", name, when=when) for when in whens] + [Grant("g", name, effect="deny", reason="r", id="i"),
              Grant("*", name, scope="all", cross_tenant=True)]  # fmt: skip
    until = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    policy = Policy(
        [resource, Resource("plain", actions=["x"])],
        [
            Role(
                "r",
                grants=grants,
                field_rules=[
                    FieldRule(name, "read", sensitivity="x", scope="own", mask="full"),
                    FieldRule(name, "masked", fields=["s"], effect="cap", when=record.s.eq("x")),
                ],
                owner="o",
                privileged=True,
                max_members=3,
                description="d\té",
            ),
            Role("q", inherits=["r"], requires=["r"], kind="system"),
        ],
        sod=[
            SoD(
                "s",
                members=["r", "q", "plain.x"],
                at_most=2,
                exceptions=[Exemption("a", until, approver="b", reason="c")],
            )
        ],
        principal={"city": "str"},
        context={"channel": "str"},
        predicates=["p"],
        masks={"mine": "phone"},
    )
    for form in ("toml", "json"):
        text = getattr(policy, f"to_{form}")()
        again = getattr(Policy, f"from_{form}")(text)
        assert again == policy
        assert again.digest == policy.digest
        assert hash(again) == hash(policy)
        assert getattr(again, f"to_{form}")() == text
        path = policy.save(tmp_path / f"policy.{form}")
        assert Policy.load(path) == policy
    assert Policy.from_dict(policy.to_dict()) == policy
    assert policy != 3
    assert policy != Policy([resource], principal={"city": "str"})
    with pytest.raises(ValueError, match=r"\.toml or \.json"):
        policy.save(tmp_path / "policy.yaml")


def test_random_conditions_survive_being_written(world: Any) -> None:
    pytest.importorskip("hypothesis", reason="property tests")
    from hypothesis import given, settings

    strategy = world.strategies(("str", "int", "float", "bool", "date", "datetime", "decimal", "list"))

    @settings(deadline=None, max_examples=150)
    @given(strategy.conditions)
    def holds(condition: Any) -> None:
        data = json.loads(json.dumps(condition_data(condition), ensure_ascii=False))
        found = read_condition(data)
        assert condition_data(found) == condition_data(condition)
        assert normal(found) == normal(condition)  # joins of nothing are written as what they are

    holds()


def test_a_condition_of_ten_thousand_levels_is_refused_in_a_sentence() -> None:
    data: Any = {"always": True}
    for _ in range(500):
        data = {"not": data}
    with pytest.raises(SchemaError, match="deeper than 64"):
        read_condition(data)


def test_thousands_of_rules_are_read_and_a_wrong_one_found(tmp_path: Path) -> None:
    grants = ",\n".join(
        f'{{ actions = "read", resource = "deal", scope = "all", when = {{ eq = ["record.n", {number}] }} }}'
        for number in range(5_000)
    )
    path = tmp_path / "big.toml"
    path.write_text(
        "version = 1\n[resources.deal]\nactions = ['read']\n[resources.deal.fields]\nn = { type = 'int' }\n"
        f"[roles.r]\ngrants = [\n{grants}\n]\n"
    )
    policy = Policy.load(path)
    assert len(policy.roles["r"].grants) == 5_000
    text = path.read_text().replace("4998]", "'x']")
    assert problems(text)[0].startswith("policy:5006: [roles.r.grants.4998.when]")


@pytest.mark.parametrize("name", ["salesforce", "dynamics", "hubspot"])
def test_presets_load_lint_and_say_what_they_are(name: Any) -> None:
    from crmkit.permissions import lint

    policy = preset(name)
    assert preset_text(name).startswith("# ")
    assert Policy.from_toml(policy.to_toml()) == policy
    found = lint(policy)
    assert found.ok
    assert not {"role_without_owner", "empty_role", "granted_to_nobody"} & found.counts().keys() - {"granted_to_nobody"}
    with pytest.raises(NotFoundError, match="unknown preset"):
        preset_text("sap")  # type: ignore[arg-type]


def test_the_schema_for_editors_knows_every_key() -> None:
    schema: Any = json_schema()
    role = schema["properties"]["roles"]["additionalProperties"]
    assert role["additionalProperties"] is False
    assert role["properties"]["kind"]["enum"] == ["profile", "permission_set", "system"]
    assert role["properties"]["grants"]["items"]["required"] == ["actions", "resource"]
    assert schema["required"] == ["version"]
    json.dumps(schema)


def test_the_vector_on_the_page_about_formats() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")
    policy = Policy.from_toml("version = 1\n[resources.deal]\nactions = ['read']\nowner = 'owner_id'")
    assert f"| `{json_bytes(policy.to_dict()).decode()}` | `{policy.digest}` |" in page
