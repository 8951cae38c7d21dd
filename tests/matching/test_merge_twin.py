"""Merging, one cluster and one cell after the other, as a slow twin of what is done for all clusters at once."""

from __future__ import annotations

import random

import pytest

from crmkit import columns, frames
from crmkit.matching import (
    FirstSeen,
    Longest,
    MostComplete,
    MostFrequent,
    MostRecent,
    Newest,
    Oldest,
    ScoredBy,
    SurvivorFirst,
    Survivorship,
    SurvivorsOwn,
    TrustedSource,
    United,
    WellFormed,
    merge_clusters,
)
from crmkit.matching._merging._survival import _wellformed
from crmkit.normalize import _placeholders, emails, phones
from crmkit.systems import canonical_fields

VALUES = {
    "given_name": ["Ann", "ann", "A.", "Anne", "test", "王"],
    "family_name": ["Lee", "LEE", "Li", "n/a"],
    "street": ["1 Main Street", "2 Oak Avenue", "n/a"],
    "city": ["Oslo", "Bergen", "no email"],
    "postal_code": ["0150", "5003", "-"],
    "company_name": ["Acme", "ACME", "Lee & Sons", ""],
    "job_title": ["CEO", "Buyer", "n/a"],
    "department": ["Sales", "IT"],
    "email": ["ann@lee.example", "ANN@lee.example", "lee@ann.example", "noemail", "none@none.com"],
    "email_2": ["second@lee.example", "-"],
    "phone": ["+12025550123", "(202) 555-0123", "+12025550188", "000-000"],
    "phone_other": ["+12025550199"],
    "note": ["likes tea", "vip", "无", ""],
    "system": ["erp", "web", "crm"],
    "created_at": ["2020-01-01", "2021-01-01", "2022-01-01"],
    "updated_at": ["2023-01-01", "2024-01-01", "2025-01-01"],
}
OWN = Survivorship(
    {"note": [TrustedSource("system", ["erp", "web"]), Longest()], "city": [ScoredBy(len), FirstSeen()]},
    survivor=[Oldest("created_at"), FirstSeen()], together=[["street", "phone", "postal_code"]],
)  # fmt: skip
STYLES = [
    Survivorship(), OWN, Survivorship.insightly(), Survivorship.freshsales(), Survivorship.pipedrive(),
    Survivorship(default=[MostFrequent(), Longest(), MostRecent()]),
    Survivorship(default=[WellFormed(), MostComplete(), FirstSeen()], survivor=MostRecent(), together=()),
]  # fmt: skip


def says(cell):
    return cell is not None and not _placeholders.says_nothing(cell)


