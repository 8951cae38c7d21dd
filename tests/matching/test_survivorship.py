from __future__ import annotations

import json
import random

import attrs
import numpy as np
import pytest

from crmkit import columns, frames
from crmkit.errors import FormatError, NotFoundError, SchemaError, ShapeError
from crmkit.matching import (
    FirstSeen,
    Longest,
    Members,
    MostComplete,
    MostFrequent,
    MostRecent,
    Newest,
    Oldest,
    RefusalWins,
    ScoredBy,
    SurvivorFirst,
    Survivorship,
    SurvivorshipRule,
    SurvivorsOwn,
    TrustedSource,
    United,
    Verified,
    WellFormed,
    merge_clusters,
    register_score,
)

register_score("length of a value", len)
EVERY_RULE = [
    FirstSeen(), Longest(), MostComplete(), MostFrequent(), MostRecent(), MostRecent("changed"), Newest(),
    Oldest("since"), RefusalWins(), RefusalWins("no"), ScoredBy("length of a value"), SurvivorFirst(), SurvivorsOwn(),
    TrustedSource("system", ["erp", "web"]), United(), United("\n"), Verified("ok"), Verified("ok", ["sicher"]),
    WellFormed(), WellFormed("email"),
]  # fmt: skip


def golden(rows, survivorship, **settings):
    """The one golden record of all rows; reverting gives them back."""
    frame, log = merge_clusters(rows, [0] * len(rows), key="id", survivorship=survivorship, **settings)
    assert log.revert(frame) == rows
    assert len(frame) == 1
    return frame[0]


def test_every_rule_comes_back_from_data_toml_and_json():
    chains = {f"c{k}": rule for k, rule in enumerate(EVERY_RULE)}
    rules = Survivorship(
        chains, fields={"email": [WellFormed("email"), MostRecent()]}, default=[SurvivorFirst(), MostRecent()],
        survivor=[Oldest("created")], together=[["street", "city"]],
    )  # fmt: skip
    assert Survivorship.from_dict(rules.to_dict()) == rules
    assert Survivorship.from_dict(json.loads(json.dumps(rules.to_dict()))) == rules
    assert Survivorship.from_toml(rules.to_toml()) == rules
    assert Survivorship.from_json(rules.to_json()) == rules


@pytest.mark.parametrize("ending", [".toml", ".json"])
def test_rules_are_kept_in_a_file(tmp_path, ending):
    rules = Survivorship({"phone": [TrustedSource("system", ["erp"]), MostRecent("changed")]})
    rules.save(tmp_path / f"rules{ending}")
    assert Survivorship.load(tmp_path / f"rules{ending}") == rules
    with pytest.raises(FormatError, match=r"\.toml or \.json"):
        rules.save(tmp_path / "rules.txt")


def test_the_hash_is_that_of_what_the_rules_say():
    rules = Survivorship({"phone": Longest()})
    assert rules.hash == Survivorship.from_toml(rules.to_toml()).hash
    assert rules.hash != Survivorship({"phone": FirstSeen()}).hash
    assert len({Survivorship.insightly().hash, Survivorship.freshsales().hash, Survivorship.pipedrive().hash}) == 3
    assert len(Survivorship({"phone": ScoredBy(len)}).hash) == 64


def test_the_log_names_the_version_of_the_rules():
    rules = Survivorship({"tel": Longest()})
    _, log = merge_clusters([{"id": 1, "tel": "1"}, {"id": 2, "tel": "22"}], [0, 0], survivorship=rules)
    assert {change.rule_version for change in log} == {rules.hash[:12]}


def test_a_function_without_a_name_decides_and_is_not_written():
    rows = [{"id": "1", "x": "bb"}, {"id": "2", "x": "a"}]
    rules = Survivorship({"x": ScoredBy(lambda value: -len(value))})
    assert golden(rows, rules)["x"] == "a"
    with pytest.raises(SchemaError, match="register_score"):
        rules.to_dict()


@attrs.frozen
class Own(SurvivorshipRule):
    def scores(self, members, column):
        return -members.rows.astype(float)


