"""What every result shows of itself, in one line and in a notebook.

Every public class that has a table for notebooks is made here by the call that a user makes; a new one is missing in
``results`` until it is made too.
"""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.util
import json
import re
import sqlite3
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import crmkit as ck
from crmkit import _notebook, audit, backup, encryption, mapping, matching, permissions, quality, sync, validators
from crmkit.errors import CheckFailedError, NotFoundError
from crmkit.issues import Report
from crmkit.testing import generate

CANARY = "canary-7f3a"
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
ROOT = Path(__file__).parents[2]


def public_classes() -> set[type]:
    name = "public_api"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "_ext" / "public_api.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    named = [one for one in sys.modules[name].names() if one.kind == "class"]
    return {getattr(importlib.import_module(one.module), one.name) for one in named}


def people() -> dict[str, list[Any]]:
    """Contacts of whom one has the canary in every field that a person fills, and is there twice."""
    columns = generate.contacts(60, seed=1, messy=True).columns
    for row in (0, 1):
        columns["given_name"][row], columns["family_name"][row] = CANARY.title(), CANARY
        columns["email"][row], columns["street"][row] = f"{CANARY}@example", CANARY
        columns["birth_date"][row] = "1980-02-01"
    return columns


def of_cleaning() -> list[Any]:
    frame = people()
    report = ck.check(frame)
    plan = report.fixes(min_confidence=0.5)
    clean, fixes = plan.apply(frame, by="lin")
    found = ck.dedupe(clean, key="id")
    golden, merges = found.merge()
    schema = validators.Schema("one", fields={"email": validators.Email()})
    other = validators.Schema("two", fields={"email": validators.Email(), "phone": validators.Phone()})
    return [
        report, report.issues, plan, fixes, merges, schema.diff(other, frame), schema.guide(), ck.read_csv(csv(frame)),
        ck.changes.account(frame, golden, [fixes, merges]), ck.report(report, found), found,
    ]  # fmt: skip


def csv(frame: dict[str, list[Any]]) -> bytes:
    rows = zip(*frame.values(), strict=True)
    lines = [",".join(frame), *(",".join('"' + (cell or "").replace('"', "") + '"' for cell in row) for row in rows)]
    return "\n".join(lines).encode()


def of_matching() -> list[Any]:
    frame = people()
    matcher = matching.Matcher.contacts()
    found = matcher.fit(frame).dedupe(frame, key="id")
    questions = found.ask(3)
    asked = questions.questions[0]
    truth = generate.contacts(60, seed=1, messy=True).truth.tolist()
    labels = found.labels.tolist()
    rules = matching.vendor_rules("hubspot", "contact").find(frame, key="id")
    record = {name: values[0] for name, values in frame.items() if name != "id"}
    return [
        ck.link(frame, frame, key="id"), found.explain(asked.left, asked.right), questions, asked, found.diagnostics,
        matching.evaluate(labels, truth), matcher, matching.compare_runs(found, rules, truth),
        matcher.index(frame, key="id").check(record), rules,
    ]  # fmt: skip


def of_encryption(folder: Path) -> list[Any]:
    wrapper = encryption.LocalKeyFile.create(folder / "kek.key")
    ring = encryption.Keyring.create(folder / "acme.keyset", wrapper=wrapper)
    email = encryption.Field("contacts.email")
    note = encryption.Field("contacts.note", subject=True, indexes=[encryption.Index.unique()])
    box = ring.box([email, note], subjects=encryption.SQLiteSubjectStore(folder / "subjects.db"))
    database = sqlite3.connect(folder / "crm.db")
    database.execute("create table contacts (id integer primary key, email text)")
    token = box.encrypt(email, f"{CANARY}@example.com", record=1)
    database.execute("insert into contacts values (1, ?)", [token])
    database.commit()
    database.close()
    rotator = encryption.Rotator(box, email, encryption.SQLiteTokenTable(folder / "crm.db", "contacts", "email"))
    box.encrypt(note, CANARY, record=1, subject="p1")
    return [
        ring.status(), encryption.Index.plan(["yes", "no"] * 50, rows=10_000), rotator.verify(), rotator.run(),
        box.shred("p1"), box.decrypt_column(email, [token], records=[2], on_error="collect"),
    ]  # fmt: skip


