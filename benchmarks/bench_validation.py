"""Rows per CPU second of one and the same validation job, and what each tool found, missed and invented.

    python benchmarks/bench_validation.py --rows 200000 --json FILE
    python benchmarks/bench_validation.py --rows 1000 --tools crmkit,loop,pydantic

The job: eleven rules on generated contacts. The id is there and unique, the name is there, e-mail as email-validator
reads it, phone valid in the plan of the row's country as phonenumbers reads it, country and stage out of a list, amount
not negative, created not after closed, a lost deal has a reason, e-mail or phone is there. About one row in seven has a
planted error. Every tool makes real e-mail and phone checks and says which rows break which rule; crmkit also makes its
issue table with messages, and its fixes.

Two tasks: ``tidy``, phones in E.164 as a system stores that checks them on entry; and ``messy``, as people type them,
half of them in national form, of which crmkit also says for each what its normal form is.

The truth is a loop that asks the reference libraries row by row (tool ``loop``, which is measured, too). ``found``,
``missed`` and ``invented`` count pairs of row and rule. CPU seconds count from data in memory (columns for tools that
take columns, dicts or a frame for those that take these) to the failing rows, imports not counted; the median of
``--repeat`` runs, each in a process of its own.

crmkit and the loop run in this environment. Each peer has one of its own, made at first use under ``--envs``
from ``benchmarks/requirements/TOOL.txt``, because they pin each other.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import resource
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

from common import ENVS, machine, python_of, save

HERE = Path(__file__).parent
TOOLS = ("crmkit", "loop", "pydantic", "pandera-pandas", "pandera-polars", "pointblank")
STAGES = ["new", "qualified", "proposal", "negotiation", "won", "lost"]
COUNTRIES = ["AU", "AT", "BG", "BR", "CA", "CH", "CN", "DE", "ES", "FR", "GB", "HK", "IE", "IN", "IT", "JP", "MX", "NL",
             "NZ", "SG", "TW", "US"]  # fmt: skip
RULES = ("id", "id_unique", "name", "email", "phone", "country", "stage", "amount", "dates", "lost_reason", "reach")
PACKAGE = {"crmkit": "crmkit", "loop": "phonenumbers", "pydantic": "pydantic", "pandera-pandas": "pandera",
           "pandera-polars": "pandera", "pointblank": "pointblank"}  # fmt: skip


def data(rows: int, task: str) -> dict[str, list[str | None]]:
    """Return generated contacts with planted errors: ten kinds, each in one row of 73."""
    from crmkit.normalize import phones
    from crmkit.testing.generate import contacts

    made = contacts(rows, seed=11).columns
    if task == "tidy":
        pairs = zip(made["phone"], made["country"], strict=True)
        made["phone"] = [phone and (phones.normalize(phone, country) or phone) for phone, country in pairs]
    rng = random.Random(5)
    columns: dict[str, list[str | None]] = {
        "id": list(made["id"]), "name": list(made["family_name"]), "email": list(made["email"]),
        "phone": list(made["phone"]), "country": list(made["country"]), "stage": [], "amount": [], "created_on": [],
        "closed_on": [], "lost_reason": [],
    }  # fmt: skip
    for _ in range(rows):
        stage = rng.choice(STAGES)
        created = rng.randrange(1, 337)
        columns["stage"].append(stage)
        columns["amount"].append(f"{rng.lognormvariate(8, 1):.2f}")
        columns["created_on"].append(day(created))
        columns["closed_on"].append(day(created + rng.randrange(0, 20)))
        columns["lost_reason"].append(rng.choice(["price", "timing"]) if stage == "lost" else None)
    for row in range(rows):
        if rng.random() < 10 / 73:
            plant(columns, row, rng)
    return columns


def day(number: int) -> str:
    """Return a day of 2025 by its number, in months of 28 days."""
    return f"2025-{min(number // 28, 11) + 1:02d}-{number % 28 + 1:02d}"


def plant(columns: dict[str, list[str | None]], row: int, rng: random.Random) -> None:
    """Break one thing in one row."""
    kind = rng.randrange(10)
    email, phone = columns["email"][row], columns["phone"][row]
    if kind == 0 and email:
        columns["email"][row] = email.replace("@", rng.choice([" ", "@@", "@."]))
    elif kind == 1 and phone:
        columns["phone"][row] = phone[:-3] if rng.random() < 0.5 else phone + "0000"
    elif kind == 2:
        columns["name"][row] = None
    elif kind == 3 and row:
        columns["id"][row] = columns["id"][row - 1]
    elif kind == 4:
        columns["stage"][row] = rng.choice(["maybe", "unknown stage", "zzz"])
    elif kind == 5:
        columns["amount"][row] = f"-{columns['amount'][row]}"
    elif kind == 6:
        columns["created_on"][row], columns["closed_on"][row] = "2025-12-20", "2025-01-02"
    elif kind == 7:
        columns["stage"][row], columns["lost_reason"][row] = "lost", None
    elif kind == 8:
        columns["email"][row] = columns["phone"][row] = None
    else:
        columns["country"][row] = "Atlantis"


# -- the tools: columns in, failing rows by rule out -------------------------------------------------------------------


def email_is_good(email: str) -> bool:
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def phone_is_good(phone: str, country: str | None) -> bool:
    import phonenumbers

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(phone, country))
    except phonenumbers.NumberParseException:
        return False


def prepare_loop(columns):
    import email_validator  # noqa: F401
    import phonenumbers  # noqa: F401

    return columns


def run_loop(columns):
    """Ask the reference libraries and the rules, row by row: what people write by hand, and the truth."""
    found = defaultdict(set)
    seen = defaultdict(list)
    for row, (key, name, email, phone, country, stage, amount, created, closed, reason) in enumerate(
        zip(*(columns[name] for name in columns), strict=True)
    ):
        if not key:
            found["id"].add(row)
        else:
            seen[key].append(row)
        if not name:
            found["name"].add(row)
        if email is not None and not email_is_good(email):
            found["email"].add(row)
        if phone is not None and not phone_is_good(phone, country if country in COUNTRIES else None):
            found["phone"].add(row)
        if country is not None and country not in COUNTRIES:
            found["country"].add(row)
        if stage is not None and stage not in STAGES:
            found["stage"].add(row)
        if amount is not None and float(amount) < 0:
            found["amount"].add(row)
        if created > closed:
            found["dates"].add(row)
        if stage == "lost" and not reason:
            found["lost_reason"].add(row)
        if email is None and phone is None:
            found["reach"].add(row)
    found["id_unique"] = {row for rows in seen.values() if len(rows) > 1 for row in rows}
    return found


def prepare_crmkit(columns):
    from crmkit.validators import Choice, Email, Number, Phone, Required, Schema, any_of, col, order, present, require

    schema = Schema(
        "contacts",
        key="id",
        fields={
            "name": Required(),
            "email": Email(),
            "phone": Phone(country=col("country")),
            "country": Choice(COUNTRIES),
            "stage": Choice(STAGES),
            "amount": Number(ge=0),
        },
        rules=[
            order("created_on", "<=", "closed_on", name="dates"),
            require("lost_reason", name="lost_reason").when(col("stage") == "lost"),
            any_of(present("email"), present("phone"), name="reach"),
        ],
    )
    warm = {name: values[:200] for name, values in columns.items()}
    schema.check(warm).fixes()
    return columns, schema


def run_crmkit(prepared):
    columns, schema = prepared
    report = schema.check(columns)
    issues = report.issues
    issues.column("message")
    report.fixes()
    rule = {"require:id": "id", "unique:id": "id_unique", "name:required": "name", "email:email": "email",
            "phone:phone": "phone", "country:choice": "country", "stage:choice": "stage", "amount:number": "amount",
            "dates": "dates", "lost_reason": "lost_reason", "reach": "reach"}  # fmt: skip
    found = {name: set(issues.filter(rule=title).rows.tolist()) for title, name in rule.items()}
    skipped = report.outcomes["phone:phone"].reasons
    found["phone"] |= unchecked(columns, skipped)
    # A slip in a well-known domain is a warning of crmkit's own: such an address is good syntax.
    found["email"] -= set(issues.filter(rule="email:email", code="email_domain_typo").rows.tolist())
    return found


def unchecked(columns, reasons):
    """Return the phones that crmkit counted as not judged for want of a country: the others call these wrong."""
    if not sum(n for reason, n in reasons.items() if reason.startswith("country")):
        return set()
    known = set(COUNTRIES)
    return {
        row
        for row, (phone, country) in enumerate(zip(columns["phone"], columns["country"], strict=True))
        if phone is not None and country not in known and not phone.startswith("+") and not phone_is_good(phone, None)
    }


def prepare_pydantic(columns):
    from datetime import date
    from typing import Annotated, Literal

    from pydantic import AfterValidator, BaseModel, EmailStr, Field, model_validator

    def some(text: str | None) -> str | None:
        if not text:
            raise ValueError("required")
        return text

    class Contact(BaseModel):
        id: Annotated[str | None, AfterValidator(some)]
        name: Annotated[str | None, AfterValidator(some)]
        email: EmailStr | None
        phone: str | None
        country: Literal[tuple(COUNTRIES)] | None  # type: ignore[valid-type]
        stage: Literal[tuple(STAGES)] | None  # type: ignore[valid-type]
        amount: Annotated[float, Field(ge=0)] | None
        created_on: date
        closed_on: date
        lost_reason: str | None

        @model_validator(mode="after")
        def across(self):
            wrong = []
            if self.phone is not None and not phone_is_good(self.phone, self.country):
                wrong.append("phone")
            if self.created_on > self.closed_on:
                wrong.append("dates")
            if self.stage == "lost" and not self.lost_reason:
                wrong.append("lost_reason")
            if self.email is None and self.phone is None:
                wrong.append("reach")
            if wrong:
                raise ValueError(" ".join(wrong))
            return self

    records = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    return records, Contact


def run_pydantic(prepared):
    from pydantic import ValidationError

    records, model = prepared
    found = defaultdict(set)
    seen = defaultdict(list)
    for row, record in enumerate(records):
        seen[record["id"]].append(row)
        try:
            model.model_validate(record)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                if one["loc"]:
                    found[one["loc"][0]].add(row)
                else:
                    for rule in str(one["ctx"]["error"]).split():
                        found[rule].add(row)
    found["id_unique"] = {row for rows in seen.values() if len(rows) > 1 for row in rows}
    return found


def prepare_pandera_pandas(columns):
    import pandas as pd
    import pandera.pandas as pa

    def phones_good(frame):
        known = [country if country in COUNTRIES else None for country in frame["country"]]
        return pd.Series(
            [phone is None or pd.isna(phone) or phone_is_good(phone, country)
             for phone, country in zip(frame["phone"], known, strict=True)], index=frame.index,
        )  # fmt: skip

    schema = pa.DataFrameSchema(
        {
            "id": pa.Column(str, unique=True),
            "name": pa.Column(str),
            "email": pa.Column(str, pa.Check(email_is_good, element_wise=True, name="email"), nullable=True),
            "phone": pa.Column(str, nullable=True),
            "country": pa.Column(str, pa.Check.isin(COUNTRIES), nullable=True),
            "stage": pa.Column(str, pa.Check.isin(STAGES), nullable=True),
            "amount": pa.Column(float, pa.Check.ge(0), nullable=True),
        },
        checks=[
            pa.Check(phones_good, name="phone", ignore_na=False),
            pa.Check(lambda f: f["created_on"] <= f["closed_on"], name="dates", ignore_na=False),
            pa.Check(lambda f: (f["stage"] != "lost") | f["lost_reason"].notna(), name="lost_reason", ignore_na=False),
            pa.Check(lambda f: f["email"].notna() | f["phone"].notna(), name="reach", ignore_na=False),
        ],
    )
    frame = pd.DataFrame(columns)
    frame["amount"] = frame["amount"].astype(float)
    return frame, schema


def run_pandera_pandas(prepared):
    import pandera.errors

    frame, schema = prepared
    found = defaultdict(set)
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        for context, column, check, index in zip(
            cases["schema_context"], cases["column"], cases["check"], cases["index"], strict=True
        ):
            if index is None:
                continue
            rule = check if context == "DataFrameSchema" else column
            found["id_unique" if check == "field_uniqueness" else rule].add(int(index))
    return found


def prepare_pandera_polars(columns):
    import pandera.polars as pa
    import polars as pl

    def good_email(data):
        good = pl.col(data.key).map_elements(email_is_good, return_dtype=pl.Boolean, skip_nulls=True)
        return data.lazyframe.select(good.fill_null(value=True))

    def good_phone(data):
        known = pl.when(pl.col("country").is_in(COUNTRIES)).then(pl.col("country"))
        good = pl.struct(phone="phone", country=known).map_elements(
            lambda pair: pair["phone"] is None or phone_is_good(pair["phone"], pair["country"]), return_dtype=pl.Boolean
        )
        return data.lazyframe.select(good)

    schema = pa.DataFrameSchema(
        {
            "id": pa.Column(str, unique=True),
            "name": pa.Column(str),
            "email": pa.Column(str, pa.Check(good_email, name="email"), nullable=True),
            "phone": pa.Column(str, nullable=True),
            "country": pa.Column(str, pa.Check.isin(COUNTRIES), nullable=True),
            "stage": pa.Column(str, pa.Check.isin(STAGES), nullable=True),
            "amount": pa.Column(float, pa.Check.ge(0), nullable=True),
        },
        checks=[
            pa.Check(good_phone, name="phone"),
            pa.Check(lambda d: d.lazyframe.select(pl.col("created_on") <= pl.col("closed_on")), name="dates"),
            pa.Check(
                lambda d: d.lazyframe.select((pl.col("stage") != "lost") | pl.col("lost_reason").is_not_null()),
                name="lost_reason",
            ),
            pa.Check(
                lambda d: d.lazyframe.select(pl.col("email").is_not_null() | pl.col("phone").is_not_null()),
                name="reach",
            ),
        ],
    )
    return pl.DataFrame(columns).with_columns(pl.col("amount").cast(float)), schema


run_pandera_polars = run_pandera_pandas  # both say what failed in the same words


def prepare_pointblank(columns):
    import polars as pl

    return pl.DataFrame(columns).with_columns(pl.col("amount").cast(float))


def run_pointblank(frame):
    import pointblank as pb
    import polars as pl

    def asked(table):
        known = pl.when(pl.col("country").is_in(COUNTRIES)).then(pl.col("country"))
        return table.with_columns(
            email_good=pl.col("email").map_elements(email_is_good, return_dtype=pl.Boolean),
            phone_good=pl.struct(phone="phone", country=known).map_elements(
                lambda pair: None if pair["phone"] is None else phone_is_good(pair["phone"], pair["country"]),
                return_dtype=pl.Boolean,
            ),
            reachable=pl.col("email").is_not_null() | pl.col("phone").is_not_null(),
            reasoned=(pl.col("stage") != "lost") | pl.col("lost_reason").is_not_null(),
        )

    checked = (
        pb.Validate(data=asked(frame))
        .col_vals_not_null("id")
        .rows_distinct(columns_subset=["id"])
        .col_vals_not_null("name")
        .col_vals_expr(pl.col("email_good").fill_null(value=True))
        .col_vals_expr(pl.col("phone_good").fill_null(value=True))
        .col_vals_in_set("country", set=[*COUNTRIES, None])
        .col_vals_in_set("stage", set=[*STAGES, None])
        .col_vals_ge("amount", value=0, na_pass=True)
        .col_vals_expr(pl.col("created_on") <= pl.col("closed_on"))
        .col_vals_expr(pl.col("reasoned").fill_null(value=True))
        .col_vals_expr(pl.col("reachable"))
        .interrogate(get_first_n=len(frame), extract_limit=len(frame))
    )
    steps = ("id", "id_unique", "name", "email", "phone", "country", "stage", "amount", "dates", "lost_reason", "reach")
    found = {}
    for number, rule in enumerate(steps, start=1):
        extract = checked.get_data_extracts(i=number, frame=True)
        found[rule] = set() if extract is None else {number - 1 for number in extract["_row_num_"].to_list()}
    return found


# -- measuring ---------------------------------------------------------------------------------------------------------


def measure(tool: str, task: str, data_file: str, truth_file: str | None) -> dict[str, object]:
    """Run one tool in this process and return its line."""
    columns = pickle.loads(Path(data_file).read_bytes())
    word = tool.replace("-", "_")
    prepared = globals()[f"prepare_{word}"](columns)
    wall, cpu = time.perf_counter(), time.process_time()
    found = globals()[f"run_{word}"](prepared)
    cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
    pairs = {(rule, row) for rule in RULES for row in found.get(rule, ())}
    rows = len(columns["id"])
    line: dict[str, object] = {
        "task": task, "tool": tool, "version": own_version(PACKAGE[tool]), "n": rows, "cpu_s": cpu_s,
        "wall_s": wall_s, "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows_per_cpu_s": rows / cpu_s,
    }  # fmt: skip
    if truth_file is None:
        return {**line, "pairs": sorted(pairs)}
    truth = {tuple(pair) for pair in json.loads(Path(truth_file).read_text())}
    return {**line, "found": len(pairs & truth), "missed": len(truth - pairs), "invented": len(pairs - truth)}


def own_version(package: str) -> str:
    try:
        return version(package)
    except Exception:  # noqa: BLE001
        return "source"


def start(tool: str, task: str, data_file: Path, truth_file: Path | None, envs: Path) -> dict[str, object]:
    """Run one tool in a process of its own."""
    python = python_of("crmkit" if tool == "loop" else tool, envs)
    command = [python, __file__, "--one", tool, "--task", task, "--data", str(data_file)]
    command += [] if truth_file is None else ["--truth", str(truth_file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{tool}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure every tool and print or write the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--tools", default=",".join(TOOLS))
    parser.add_argument("--envs", type=Path, default=ENVS)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    parser.add_argument("--truth", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.task, options.data, options.truth)))
        return
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for task in ("tidy", "messy"):
            data_file, truth_file = Path(folder) / "data.pickle", Path(folder) / "truth.json"
            data_file.write_bytes(pickle.dumps(data(options.rows, task)))
            truth_file.write_text(json.dumps(start("loop", task, data_file, None, options.envs)["pairs"]))
            for tool in options.tools.split(","):
                runs = [start(tool, task, data_file, truth_file, options.envs) for _ in range(options.repeat)]
                line = runs[0] | machine()
                for name, digits in (("cpu_s", 3), ("wall_s", 3), ("peak_rss_mb", 1), ("rows_per_cpu_s", 0)):
                    line[name] = round(statistics.median(float(run[name]) for run in runs), digits)
                lines.append(line)
                print(json.dumps(line), flush=True)
    save(lines, options.json)


if __name__ == "__main__":
    main()