def test_a_rule_of_ones_own_decides_and_is_not_written():
    assert golden([{"id": "1", "x": "a"}, {"id": "2", "x": "b"}], {"x": Own()})["x"] == "a"
    with pytest.raises(SchemaError, match="Own is not a rule of the library"):
        Survivorship({"x": Own()}).to_toml()


def test_a_registered_function_is_found_by_its_name():
    rows = [{"id": "1", "x": "a"}, {"id": "2", "x": "bb"}]
    assert golden(rows, {"x": ScoredBy("length of a value")})["x"] == "bb"
    with pytest.raises(NotFoundError, match="did you mean 'length of a value'"):
        ScoredBy("length of a valeu")
    with pytest.raises(SchemaError, match="function or the name"):
        ScoredBy(7)
    with pytest.raises(SchemaError, match="no number"):
        golden(rows, {"x": ScoredBy(lambda _: float("nan"))})


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"x": "longest"}, "of type str"), ({"x": max}, "ScoredBy"), ({"x": []}, "is empty"),
        ({"x": [United(), Longest()]}, "no other rule"), (Longest(), "mapping of columns"),
        ({"emial": Longest()}, "did you mean 'email'"),
        ({"email": MostRecent("chaned")}, "MostRecent looks at a column that is not there.*did you mean 'changed'"),
        ({"email": MostRecent()}, "no column was recognised as the time of change"),
        ({"email": Verified("email_ok")}, "Verified looks at a column"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be_followed_are_refused(rules, says):
    rows = [{"id": "1", "email": "a@example.com", "x": "1", "changed": "2026-01-01"}] * 1
    with pytest.raises(SchemaError, match=says):
        merge_clusters(rows, [0], survivorship=rules)


@attrs.frozen
class Wrong(SurvivorshipRule):
    given: object = None

    def scores(self, members, column):
        return self.given


@pytest.mark.parametrize("given", [None, [1.0], ["a", "b"], np.zeros((2, 2)), 3.0])
def test_a_rule_of_ones_own_that_scores_no_rows_is_refused(given):
    with pytest.raises(ShapeError, match="Wrong gave no number for each of 2 rows"):
        golden([{"id": "1", "x": "a"}, {"id": "2", "x": "b"}], {"x": Wrong(given)})


@pytest.mark.parametrize("score", [int, lambda _: "secret", lambda _: 1 / 0, lambda _: None], ids=range(4))
def test_a_score_that_fails_is_told_without_the_value(score):
    rows = [{"id": "1", "x": "secret a"}, {"id": "2", "x": "secret b"}]
    with pytest.raises(SchemaError, match="the score of column 'x'") as caught:
        golden(rows, {"x": ScoredBy(score)})
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: TrustedSource("system", "erp"), lambda: TrustedSource("system", None), lambda: Verified("ok", "yes"),
        lambda: Survivorship(together="street"), lambda: Survivorship(together=["street", "city"]),
        lambda: Survivorship({"email": None}), lambda: Survivorship({"email": 7}),
        lambda: Survivorship({"email": Longest}),
    ],
    ids=range(8),
)  # fmt: skip
def test_one_name_is_not_taken_for_many(make):
    with pytest.raises(SchemaError):
        make()
    assert TrustedSource("system", [1, 2]).order == ("1", "2")


def test_rules_about_the_survivor_cannot_choose_it():
    for rule in (SurvivorFirst(), SurvivorsOwn(), United()):
        with pytest.raises(SchemaError, match="chosen by what records hold"):
            Survivorship(survivor=rule)
    with pytest.raises(NotFoundError, match="did you mean 'email'"):
        Survivorship(fields={"emali": Longest()})