def of_permissions() -> list[Any]:
    policy = permissions.preset("salesforce")
    chart = permissions.OrgChart([permissions.Principal("ann", tenant="t"), permissions.Principal("bo", status="left")])
    held = [permissions.Assignment("ann", "standard_user"), permissions.Assignment("bo", "system_administrator")]
    engine = permissions.Engine(policy, held, org=chart)
    view = engine.view("ann")
    wider = [*held, permissions.Assignment("ann", "export_contacts")]

    class Log:
        verified = True

        def usage(self, *, since: dt.datetime) -> list[Any]:
            return []

    return [
        policy, view.explain("read", "contact", {"owner_id": "bo"}), view.filter("read", "contact"),
        engine.who_can("read", "contact"), engine.what_can("ann"), engine.what_can("bo"),
        permissions.review(policy, held, org=chart, at=NOW).revocations(held),
        permissions.lint(policy), permissions.diff(policy, policy, wider, org=chart),
        permissions.review(policy, held, org=chart, at=NOW), permissions.offboard(engine, "bo"),
        permissions.least_privilege(policy, held, Log(), at=NOW, org=chart),
        permissions.simulate(policy, held, Log(), since=NOW, org=chart),
    ]  # fmt: skip


def of_backup(folder: Path) -> list[Any]:
    dump = folder / "dump"
    dump.mkdir()
    (dump / "contacts.csv").write_text(f"id,email\n1,{CANARY}@example.com\n")
    key = backup.SigningKey.generate()
    source = backup.FrameSource([{"id": 1, "email": f"{CANARY}@example.com"}], key="id")
    other = backup.FrameSource([{"id": 1, "email": "x"}], key="id")
    made = backup.create(dump, backup.Header(set="crm"), tables=[backup.snapshot(source)])
    statement = backup.sign(made, key, seq=1)
    drill = backup.Drill(restore=backup.FolderRestore(), scratch=backup.ScratchFolder(), keys=[key.public])
    broken = folder / "broken"
    broken.mkdir()
    copies = {"one": backup.LocalStore(dump), "two": backup.LocalStore(broken)}
    compared = backup.compare_copies(made.folder, copies, keys=[key.public])
    catalogue = [backup.BackupRecord(backup_id="b1", created=NOW)]
    policy = backup.BackupPolicy(rpo=dt.timedelta(hours=24), rto=dt.timedelta(hours=4))
    return [
        made, statement, backup.snapshot(source), backup.verify(dump, keys=[key.public]), drill.run(dump), compared,
        backup.vote_copies(copies), backup.plan_heal(compared), backup.compare(source, other),
        backup.recover(source, other, keys=[1]), backup.check_policy(policy, catalogue, at=NOW),
        backup.plan_prune(policy, catalogue, at=NOW), backup.preflight("upgrade", policy, catalogue, at=NOW),
        backup.probe(dump / "contacts.csv"),
    ]  # fmt: skip


def of_audit(folder: Path) -> list[Any]:
    signer = audit.NoteSigner.generate("example.com/log")
    with audit.Log.open(folder / "log", signer=signer) as log:
        log.record("contact.read", actor="u-1", resource=("contact", "42"), outcome="ok")
        plan = audit.AuditPlan(
            name="spring", auditor="a", since=NOW - dt.timedelta(days=9999), until=NOW + dt.timedelta(days=9999)
        )
        report = plan.analyse(log, verified=True)
    return [report, audit.verify(folder / "log", keys=[signer.verifier])]


def of_moving(folder: Path) -> list[Any]:
    frame = people()
    there = [{"id": "C0000001", "email": f"other-{CANARY}@example.com"}]
    move = mapping.preset("zoho", "contact")
    compared = ck.reconcile(frame, {**frame, "email": [None] * 60}, key="id")
    plan = sync.plan_upsert(frame, there, key="id")
    return [
        move, move.apply([])[1], mapping.diff(move, mapping.preset("zoho", "lead")), mapping.suggest(frame), compared,
        compared.gate(max_missing=0), plan, plan.apply(there, "right"),
        sync.Monitor(history=quality.History(folder / "sync.jsonl"), name="crm").observe(plan),
    ]  # fmt: skip


