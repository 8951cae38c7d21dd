"""Decisions a second, and bulk filters, against the libraries that people use today.

    python benchmarks/bench_permissions.py --tools crmkit,pycasbin,pycasbin-fast,cedarpy,vakt,oso,django-rules \
        --rules 1100,11000,110000 --rows 100000 --json results.json

Two policies, of the size that ``--rules`` says, in the shape of pycasbin's own benchmark: one role for eleven rules,
ten users each. ``plain`` asks for the role only; ``scoped`` also whether the record is the user's own and its amount
below 1,000. Every tool is asked the same 17 questions of each, and ``wrong`` counts its answers that are not the right
ones. ``us`` is microseconds of CPU for one decision, the median of rounds; ``load_s`` is CPU to be ready.

``filter`` keeps those of ``--rows`` records that the user may read. Peers without a bulk form ask one record at a
time, of at most 2,000 records; ``us`` is for one record, so that it can be compared.

Each tool runs in a process of its own. Peers have an environment each, made from ``benchmarks/requirements`` in the
folder ``--envs``, because they pin each other; crmkit runs in the one that this script runs in.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from common import ENVS, machine, python_of, save

HERE = Path(__file__).resolve().parent
TOOLS = ("crmkit", "pycasbin", "pycasbin-fast", "cedarpy", "vakt", "oso", "django-rules")
PACKAGES = {"pycasbin": "casbin", "pycasbin-fast": "casbin", "django-rules": "rules"}
PLAIN_ONLY = {"django-rules"}
PEER_ROWS = 2_000


def shape(rules: int) -> tuple[int, int]:
    """Return how many roles and users a policy of this size has."""
    roles = max(1, rules // 11)
    return roles, roles * 10


def questions(rules: int) -> list[tuple[str, str, dict, bool, bool]]:
    """Return user, kind, record, and the right answers with and without the scope."""
    _, users = shape(rules)
    found = []
    for number in range(17):
        user = number * (users - 1) // 16
        kind = user // 10 // 10
        record = {"id": str(number), "owner": f"u{user}", "amount": 10}
        plain = scoped = True
        if number % 4 == 1:
            record["owner"], scoped = "u-other", False
        elif number % 4 == 2:
            record["amount"], scoped = 5_000, False
        elif number % 4 == 3:
            kind, plain, scoped = kind + 1, False, False
        found.append((f"u{user}", f"data{kind}", record, plain, scoped))
    return found


def kinds(rules: int) -> int:
    return shape(rules)[0] // 10 + 2


class Crmkit:
    """Roles with a scope and a condition."""

    def __init__(self, rules: int, *, scoped: bool) -> None:
        from crmkit import permissions as perm

        roles, users = shape(rules)
        fields = {"amount": perm.Field("int")}
        resources = [
            perm.Resource(f"data{n}", fields=fields, actions=["read"], owner="owner") for n in range(kinds(rules))
        ]
        options = {"scope": "own", "when": perm.record.amount.lt(1000)} if scoped else {"scope": "all"}
        made = [perm.Role(f"r{n}", grants=[perm.Grant("read", f"data{n // 10}", **options)]) for n in range(roles)]
        held = [perm.Assignment(f"u{n}", f"r{n // 10}") for n in range(users)]
        self.engine = perm.Engine(perm.Policy(resources, made), held)
        self.views = {}

    def ask(self, user: str, kind: str, record: dict) -> bool:
        view = self.views.get(user)  # as a request handler holds it
        if view is None:
            view = self.views[user] = self.engine.view(user)
        return view.allows("read", kind, record)


class Record:
    """A record as libraries take it that ask attributes."""

    def __init__(self, kind: str, record: dict) -> None:
        self.kind, self.owner, self.amount = kind, record["owner"], record["amount"]


class Casbin:
    """A matcher over roles, with the conditions in it; the fast one keyed by the kind of record."""

    fast = False

    def __init__(self, rules: int, *, scoped: bool) -> None:
        import casbin

        roles, users = shape(rules)
        more = " && r.rec.owner == r.sub && r.rec.amount < 1000" if scoped else ""
        model = (
            "[request_definition]\nr = sub, obj, act, rec\n[policy_definition]\np = sub, obj, act\n"
            "[role_definition]\ng = _, _\n[policy_effect]\ne = some(where (p.eft == allow))\n[matchers]\n"
            f"m = r.obj == p.obj && r.act == p.act && g(r.sub, p.sub){more}\n"
        )
        lines = [f"p, r{n}, data{n // 10}, read" for n in range(roles)] + [f"g, u{n}, r{n // 10}" for n in range(users)]
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "model.conf").write_text(model)
            (Path(folder) / "policy.csv").write_text("\n".join(lines))
            files = [str(Path(folder) / name) for name in ("model.conf", "policy.csv")]
            if self.fast:
                self.enforcer = casbin.FastEnforcer(*files, cache_key_order=[1])
            else:
                self.enforcer = casbin.Enforcer(*files)

    def ask(self, user: str, kind: str, record: dict) -> bool:
        return self.enforcer.enforce(user, kind, "read", Record(kind, record))


class CasbinFast(Casbin):
    fast = True


class Cedar:
    """Parsed policies; entities of the request only, which is the fastest way to ask."""

    def __init__(self, rules: int, *, scoped: bool) -> None:
        import cedarpy

        roles, _ = shape(rules)
        more = " && resource.owner == principal.name && resource.amount < 1000" if scoped else ""
        text = "\n".join(
            f'permit(principal in Role::"r{n}", action == Action::"read", resource) '
            f'when {{ resource.kind == "data{n // 10}"{more} }};'
            for n in range(roles)
        )
        parse = getattr(getattr(cedarpy, "PolicySet", None), "from_str", None)
        self.policies = parse(text) if parse is not None else text  # older releases parse at every question
        self.cedarpy = cedarpy

    def ask(self, user: str, kind: str, record: dict) -> bool:
        entities = [
            {
                "uid": {"type": "User", "id": user},
                "attrs": {"name": user},
                "parents": [{"type": "Role", "id": f"r{int(user[1:]) // 10}"}],
            },
            {
                "uid": {"type": "Record", "id": record["id"]},
                "attrs": {"kind": kind, "owner": record["owner"], "amount": record["amount"]},
                "parents": [],
            },
        ]
        request = {
            "principal": f'User::"{user}"',
            "action": 'Action::"read"',
            "resource": f'Record::"{record["id"]}"',
            "context": {},
        }
        return self.cedarpy.is_authorized(request, self.policies, entities).allowed


class Vakt:
    """One policy a role; the checker goes through all of them."""

    def __init__(self, rules: int, *, scoped: bool) -> None:
        import vakt
        from vakt.rules import Eq, Less
        from vakt.rules.inquiry import SubjectMatch

        self.vakt = vakt
        storage = vakt.MemoryStorage()
        roles, _ = shape(rules)
        for n in range(roles):
            asked = {"kind": Eq(f"data{n // 10}"), **({"amount": Less(1000)} if scoped else {})}
            context = {"owner": SubjectMatch("id")} if scoped else {}
            storage.add(
                vakt.Policy(
                    n,
                    actions=[Eq("read")],
                    resources=[asked],
                    subjects=[{"role": Eq(f"r{n}")}],
                    effect=vakt.ALLOW_ACCESS,
                    context=context,
                )
            )
        self.guard = vakt.Guard(storage, vakt.RulesChecker())

    def ask(self, user: str, kind: str, record: dict) -> bool:
        inquiry = self.vakt.Inquiry(
            action="read",
            resource={"kind": kind, "amount": record["amount"]},
            subject={"id": user, "role": f"r{int(user[1:]) // 10}"},
            context={"owner": record["owner"]},
        )
        return self.guard.is_allowed(inquiry)


class User:
    def __init__(self, name: str) -> None:
        self.id, self.role, self.roles = name, f"r{int(name[1:]) // 10}", {f"r{int(name[1:]) // 10}"}


class Oso:
    """Polar facts for roles, one rule for the conditions; the user brings the role."""

    def __init__(self, rules: int, *, scoped: bool) -> None:
        import oso

        self.oso = oso.Oso()
        self.oso.register_class(User)
        self.oso.register_class(Record)
        roles, _ = shape(rules)
        more = " and rec.owner = user.id and rec.amount < 1000" if scoped else ""
        facts = "\n".join(f'grants("r{n}", "data{n // 10}");' for n in range(roles))
        self.oso.load_str(f'allow(user: User, "read", rec: Record) if grants(user.role, rec.kind){more};\n{facts}')

    def ask(self, user: str, kind: str, record: dict) -> bool:
        return self.oso.is_allowed(User(user), "read", Record(kind, record))


class DjangoRules:
    """One permission a kind of record: has the user one of its roles?"""

    def __init__(self, rules: int, *, scoped: bool) -> None:
        import rules as library

        del scoped
        self.permissions = library.RuleSet()
        roles, _ = shape(rules)
        for n in range(kinds(rules)):
            mine = frozenset(f"r{number}" for number in range(n * 10, min(roles, n * 10 + 10)))
            self.permissions.add_rule(f"data{n}.read", library.predicate(self._holds(mine)))

    @staticmethod
    def _holds(roles: frozenset):
        return lambda user: not roles.isdisjoint(user.roles)

    def ask(self, user: str, kind: str, record: dict) -> bool:
        del record
        return self.permissions.test_rule(f"{kind}.read", User(user))


ADAPTERS = {
    "crmkit": Crmkit,
    "pycasbin": Casbin,
    "pycasbin-fast": CasbinFast,
    "cedarpy": Cedar,
    "vakt": Vakt,
    "oso": Oso,
    "django-rules": DjangoRules,
}


def rounds(call, *, n: int, seconds: float = 0.6) -> float:
    """Return the median of CPU microseconds for each of ``n`` things that ``call`` does."""
    call()
    found = []
    start = time.perf_counter()
    while not found or (time.perf_counter() - start < seconds and len(found) < 200):
        cpu = time.process_time()
        call()
        found.append((time.process_time() - cpu) * 1e6 / n)
    return statistics.median(found)


def decisions(tool: str, rules: int):
    """Yield a line for each policy."""
    asked = questions(rules)
    for scoped in (False,) if tool in PLAIN_ONLY else (False, True):
        cpu, wall = time.process_time(), time.perf_counter()
        made = ADAPTERS[tool](rules, scoped=scoped)
        load, load_wall = time.process_time() - cpu, time.perf_counter() - wall
        wrong = sum(made.ask(user, kind, record) is not (b if scoped else a) for user, kind, record, a, b in asked)

        def everything(made=made):
            for _ in range(200 if tool == "crmkit" else 1):
                for user, kind, record, _, _ in asked:
                    made.ask(user, kind, record)

        us = rounds(everything, n=len(asked) * (200 if tool == "crmkit" else 1))
        yield {
            "task": "scoped" if scoped else "plain",
            "n": rules,
            "us": us,
            "load_s": load,
            "load_wall_s": load_wall,
            "wrong": wrong,
        }


def rows_of(count: int) -> list[dict]:
    return [{"id": str(n), "owner": f"u{n % 7}", "amount": n % 2000} for n in range(count)]


def filtering(tool: str, rows: int):
    """Yield lines for keeping the records that one user may read."""
    if tool in PLAIN_ONLY:
        return
    made = ADAPTERS[tool](110, scoped=True)
    records = rows_of(rows if tool == "crmkit" else min(rows, PEER_ROWS))
    wanted = sum(record["owner"] == "u3" and record["amount"] < 1000 for record in records)
    found = 0

    def one_by_one():
        nonlocal found
        found = sum(made.ask("u3", "data0", record) for record in records)

    us = rounds(one_by_one, n=len(records), seconds=2)
    yield {"task": "filter", "n": len(records), "us": us, "wrong": int(found != wanted)}
    if tool == "crmkit":
        yield from crmkit_filters(made, records, wanted)


def crmkit_filters(made, records, wanted):
    """Yield what a plan does with many records, by kind of frame."""
    import importlib.util

    plan = made.engine.view("u3").filter("read", "data0")
    columns = {name: [record[name] for record in records] for name in records[0]}
    ways = {"filter dicts": lambda: len(plan.select(records))}
    if importlib.util.find_spec("polars"):
        import polars as pl

        frame = pl.DataFrame(columns)
        ways["filter polars"] = lambda: plan.apply(frame).height
    if importlib.util.find_spec("pandas"):
        import pandas as pd

        strings = pd.DataFrame(columns)
        objects = strings.astype({"owner": object})
        ways["filter pandas"] = lambda: len(plan.apply(strings))
        ways["filter pandas object"] = lambda: len(plan.apply(objects))
    if importlib.util.find_spec("pyarrow"):
        import pyarrow as pa

        table = pa.table(columns)
        ways["filter pyarrow"] = lambda: plan.apply(table).num_rows
    for task, call in ways.items():
        us = rounds(call, n=len(records), seconds=2)
        yield {
            "task": task,
            "n": len(records),
            "us": us,
            "total_s": us * len(records) / 1e6,
            "wrong": int(call() != wanted),
        }


def crmkit_parts(rows: int):
    """Yield what no peer has: type-level answers, explanations, views, SQL, compiling, searching, linting."""
    from crmkit import permissions as perm

    deal = perm.Resource(
        "deal",
        fields={"stage": perm.Field(), "amount": perm.Field("int")},
        actions=["read", "update"],
        owner="owner_id",
        team="team_id",
        territory="region",
        tenant="tenant_id",
    )
    rule = perm.Grant(
        "read", "deal", scope=["team", "reports"], when=perm.record.stage.ne("lost") & perm.record.amount.lt(10_000)
    )
    policy = perm.Policy(
        [deal],
        [
            perm.Role("sales", grants=[rule, perm.Grant("update", "deal", scope="own")]),
            perm.Role("lead", inherits=["sales"], grants=[perm.Grant("read", "deal", scope="territory")]),
        ],
    )
    rows = min(rows, 100_000)
    people = [perm.Principal(f"u{n}", tenant="t", teams=[f"team{n % 50}"], territories=["emea"]) for n in range(rows)]
    held = [perm.Assignment(person.id, "lead" if n % 10 == 0 else "sales") for n, person in enumerate(people)]
    chart = perm.OrgChart(people)
    engine = perm.Engine(policy, held, org=chart)
    view = engine.view("u1")
    record = {"owner_id": "u2", "team_id": "team1", "tenant_id": "t", "stage": "open", "amount": 5}
    state = engine._state
    now = engine._now()
    views = [f"u{n}" for n in range(min(rows, 1000))]

    def times(count, call):
        def loop():
            for _ in range(count):
                call()

        return loop, count

    tasks = {
        "outcome": times(20_000, lambda: view.outcome("read", "deal")),
        "allows": times(20_000, lambda: view.allows("read", "deal", record)),
        "explain": times(500, lambda: view.explain("update", "deal", record)),
        "sql text": times(200, lambda: view.filter("read", "deal").to_sql()),
        "view": (lambda: [engine._make(state, name, now, None, None, None) for name in views], len(views)),
        "who_can on a record": (lambda: engine.who_can("read", "deal", record), 1),
    }
    for task, (call, n) in tasks.items():
        us = rounds(call, n=n)
        yield {"task": task, "n": rows if n == 1 else n, "us": us}
    yield {"task": "review", "n": rows, "us": rounds(lambda: perm.review(policy, held, org=chart), n=1, seconds=0.1)}
    for size in (1_000, 10_000) if rows > 1000 else (100,):
        roles = [
            perm.Role(
                f"r{n}",
                owner="x",
                grants=[
                    perm.Grant("read", "deal", scope="own", when=perm.record.amount.lt(n * 10 + k)) for k in range(10)
                ],
            )
            for n in range(size // 10)
        ]
        us = rounds(lambda roles=roles: perm.Engine(perm.Policy([deal], roles), ()), n=1)
        yield {"task": "compile", "n": size, "us": us}
        made = perm.Policy([deal], roles)
        us = rounds(lambda made=made: perm.lint(made), n=1, seconds=0.1)
        yield {"task": "lint", "n": size, "us": us}
        with tempfile.TemporaryDirectory() as folder:
            for kind in ("toml", "json"):
                path = Path(folder) / f"policy.{kind}"
                made.save(path)
                us = rounds(lambda path=path: perm.Policy.load(path), n=1, seconds=0.1)
                yield {"task": f"load {kind}", "n": size, "us": us}


def work(tool: str, rules: list[int], rows: int) -> None:
    """Measure one tool and print a line for each task."""
    try:
        named = version(PACKAGES.get(tool, tool))
    except PackageNotFoundError:
        named = "source"
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # noqa: E731
    sizes = [rows // 10, rows] if tool == "crmkit" and rows >= 1_000_000 else [rows]
    lines = [*(filtering(tool, size) for size in sizes), *(decisions(tool, size) for size in rules)]
    if tool == "crmkit":
        lines.append(crmkit_parts(rows))
    for part in lines:
        for line in part:
            us, n = line["us"], line["n"]
            whole = us * n / 1e6 if line["task"].startswith("filter") else us / 1e6
            facts = {
                "tool": tool,
                "version": named,
                "cpu_s": round(whole, 6),
                "wall_s": round(whole, 6),
                "peak_rss_mb": round(peak(), 1),
            }
            rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in line.items()}
            print(json.dumps({**rounded, **facts}), flush=True)


def main() -> None:
    """Measure every tool in a process of its own and print or write the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rules", help="sizes of policies; 1100,11000,110000, and 1100 alone below 10,000 rows")
    parser.add_argument("--tools", default=",".join(TOOLS))
    parser.add_argument("--envs", type=Path, default=ENVS)
    parser.add_argument("--timeout", type=int, default=1800, help="seconds for one tool")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = options.rules or ("1100" if options.rows < 10_000 else "1100,11000,110000")
    rules = [int(size) for size in sizes.split(",")]
    if options.worker:
        work(options.worker, rules, options.rows)
        return
    lines = []
    for tool in options.tools.split(","):
        command = [
            python_of(tool, options.envs),
            __file__,
            "--worker",
            tool,
            "--rules",
            sizes,
            "--rows",
            str(options.rows),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for text in process.stdout or ():
                lines.append({**json.loads(text), **machine()})
                print(text, end="", flush=True)
            if process.wait(options.timeout):
                sys.exit(f"{tool} failed")
    save(lines, options.json)


if __name__ == "__main__":
    main()