@pytest.mark.parametrize(
    "document",
    [
        {}, {"format": "crmkit-survivorship/2"}, {"format": "crmkit-survivorship/1", "colums": {}},
        {"format": "crmkit-survivorship/1", "columns": []},
        {"format": "crmkit-survivorship/1", "columns": {"x": {"Longest": {}}}},
        {"format": "crmkit-survivorship/1", "columns": {"x": [{"Longest": {"by": "x"}}]}},
        {"format": "crmkit-survivorship/1", "columns": {"x": [{"Longest": {}, "Oldest": {}}]}},
        {"format": "crmkit-survivorship/1", "columns": {"x": [{"MostRecent": {"column": 7}}]}},
        {"format": "crmkit-survivorship/1", "columns": {"x": [{"RefusalWins": {"refusal": "maybe"}}]}},
        {"format": "crmkit-survivorship/1", "columns": {"x": [{"TrustedSource": {}}]}},
        {"format": "crmkit-survivorship/1", "together": "street"}, {"format": "crmkit-survivorship/1", "default": []},
        {"format": "crmkit-survivorship/1", "survivor": [{"United": {}}]},
    ],
)  # fmt: skip
def test_data_that_is_not_rules_is_refused(document):
    with pytest.raises(FormatError):
        Survivorship.from_dict(document)


def test_texts_that_are_not_rules_are_refused(tmp_path):
    with pytest.raises(FormatError, match="no TOML"):
        Survivorship.from_toml("format = ")
    with pytest.raises(FormatError, match="no JSON"):
        Survivorship.from_json("[" * 100_000)
    with pytest.raises(FormatError):
        Survivorship.from_json("[]")
    with pytest.raises(NotFoundError, match="did you mean 'Longest'"):
        Survivorship.from_dict({"format": "crmkit-survivorship/1", "columns": {"x": [{"Longst": {}}]}})
    (tmp_path / "rules.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="UTF-8"):
        Survivorship.load(tmp_path / "rules.toml")


PAIR = [
    {"id": "1", "email": "ann@example.com", "phone": None, "description": "met at the fair", "size": None,
     "created_at": "2024-05-01", "updated_at": "2024-06-01", "tags": "vip"},
    {"id": "2", "email": "ann@example.org", "phone": "+12025550111", "description": "likes tea", "size": "L",
     "created_at": "2023-05-01", "updated_at": "2025-06-01", "tags": "vip, north"},
    {"id": "3", "email": None, "phone": "+12025550122", "description": None, "size": "M",
     "created_at": "2025-05-01", "updated_at": "2026-06-01", "tags": None},
]  # fmt: skip


def test_insightly_fills_usual_fields_and_leaves_custom_ones():
    one = golden(PAIR, Survivorship.insightly(), survivors=["1"])
    assert one == PAIR[0] | {"phone": "+12025550111", "description": "met at the fair\nlikes tea"}


def test_freshsales_fills_from_the_record_updated_last_and_keeps_the_oldest_creation():
    one = golden(PAIR, Survivorship.freshsales(), survivors=["1"])
    assert one == PAIR[0] | {"phone": "+12025550122", "size": "M", "created_at": "2023-05-01"}


@pytest.mark.parametrize(
    ("style", "size"), [(Survivorship.pipedrive(), "L"), (Survivorship.nutshell(), None)], ids=["pipedrive", "nutshell"]
)
def test_pipedrive_and_nutshell_join_what_has_several_values(style, size):
    one = golden(PAIR, style, survivors=["1"])
    assert one == PAIR[0] | {
        "email": "ann@example.com, ann@example.org", "phone": "+12025550111, +12025550122", "tags": "vip, north",
        "size": size,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["insightly", "freshsales", "pipedrive", "nutshell"])
def test_every_style_keeps_what_the_master_has_and_points_at_it(name):
    rows = [row | {"job_title": f"title {row['id']}"} for row in PAIR]
    frame, log = merge_clusters(rows, [0, 0, 0], key="id", survivorship=getattr(Survivorship, name)(), survivors=["2"])
    assert (frame[0]["id"], frame[0]["job_title"], frame[0]["updated_at"]) == ("2", "title 2", "2025-06-01")
    assert log.pointers() == {"1": "2", "3": "2"}


def test_rules_go_by_canonical_field_where_there_is_no_such_column():
    rows = [{"id": "1", "E-mail": "a@example.com"}, {"id": "2", "E-mail": "longest@example.com"}]
    assert golden(rows, {"email": Longest()})["E-mail"] == "longest@example.com"
    assert (
        golden(rows, Survivorship(fields={"email": Longest(), "phone": Longest()}))["E-mail"] == "longest@example.com"
    )


def test_a_value_that_was_verified_survives():
    rows = [
        {"id": "1", "email": "old@example.com", "email_ok": "verified"},
        {"id": "2", "email": "x@example.com", "email_ok": "no"},
    ]  # fmt: skip
    assert golden(rows, {"email": Verified("email_ok")}, survivors=["2"])["email"] == "old@example.com"
    assert golden(rows, {"email": Verified("email_ok", ["NO"])}, survivors=["1"])["email"] == "x@example.com"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a; b", "B;c", None], "a; b; c"), (["a", "A "], "a"),
        ([None, None], None), ([None, "x"], "x"),
        (["n/a", "red"], "red"), (["n/a", None], "n/a"), ([["a"], ["b", "a"]], ["a", "b"]),
        ([7, 8], "7; 8"), ([7, 7], 7),
    ],
)  # fmt: skip
def test_united_keeps_every_value_once(cells, expected):
    rows = [{"id": str(k), "x": cell} for k, cell in enumerate(cells)]
    assert golden(rows, {"x": United()}, survivors=["0"])["x"] == expected