def of_quality() -> list[Any]:
    frame = people()
    profile = ck.profile(frame, now=lambda: NOW)
    before = ck.profile({**frame, "email": [None] * 60}, now=lambda: NOW - dt.timedelta(days=7))
    health = quality.health(ck.check(frame), now=lambda: NOW)
    return [
        profile, ck.drift(profile, before), health, health.page(), quality.find_personal_data(frame),
        quality.plan_retirement(frame, now=lambda: NOW),
        ck.columns.recognize(ck.frames.read(frame)),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    folder = tmp_path_factory.mktemp("shown")
    return [
        *of_cleaning(), *of_matching(), *of_encryption(folder), *of_permissions(), *of_backup(folder),
        *of_audit(folder), *of_moving(folder), *of_quality(),
    ]  # fmt: skip


class Reader(HTMLParser):
    """Every tag closes the one before it that is open; nothing runs and nothing is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.wrong += [name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")]
        if tag not in {"br", "hr", "meta", "img", "circle", "line", "path", "rect"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def test_every_class_with_a_table_for_notebooks_is_looked_at_here(results: list[Any]) -> None:
    shown = {one for one in public_classes() if hasattr(one, "_repr_html_")}
    abstract = {one for one in shown if getattr(one, "__abstractmethods__", None)} | {matching.PairReport}
    assert {one.__name__ for one in shown - abstract - {type(result) for result in results}} == set()


def test_a_result_says_in_one_short_line_what_it_is(results: list[Any]) -> None:
    settings = (matching.Matcher,)  # what can be written back as it is read may be longer
    for result in (one for one in results if not isinstance(one, settings)):
        said = repr(result)
        assert "\n" not in said
        assert len(said) <= 240, said
        assert type(result).__name__ in said or said.startswith("<"), said
        assert not re.search(r"\d\.\d{6}| object at 0x", said), said


def test_a_table_for_notebooks_is_static_well_formed_and_readable(results: list[Any]) -> None:
    for result in results:
        page = result._repr_html_()
        reader = Reader()
        reader.feed(page)
        reader.close()
        name = type(result).__name__
        assert reader.wrong == [], name
        assert reader.open == [], name
        assert not reader.names & {"script", "link", "img", "object", "form", "h1", "h2"}, name
        assert not re.search(r">-?\d+\.\d{5,}<|None<|datetime\.|>\(\)<", page), (name, page)
        if "iframe" not in reader.names:
            # Notebooks push the text of cells to the right; whoever wants it elsewhere says so.
            assert page.count("<td") == page.count("<td style"), name


def test_no_value_of_a_record_is_shown(results: list[Any]) -> None:
    for result in results:
        said = repr(result) + result._repr_html_()
        assert CANARY not in said.lower(), type(result).__name__


def test_what_can_be_asked_whether_it_is_ok_is_a_report() -> None:
    lines = {"Limit"}  # one line of a gate, which is the report
    asked = {one for one in public_classes() if hasattr(one, "ok") or one.__name__.endswith("Report")}
    assert {one.__name__ for one in asked if not issubclass(one, Report)} == lines


def test_every_report_answers_the_same_questions(results: list[Any]) -> None:
    for report in (one for one in results if isinstance(one, Report)):
        name = type(report).__name__
        assert all(type(number) is int for number in report.counts().values()), name
        assert ck.frames.read(report.to_frame()).columns, name
        assert isinstance(report.to_frame(like=[]), list), name
        summary = json.dumps(report.to_dict())
        assert CANARY not in summary.lower(), name
        with pytest.raises(TypeError, match=r"use \.ok or \.raise_for\(\)"):
            bool(report)
        with pytest.raises(NotFoundError, match="unknown severity 'eror'"):
            report.raise_for("eror")  # type: ignore[arg-type]
        if report.ok:
            report.raise_for()
            continue
        with pytest.raises(CheckFailedError) as caught:
            report.raise_for()
        assert caught.value.report is report, name
        assert CANARY not in str(caught.value).lower(), name


def test_what_is_planned_or_compared_is_a_table_and_plain_data(results: list[Any]) -> None:
    others = {"AuditPlan", "IncidentPlan", "Plan"}  # what an auditor asks, a document, and a filter
    named = {one for one in public_classes() if re.search(r"(Plan|Diff|Comparison|Log)$", one.__name__)} - {
        matching.Comparison, audit.Log,
    }  # fmt: skip
    tables = {one for one in named if hasattr(one, "to_frame") and hasattr(one, "to_dict")}
    assert {one.__name__ for one in named - tables} == others
    for result in (one for one in results if isinstance(one, tuple(tables))):
        assert isinstance(result.to_frame(like=[]), list), type(result).__name__
        assert CANARY not in json.dumps(result.to_dict()).lower(), type(result).__name__


def test_chinese_results_are_chinese_throughout() -> None:
    report = ck.check(people(), lang="zh")
    for page in (report._repr_html_(), report.issues._repr_html_(), report.fixes(min_confidence=0.5)._repr_html_()):
        text = re.sub(r"<[^>]+>", " ", page)
        assert "问题" in text
        assert not re.search(r"\b(error|warning|severity|validity|confidence|first \d+ of)\b", text)


def test_numbers_stand_on_the_right_and_text_on_the_left() -> None:
    page = _notebook.table(["kind", "rows"], [["<b>", 1200], ["b", None]])
    assert page == (
        '<table><thead><tr><th style="text-align:left">kind</th><th style="text-align:right">rows</th></tr></thead>'
        '<tbody><tr><td style="text-align:left">&lt;b&gt;</td><td style="text-align:right">1,200</td></tr>'
        '<tr><td style="text-align:left">b</td><td style="text-align:right"></td></tr></tbody></table>'
    )


def test_a_column_of_chinese_is_wider_than_one_character() -> None:
    page = _notebook.table(
        ["姓名", "on", "note"], [["李洋彬", "2026-01-01", "地" * 90], [None, None, _notebook.bar(1, 2)]]
    )
    widths = re.findall(r'<th style="text-align:left;min-width:([\d.]+)em">', page)
    assert widths == ["3", "6", "12"], "as wide as its text, up to a limit; a date does not break at its hyphens"
    assert page.count("min-width:3em") == 3, "each cell of it"
    assert '<th style="text-align:left;min-width:4em">公司名称' in _notebook.facts({"公司名称": "x", "城市": "y" * 300})
    for western in (_notebook.table(["né"], [["Ångström"]]), _notebook.facts({"a": "Ñ"}), _notebook.table([], [])):
        assert "min-width" not in western


def test_what_is_hostile_is_shown_as_text() -> None:
    page = _notebook.sheet("<i>", "a\u202eb\ud800", _notebook.facts({"<u>": "x" * 1000}), notes=["</ul>"])
    assert "<i>" not in page
    assert "<u>" not in page
    assert page.count("</ul>") == 1
    assert page.encode("utf-8")
    assert "\u202e" not in page
    assert len(page) < 700


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.5, "0.5"), (1234567.8, "1,234,568"), (dt.timedelta(seconds=61), "1 min 1 s"), (dt.timedelta(0), "0 ms"),
     (-dt.timedelta(hours=2), "-2 h"), (dt.timedelta(seconds=1.5), "1.5 s"), (dt.date(2026, 3, 1), "2026-03-01"),
     (dt.datetime(2026, 3, 1, 9), "2026-03-01 09:00:00"), (["a", 1], "a, 1")],
)  # fmt: skip
def test_values_are_written_for_people(value: object, said: str) -> None:
    assert _notebook.shown(value) == said


def test_a_chart_shows_itself_where_it_is_the_last_expression() -> None:
    pytest.importorskip("matplotlib", reason="charts need the extra plot")
    found = matching.Matcher.contacts().dedupe(people(), key="id")
    assert matching.plot_scores(found).figure._repr_png_().startswith(b"\x89PNG")
    assert matching.plot_scores(found).figure is not matching.plot_scores(found).figure


def test_the_names_of_conditions_do_not_pretend_to_have_a_table() -> None:
    assert not hasattr(permissions.record, "_repr_html_")
    assert permissions.record["_repr_html_"].name == "_repr_html_"


def test_no_page_may_load_or_run_anything(results: list[Any]) -> None:
    tables = {"RecordSet"}  # a table for a page of the caller's
    made = {type(one).__name__: one for one in results if hasattr(one, "to_html")}
    pages = {name: one.to_html() for name, one in made.items() if name not in tables}
    assert {"Page", "HealthPage", "Guide", "Review", "VerifyReport", "DrillReport"} <= pages.keys()
    for name, page in pages.items():
        head = page.partition("<body")[0]
        policy = (
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        )
        assert policy in head, name
        assert '<meta name="robots" content="noindex">' in head, name
        assert head.index("Content-Security-Policy") < head.index("<style"), name
        assert not re.search(r"<script|\son\w+=|javascript:|@import|url\(", page), name


def test_one_place_makes_the_heads_of_pages() -> None:
    made = [path for path in (ROOT / "crmkit").rglob("*.py") if re.search("<head>|http-equiv", path.read_text("utf-8"))]
    assert [path.name for path in made] == ["_notebook.py"]


def test_what_is_saved_says_where(results: list[Any], tmp_path: Path) -> None:
    logs = (ck.changes.ChangeLog,)  # theirs is the head of the chain, to be kept elsewhere
    saved = {type(one): one for one in results if hasattr(one, "save") and not isinstance(one, logs)}
    saved[validators.Schema] = validators.Schema("one", fields={"email": validators.Email()})
    saved[matching.Survivorship] = matching.Survivorship()
    assert {matching.Survivorship, mapping.Mapping, validators.Guide, validators.Schema} < saved.keys()
    for kind, one in saved.items():
        suffix = ".html" if kind.__name__ == "Page" else ".json"  # a page refuses the name of another kind of file
        path = tmp_path / f"{kind.__name__}{suffix}"
        assert one.save(path) == path
        assert path.stat().st_size > 0