class Twin:
    """One cluster: the rows of a table, told by number."""

    def __init__(self, table, cluster, plan):
        self.table, self.cluster, self.plan = table, cluster, plan
        self.stays = self.best(cluster, lambda k: [self.score(rule, k, None) for rule in plan.survivor])

    def best(self, rows, rank):
        return max(rows, key=lambda k: (*rank(k), -k), default=None)

    def score(self, rule, k, column):
        row, value = self.table[k], None if column is None else self.table[k][column]
        judge = _wellformed._JUDGES.get(getattr(rule, "type", ""), _wellformed._text)
        named = getattr(rule, "column", None)
        return {
            MostRecent: lambda: row[named or "updated_at"] or "",
            MostComplete: lambda: sum(map(says, row.values())),
            MostFrequent: lambda: sum(self.table[other][column] == value for other in self.cluster),
            Longest: lambda: len((value or "").strip()),
            Oldest: lambda: [-ord(sign) for sign in row[named or column] or "~"],
            Newest: lambda: row[named or column] or "",
            FirstSeen: lambda: -k,
            SurvivorFirst: lambda: k == self.stays,
            TrustedSource: lambda: -rule.order.index(row[named]) if row[named] in rule.order else -len(rule.order),
            ScoredBy: lambda: rule.score(value),
            WellFormed: lambda: judge(value),
        }[type(rule)]()

    def group(self, names, latest):
        """The row that columns which belong together come from."""

        def right(k, name):
            value, field = self.table[k][name], canonical_fields().get(self.plan.roles.get(name, ""))
            if value is None or len({self.table[other][name] for other in self.cluster}) == 1:
                return value is not None
            return _wellformed._JUDGES.get(field.type if field else "text", _wellformed._text)(value)

        def rank(k):
            use = [sum(self.score(rule, k, name) for name in names) for rule in (MostFrequent(), Longest())]
            when = self.score(MostRecent(), k, None)
            return [sum(right(k, name) for name in names), *([when, *use] if latest else [*use, when])]

        if all(len({self.table[k][name] for k in self.cluster}) == 1 for name in names):
            return self.stays
        return self.best(self.cluster, rank)

    def filled(self, best, group):
        """For each column of a group the row that it comes from: the best, or another one where that says nothing."""
        origin = dict.fromkeys(group.columns, best)

        def said(k, name):
            return self.table[k][name].casefold() if says(self.table[k][name]) else None

        def same(name, one, other):
            short, long = sorted((one.rstrip("."), other.rstrip(".")), key=len)
            return one == other or (name.endswith("_name") and len(short) == 1 and long[0] == short)

        def rank(k):
            return [sum(says(self.table[k][name]) for name in origin), self.table[k]["updated_at"] or "", -k]

        order = sorted(self.cluster, key=rank, reverse=True)
        for sure, k in [(True, k) for k in order] + [(False, k) for k in order]:
            both = [
                (name, said(origin[name], name), said(k, name))
                for name in origin
                if said(origin[name], name) and said(k, name)
            ]
            anchors = [name for name, one, _ in both if name in group.anchors and not _wellformed.is_placeholder(one)]
            if (anchors or not group.anchors) and all(same(*one) for one in both):
                for name in origin:
                    if said(origin[name], name) is None and (one := said(k, name)):
                        origin[name] = origin[name] if sure and _wellformed.is_placeholder(one) else k
        return origin

    def cell(self, column, chain):
        """The value of one column, and the rows that it came from."""
        filled = [k for k in self.cluster if self.table[k][column] is not None]
        own = self.table[self.stays][column]
        if isinstance(chain[0], SurvivorsOwn):
            return own, [self.stays]
        if len({self.table[k][column] for k in filled}) <= 1:
            k = self.stays if own is not None or not filled else filled[0]
            return self.table[k][column], [k]
        if isinstance(chain[0], United):
            return self.united(chain[0], column, filled)
        telling = [k for k in filled if says(self.table[k][column])] or filled
        k = self.best(telling, lambda k: [self.score(rule, k, column) for rule in chain])
        return self.table[k][column], [k]

    def united(self, rule, column, filled):
        rows = sorted(filled, key=lambda k: (k != self.stays, k))
        parts = [(part, k) for k in rows for part in self.table[k][column].split(rule.separator)]
        real = [(part, k) for part, k in parts if not _wellformed.is_placeholder(part)] or parts
        kept = {}
        for part, k in real:
            kept.setdefault(part.casefold(), (part, k))
        used = list(dict.fromkeys(k for _, k in kept.values()))
        joined = rule.separator.join(part for part, _ in kept.values())
        return (joined if len(used) > 1 else self.table[used[0]][column]), used

    def second(self, record, sources, first, second, normal):
        """Another e-mail or phone for the column of second ones, where that is empty."""
        taken = sources[first][0]
        if says(record[second]) or len({self.table[k][first] for k in self.cluster} - {None}) < 2:
            return
        chosen = normal(self.table[taken][first])
        others = [
            k for k in self.cluster if self.table[k][first] and normal(self.table[k][first]) not in {None, chosen}
        ]
        k = self.best(others, lambda k: [self.score(MostRecent(), k, None)])
        if k is not None:
            record[second], sources[second] = self.table[k][first], [k]

    def merged(self):
        """The golden record, and for each column the rows that its value came from."""
        record, sources = {}, {}
        for group in self.plan.groups:
            for name, k in self.filled(self.group(group.columns, group.latest), group).items():
                record[name] = self.table[k][name]
                held = {record[name], self.table[self.stays][name]}
                sources[name] = [self.stays if held == {None} else k]
        for column in self.table[0]:
            if column not in record:
                chain = [SurvivorsOwn()] if column == "id" else self.plan.chains[column]
                record[column], sources[column] = self.cell(column, chain)
        for first, second, normal in (
            ("email", "email_2", lambda value: None if emails.is_placeholder(value) else emails.key(value)),
            ("phone", "phone_other", phones.last7),
        ):
            if not isinstance(self.plan.chains[first][0], United):
                self.second(record, sources, first, second, normal)
        return record, sources


def slow_merge(table, labels, survivorship):
    """Golden records, the changes of the log, and the provenance."""
    read = frames.read(table)
    plan = survivorship.plan(read, columns.recognize(read, kind="contact"))
    golden, changes, origins = {}, [], {}
    for label in dict.fromkeys(labels):
        cluster = [k for k, one in enumerate(labels) if one == label]
        if len(cluster) == 1:
            golden[cluster[0]] = table[cluster[0]]
            continue
        twin = Twin(table, cluster, plan)
        record, sources = twin.merged()
        golden[twin.stays] = {name: record[name] for name in table[0]}
        name = table[twin.stays]["id"]
        changes += [(k, -1, "merge", table[k]["id"], None, name) for k in cluster if k != twin.stays]
        for number, (column, before) in enumerate(table[twin.stays].items()):
            if record[column] != before:
                changes.append((twin.stays, number, "cell", name, column, record[column]))
            origins[name, column] = "; ".join(table[k]["id"] for k in sources[column])
    return [golden[k] for k in sorted(golden)], [change[2:] for change in sorted(changes)], origins


def drawn(seed):
    draw = random.Random(seed)
    count = draw.randint(2, 14)
    table = [
        {"id": f"r{k}", **{name: draw.choice([None, *values]) for name, values in VALUES.items()}} for k in range(count)
    ]
    return table, [draw.randrange(max(1, count // 3)) for _ in table]


def compare(seed, survivorship):
    table, labels = drawn(seed)
    golden, log = merge_clusters(table, labels, key="id", kind="contact", survivorship=survivorship)
    expected, changes, origins = slow_merge(table, labels, survivorship)
    assert golden == expected
    assert [(one.kind, one.record_id, one.path, one.after) for one in log] == changes
    found = {(row["record_id"], row["path"]): row["source"] for row in log.provenance().to_dicts()}
    assert found == origins
    assert log.revert(golden) == table


@pytest.mark.parametrize("number", range(len(STYLES)))
@pytest.mark.parametrize("seed", range(12))
def test_merging_all_clusters_at_once_gives_what_merging_them_one_by_one_gives(seed, number):
    compare(seed, STYLES[number])


@pytest.mark.thorough
def test_merging_all_clusters_at_once_gives_what_merging_them_one_by_one_gives_many_times():
    for seed in range(100, 1100):
        compare(seed, STYLES[seed % len(STYLES)])