def test_united_says_all_records_that_a_value_came_from():
    rows = [{"id": "1", "x": "a"}, {"id": "2", "x": "a"}, {"id": "3", "x": "b"}]
    _, log = merge_clusters(rows, [0, 0, 0], key="id", survivorship={"x": United()})
    found = {row["path"]: row["source"] for row in log.provenance().to_dicts()}
    assert found["x"] == "1; 3"


@pytest.mark.parametrize("header", ["Deal value", "Amount", "金额", "Expected amount", "Annual Revenue"])
def test_an_amount_and_its_currency_come_from_one_record_in_any_kind_of_table(header):
    role = columns.read_header(header)
    if role is None:
        pytest.skip(f"{header!r} is no usual name of an amount")
    rows = [
        {"id": "1", "first name": "Ann", "last name": "Lee", "email": "a@example.com", header: "10", "Currency": "USD"},
        {"id": "2", "first name": "Ann", "last name": "Lee", "email": "a@example.com", header: "99", "Currency": "JPY"},
        {"id": "3", "first name": "Ann", "last name": "Lee", "email": "a@example.com", header: "99", "Currency": "USD"},
    ]
    one = golden(rows, None)
    assert (one[header], one["Currency"]) in {(row[header], row["Currency"]) for row in rows}


@pytest.mark.parametrize(
    ("column", "real", "placeholder"),
    [
        ("postal_code", "62701", "00000"), ("job_title", "Engineer", "noemail"), ("department", "Sales", "N/A"),
        ("city", "Oslo", "no email"), ("phone", "0171 1234567", "000-000-0000"), ("note", "likes tea", "none@none.com"),
        ("note", "张伟的备注", "无"),
    ],
)  # fmt: skip
def test_a_placeholder_survives_no_real_value(column, real, placeholder):
    rows = [
        {"id": "1", column: real, "updated_at": "2020-01-01"},
        {"id": "2", column: placeholder, "updated_at": "2026-01-01"},
        {"id": "3", column: placeholder, "updated_at": "2026-01-02"},
    ]
    assert golden(rows, None)[column] == real


def test_moments_of_several_zones_are_compared_as_moments():
    rows = [
        {"id": "1", "x": "late", "on": "2026-01-01T10:00:00+09:00"},
        {"id": "2", "x": "later", "on": "2026-01-01T02:00:00Z"},
    ]
    assert golden(rows, {"x": MostRecent("on")})["x"] == "later"


def test_groups_are_chosen_together_and_can_be_turned_off():
    rows = [
        {"id": "1", "street": "1 Main Street", "city": None, "postal_code": "11111"},
        {"id": "2", "street": None, "city": "Oslo", "postal_code": None},
    ]
    assert golden(rows, None)["city"] is None
    assert golden(rows, Survivorship(together=()))["city"] == "Oslo"
    assert golden(rows, Survivorship(together=[["street", "city"]]), survivors=["2"]) == {
        "id": "2", "street": "1 Main Street", "city": None, "postal_code": "11111",
    }  # fmt: skip
    with pytest.raises(SchemaError, match="did you mean 'street'"):
        merge_clusters(rows, [0, 0], survivorship=Survivorship(together=[["steet", "city"]]))


def slow_choice(rows, column, first, second):
    """What WellFormed and then MostRecent choose, one row after the other."""
    filled = [row for row in rows if row[column] is not None]
    if not filled:
        return None
    members = frames.read(rows)
    import numpy as np

    from crmkit.matching import Members

    everything = Members(members, np.arange(len(rows)), np.zeros(len(rows), dtype=np.int64))
    scores = first.scores(everything, column).tolist()
    times = second.scores(everything, column).tolist()
    best = max(range(len(rows)), key=lambda k: (rows[k][column] is not None, scores[k], times[k], -k))
    return rows[best][column]


@pytest.mark.parametrize("seed", range(30))
def test_what_is_only_asked_where_it_matters_gives_what_asking_always_gives(seed):
    draw = random.Random(seed)
    values = [None, "ann@example.com", "noemail", "x@y", "bob@example.com", "none@none.com"]
    rows = [
        {"id": str(k), "email": draw.choice(values), "on": f"2026-01-{draw.randint(1, 9):02}"}
        for k in range(draw.randint(2, 6))
    ]
    rule = [WellFormed("email"), MostRecent("on")]
    assert golden(rows, {"email": rule})["email"] == slow_choice(rows, "email", *rule)


ADDRESS = {
    "street": ([None, "1 Main Street", "2 Oak Avenue", "n/a"], "street"),
    "city": ([None, "Oslo", "no email", "Springfield"], "text"),
    "postal_code": ([None, "62701", "00000", "0150"], "postcode"),
}


def slow_address(rows):
    """The address of a cluster by comparing every row with every other, all values judged."""

    def judged(kind, value):
        table = frames.read([{"x": value}])
        members = Members(table, np.array([0]), np.array([0]))
        return float(WellFormed(kind).scores(members, "x")[0])

    def rank(k):
        row = rows[k]
        filled = sum(judged(kind, row[name]) for name, (_, kind) in ADDRESS.items() if row[name] is not None)
        use = sum(sum(other[name] == row[name] for other in rows) for name in ADDRESS)
        return filled, use, sum(len(row[name] or "") for name in ADDRESS), row["updated_at"], -k

    return rows[max(range(len(rows)), key=rank)]


@pytest.mark.parametrize("seed", range(40))
def test_a_group_is_chosen_as_by_judging_every_value(seed):
    draw = random.Random(seed)
    rows = [
        {"id": str(k), **{name: draw.choice(values) for name, (values, _) in ADDRESS.items()},
         "updated_at": f"2026-01-{draw.randint(1, 9):02}"}
        for k in range(draw.randint(2, 5))
    ]  # fmt: skip
    one, best = golden(rows, None), slow_address(rows)
    for name in ADDRESS:  # what the best row has, or where it says nothing what one of the same place has
        expected = {best[name]} if best[name] not in {None, "n/a"} else {best[name], *(row[name] for row in rows)}
        assert one[name] in expected


@pytest.mark.parametrize("kind", ["emial", "E-Mail", "", "str", None, 7, ["email"]])
def test_a_form_that_no_field_has_is_refused(kind):
    with pytest.raises(NotFoundError, match="type of field"):
        WellFormed(kind)


def test_a_form_that_is_misspelled_is_refused_with_the_one_that_was_meant_also_out_of_a_file():
    with pytest.raises(NotFoundError, match="did you mean 'email'"):
        WellFormed("emial")
    rules = Survivorship({"email": WellFormed("email")}).to_toml().replace('"email"', '"emial"')
    with pytest.raises(NotFoundError, match="emial"):
        Survivorship.from_toml(rules)
