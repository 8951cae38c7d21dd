"""The public API as a user writes it: type-checked, not run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

import attrs

import crmkit as ck
from crmkit import audit, backup, changes, columns, frames, mapping, masking, quality, reconciliation, sync, systems
from crmkit import permissions as perm
from crmkit.changes import Change, ChangeLog
from crmkit.encryption import (
    AcceptedLeak,
    AWSKeyWrapper,
    Box,
    ColumnOutcome,
    ErasureReceipt,
    Field,
    Index,
    IndexPlan,
    Keyring,
    LocalKeyFile,
    MultiWrapper,
    RotationReport,
    Rotator,
    RowSeal,
    Sensitive,
    SQLiteSubjectStore,
    SQLiteTokenTable,
    SubjectStore,
    TokenTable,
    acting,
    from_plaintext,
    open_file,
    seal_file,
)
from crmkit.errors import (
    CheckFailedError,
    ConflictError,
    FormatError,
    InvalidValueError,
    MissingDependencyError,
    NotFoundError,
    SchemaError,
    TamperedLogError,
)
from crmkit.issues import Issue, Report
from crmkit.matching import (
    BlockingRule,
    CompanyNames,
    Condition,
    DuplicateCheck,
    DuplicateRules,
    Hit,
    LinkReport,
    Longest,
    Matcher,
    MatchIndex,
    MatchReport,
    MergeLog,
    MostRecent,
    Precision,
    RuleReport,
    RunComparison,
    Same,
    Similar,
    Survivorship,
    TrustedSource,
    compare_runs,
    evaluate_links,
    merge_clusters,
    vendor_rules,
)
from crmkit.matching import comparisons as c
from crmkit.normalize import companies, countries, dates, emails, names, numbers, phones, text
from crmkit.records import Contact, RecordSet
from crmkit.testing import corrupt, generate
from crmkit.typing import (
    AuditSink,
    FieldAccess,
    FieldDisclosure,
    JSONValue,
    KeyWrapper,
    Progress,
    Severity,
    Signer,
    UsageSource,
    Verifier,
)
from crmkit.validators import (
    Check,
    Choice,
    Context,
    Country,
    Date,
    Email,
    Finding,
    FixPlan,
    Money,
    Phone,
    Required,
    Schema,
    Text,
    ValidationReport,
    Verdict,
    any_of,
    col,
    order,
    present,
    reference,
    require,
    unique,
)
from crmkit.values import EmailAddress, PersonName, PhoneNumber

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


def keep(*values: object) -> None:
    """Use values that are only here for their types."""


def clean_up(path: Path) -> RecordSet:
    """The README, line by line."""
    contacts: RecordSet = ck.read_csv(path, encoding="gb18030")
    report: ValidationReport = ck.check(contacts, country="CN", lang="zh")
    clean, fixes = report.fixes(min_confidence=0.95).apply(contacts, by="lin", reason="clean-up")
    result: MatchReport = ck.dedupe(clean, key="id", threshold=0.9)
    golden, merges = result.merge(survivorship={"phone": [MostRecent("updated_at"), TrustedSource("source", ["erp"])]})
    page: Path = ck.report(report, fixes, result, merges, title="Autumn", lang="zh").save("cleanup.html")
    back: RecordSet = fixes.revert(merges.revert(golden))
    assert len(back.head(3)) <= len(back.columns) + len(page.name)
    return back


def look_at(report: ValidationReport) -> list[str]:
    issue: Issue
    for issue in report:
        severity: Severity = issue.severity
        row: int | None = issue.row
        assert severity
        assert row is None or row >= 0
    counts: dict[str, int] = report.counts()
    score: float = report.score
    document: Mapping[str, JSONValue] = report.to_dict()
    assert counts
    assert score
    assert document
    report.raise_for("warning")
    return [rule for rule, _summary in report.worst_rules(3)]


def review(plan: FixPlan, frame: RecordSet) -> ChangeLog:
    plan.head(5).to_frame()
    plan.to_csv("review.csv")
    accepted = FixPlan.from_csv("review.csv", key="id")
    _, log = accepted.apply(frame)
    return log


def schema() -> Schema:
    email: Check = Required() & Email()
    reachable = any_of(present("email"), present("phone"), code="no_way_to_reach")
    made = Schema(
        "contact",
        key="id",
        fields={
            "email": email.warn(),
            "phone": Phone(country=col("country"), default="DE").when(col("country") != "CN"),
            "country": Country() | Text(max_length=2),
            "stage": Choice(["new", "won"], synonyms={"赢单": "won"}),
            "born": Date(),
            "amount": Money(ge=0).saying(en="must not be negative", zh="不能为负"),
            "note": ~Email(),
        },
        rules=[
            order("created_on", "<=", "closed_on"),
            require("reason").when(col("stage") == "lost").warn(),
            unique("email", normalize="email"),
            reference("account_id", to="accounts.id"),
        ],
    ).with_rules(reachable)
    again: Schema = Schema.from_dict(made.to_dict())
    again.check({"id": ["1"], "email": ["ana@example.com"]}, tables={"accounts": [{"id": "A"}]})
    again.check_record({"id": "1"})
    again.check_value("email", "ana@")
    return ck.Schema.contacts(country="CN").with_fields(email=email).without("unique:email")


@attrs.frozen
class Even(Check):
    """A check of one's own."""

    def examine(self, text: str, context: Context = ()) -> Verdict:
        return () if int(text) % 2 == 0 else (Finding("odd"),)


def match(left: RecordSet, right: RecordSet) -> LinkReport:
    matcher = Matcher(
        kind="contact",
        comparisons=[c.given_name(), c.family_name("Nachname"), c.email(), c.exact("badge")],
        blocking=[BlockingRule("email"), BlockingRule("family_sound", "badge")],
        threshold=Precision(0.99),
        country="DE",
        seed=3,
    )
    fitted: Matcher = matcher.fit(left)
    again: Matcher = Matcher.from_dict(fitted.to_dict())
    index: MatchIndex = fitted.index(left, key="id")
    hits: list[Hit] = index.search({"email": "ann@example.com"}, limit=3)
    said: DuplicateCheck = index.check({"email": "ann@example.com"}, threshold=0.9)
    index.add({"email": "bo@example.com"}, "b")
    index.put({"email": "bo@example.org"}, "b")
    index.save("people.index")
    loaded: MatchIndex = MatchIndex.load("people.index")
    rules = DuplicateRules(
        name="ours",
        kind="contact",
        conditions=(Condition(Same("email"), Similar("city", measure="starts with")),),
    )
    theirs: RuleReport = rules.find(left)
    theirs = vendor_rules("pipedrive").find(left, key="id")
    compared: RunComparison = compare_runs(theirs, fitted.dedupe(left))
    alike: float = CompanyNames(["Acme Ltd"]).similarity("Acme", "Acme Ltd")
    _ = (hits[0].match_probability, said.ok, len(loaded), compared.gained_pairs, alike)
    report: MatchReport = again.dedupe(left, progress=bar)
    weight: float = report.explain("1", "2").match_weight
    cut: float = report.threshold_
    linked = ck.link(left, right, key=("id", "ID"), one_to_one=True, threshold="f1")
    assert weight > cut
    judged: float = evaluate_links(linked, [("1", 7)]).pairwise.f1
    changed: RunComparison = compare_runs(linked, linked, [("1", 7)])
    _ = (judged, changed.kept_pairs, linked.curve([("1", 7)])[0]["f1"])
    return linked


def merge_and_undo(contacts: RecordSet, deals: RecordSet, path: Path, sink: AuditSink) -> MergeLog:
    rules = Survivorship({"phone": [TrustedSource("system", ["erp"]), MostRecent("changed")]}, default=Longest())
    again: Survivorship = Survivorship.from_toml(rules.to_toml())
    golden, merges = ck.dedupe(contacts, previous=MergeLog.load(path)).merge(survivorship=again, audit=sink)
    golden, merges = merge_clusters(golden, {"1": "a", "2": "a"}, key="id", survivors=["1"], previous=merges)
    moved, rebinds = merges.repoint(deals, ["contact", "buyer"], separator=";")
    loaded: ChangeLog = rebinds
    pointers: dict[str, str] = merges.pointers()
    back, merges = merges.undo(golden, list(pointers), together=True, by="lin")
    keep((moved, loaded, back, merges.undone, merges.provenance(), merges.alternatives(golden)))
    head: str = merges.save(path)
    assert head
    return merges


def bar(iterable: Iterable[T], /, *, total: int | None = None, desc: str | None = None) -> Iterable[T]:
    assert total is None or desc is not None
    return iterable


progress: Progress = bar


def undo(log: ChangeLog, frame: RecordSet) -> None:
    try:
        log.revert(frame, where={"path": "phone"})
        log.revert(frame, where=lambda change: change.rule == "email.email")
    except ConflictError as error:
        keep(error.conflicts)
    log.save("log.jsonl")
    try:
        loaded = ChangeLog.load("log.jsonl")
    except TamperedLogError as error:
        location: str | None = error.location
        assert location
        return
    first: Change = loaded[0]
    assert first.record_id
    redacted: int = loaded.redact("17")
    assert redacted
    changes.account(frame, frame, [loaded]).raise_for()


def ground_floor(table: frames.Table) -> None:
    found = columns.recognize(table, kind="lead")
    email: str | None = found.column("email")
    system = systems.get("salesforce")
    limit: int | None = system.objects["lead"].field("Company").max_length
    key: str | None = emails.key("Ana@Example.com")
    value: EmailAddress = emails.validate("ana@example.com")
    number: PhoneNumber | None = phones.parse("030 901820", "DE")
    person: PersonName = names.split("张三", country="CN")
    day: dt.date | None = dates.parse("3/4/2024", order="DMY")
    words: Sequence[str | None] = [
        text.clean(" a "),
        companies.core("Acme Ltd"),
        countries.normalize("中国"),
        numbers.normalize("1,5"),
    ]
    mask: str = masking.mask("ana@example.com", "email")
    keep(email, limit, key, value.domain, number, person.full, day, words, mask)


def protect(path: Path, client: object, access: FieldAccess) -> ErasureReceipt:
    local: KeyWrapper = LocalKeyFile.create(path / "kek.key", passphrase="orange bicycle lantern")
    wrapper: KeyWrapper = MultiWrapper([AWSKeyWrapper(client, "alias/crm"), local])
    ring = Keyring.load(path / "acme.keyset", wrapper=wrapper, tenant="acme", min_generation=7)
    email = Field(
        "contacts.email",
        normalizer="email-v1",
        indexes=[Index.unique(), Index.domain(rows=1_000_000, accept=AcceptedLeak("domains are public"))],
    )
    born = Field("contacts.born", type=dt.date, subject=True)
    store: SubjectStore = SQLiteSubjectStore(path / "subjects.db", backup_retention=dt.timedelta(days=30))
    box: Box = ring.box([email, born], subjects=store, audit=sink, record_type=int, require_purpose=True)
    with acting(actor="lin", purpose="support"):
        keep(box.decrypt(email, box.encrypt(email, "ana@example.com", record=1), record=1), box.index(email, "ana@"))
    tokens = box.encrypt_column("email", ["ana@example.com"], records=[1])
    outcome: ColumnOutcome = box.decrypt_column(email, tokens, records=[1], on_error="collect")
    plan: IndexPlan = Index.plan(["Ana"], rows=1_000)
    owned = Field("deals.note", bound=("owner_id",), indexes=[Index.unique(stretch="argon2id")])
    deals: Box = ring.box([owned], row_seal=RowSeal("deals", ["note", "owner_id"]))
    moved = deals.rebind_column(owned, tokens, records=[1], bound={"owner_id": [7]}, to_bound={"owner_id": [8]})
    hidden: Sensitive[str] = deals.open(deals.seal({"id": 1, "note": "x", "owner_id": 7}), sensitive=True)["note"]
    shown: str = hidden.reveal()
    keep(moved, shown)
    table: TokenTable = SQLiteTokenTable(path / "crm.db", "contacts", "email")
    report: RotationReport = Rotator(box, email, table, reader=from_plaintext(), rows_per_s=1e4).run(progress=bar)
    seal_file(ring, "a.csv", "a.crm", context={"kind": "export"})
    open_file(ring, "a.crm", "a.csv", context={"kind": "export"}, overwrite=True)
    answers: list[Report] = [outcome, plan, report]
    keep([one.to_frame(like=[]) for one in answers], [one.to_dict() for one in answers])
    keep(outcome.counts(), plan.ok, report.rewritten, box.for_principal(access).open({"id": 1}))
    return box.shred("person:1")


def made_up() -> Iterator[Contact]:
    made = generate.contacts(10, seed=1, messy=True)
    corruptor: corrupt.Corruptor = corrupt.Typo()
    keep(corruptor)
    assert len(made.pairs()) >= 0
    yield Contact(id="1", email="ana@example.com")


class Sink:
    """Anything with this method takes what areas record."""

    def record(
        self,
        action: str,
        *,
        actor: str | None,
        resource: tuple[str, str] | None,
        outcome: Literal["ok", "denied", "failed"],
        fields: Sequence[str] = (),
        count: int = 1,
        purpose: str | None = None,
        at: dt.datetime | None = None,
        detail: Mapping[str, JSONValue] | None = None,
    ) -> None:
        """Keep one event."""


class Key:
    """Signs and verifies."""

    key_id = "k1"

    def sign(self, message: bytes, /) -> bytes:
        return message

    def verify(self, message: bytes, signature: bytes, /) -> None:
        assert message == signature


sink: AuditSink = Sink()
signer: Signer = Key()
verifier: Verifier = Key()


def since(source: UsageSource, moment: dt.datetime) -> list[str]:
    return [usage.actor for usage in source.usage(since=moment)]


# A report has no truth of its own, and every error is also the built-in that a reader would catch.
error: LookupError = NotFoundError.of("column", "emial", ["email"])
wrong: ValueError = InvalidValueError("email: email_invalid")
absent: ValueError = SchemaError("no column 'emial'")
unreadable: ValueError = FormatError("not a workbook", location="a.xlsx")
missing: ImportError = MissingDependencyError("needs matplotlib", extra="plot")
failed: type[ValueError] = CheckFailedError


def permissions_answer(policy_file: Path, sink: AuditSink, used: UsageSource) -> bool:
    policy = perm.Policy.load(policy_file)
    people = perm.OrgChart([perm.Principal("ann", teams=["red"])], territories={"de": "emea"})
    held = [perm.Assignment("ann", "sales", granted_by="bob")]
    engine = perm.Engine(policy, held, org=people, audit=sink, record="sensitive", on_audit_failure="deny")
    view = engine.view("ann", context={"channel": "web"})
    access: FieldAccess = view
    told: FieldDisclosure = view
    told.disclose("deal", {"stage": access.level("deal", "stage", {})}, {"id": 1}, key=1, count=1)
    outcome: perm.Outcome = view.outcome("read", "deal")
    decision: perm.Decision = view.explain("read", "deal", {"stage": "won"})
    plan = view.filter("read", "deal")
    text, parameters = plan.to_sql(dialect="postgres", paramstyle="named", columns={"stage": ("d", "stage")})
    shown: dict[str, object] = view.project("deal", {"stage": "won"})
    found: list[perm.FieldViolation] = view.check_write("deal", shown, {"stage": "lost"})
    gate: perm.PolicyDiff = perm.check_no_new_access(policy, perm.preset("hubspot"), held, org=people)
    broken: list[perm.Breach] = perm.constraint_breaches(policy, held)
    who: perm.Listing[perm.Access] = engine.who_can("read", "deal")
    what: list[str] = [one.action for one in engine.what_can("ann")[:3]]
    review: perm.Review = perm.review(policy, held, org=people, usage=used)
    gone: perm.Listing[perm.Assignment] = review.revocations(held)
    review = review.decide("ann", "sales", "keep", by="bob", tenant=None)
    when: perm.Condition = perm.record.stage.ne("won") & perm.record.owner_id.eq(perm.principal.id) | ~perm.Custom("p")
    grant = perm.Grant(["read"], "deal", scope="team", when=when)
    level: perm.Level = access.level("deal", "stage", None)
    names = (
        outcome,
        decision.code,
        text,
        parameters,
        found,
        gate.ok,
        broken,
        review.digest,
        grant,
        level,
        who,
        what,
        gone,
    )
    return bool(names) and view.allows("read", "deal", {"stage": "won"})


def watch(rows: list[dict[str, str]], schema: Schema) -> float | None:
    """Profile, drift, health and history, as a nightly job writes them."""
    history = quality.History("quality.jsonl")
    of_class: Schema = Schema.for_model(Contact, rules=[any_of(present("email"), present("phone"))])
    keep(of_class)
    today: quality.Profile = ck.profile(rows, schema, name="contacts")
    changes_found: quality.DriftReport = ck.drift(today, history.profiles("contacts", last=30))
    changes_found.raise_for("error")
    found: quality.Health = quality.health(schema.check(rows), before=history.healths(), duplicates=0.1)
    history.add(found)
    personal: dict[str, str] = quality.find_personal_data(rows).fields_to_encrypt()
    plan: quality.RetirementPlan = quality.plan_retirement(rows, quality.RetirementRules(inactive_days=730))
    _, retired = plan.apply(rows, by="lin", reason="spring", audit=None)
    log: quality.RetirementLog = retired
    page: Path = found.page(lang="zh").save("health.html")
    keep(log.to_frame(), log.to_dict(), page)
    return found.change if personal and plan.ok else None


rules: Schema = Schema.from_toml(Schema.for_system("salesforce", "lead").to_toml())
guide: str = rules.guide(lang="zh").to_html()
adapted: ck.typing.JSONValue = rules.to_json_schema()


def keep_a_log(folder: Path) -> bool:
    """An audit log is a sink and a source of usage, and proves itself."""
    signer = audit.NoteSigner.generate("example.com/log")
    log: audit.Log = audit.Log.open(folder, signer=signer)
    sink: AuditSink = log
    uses: UsageSource = log
    note_signer: Signer = signer
    note_verifier: Verifier = signer.verifier
    stored: int | None = log.record("contact.read", actor="u", resource=("contact", "1"), outcome="ok").seq
    verified: bool = audit.verify(folder, keys=[audit.NoteVerifier.parse(str(signer.verifier))], progress=None).ok
    return verified and bool((sink, uses, note_signer, note_verifier, stored))


def move_records() -> bool:
    """A mapping is data: turned round, joined, kept, compared, applied to any frame."""
    move: mapping.Mapping = (
        mapping.preset("zoho", "lead", zone="Asia/Shanghai") | mapping.preset("hubspot", "contact").inverse()
    )
    mapped, told = move.with_values({"lead_source": {"Web": "ORGANIC_SEARCH"}}).apply([{"Last_Name": "Lee"}], cut=True)
    mapping_report: mapping.MappingReport = told
    unknown: Mapping[str, Mapping[str, int]] = told.unknown
    kept: mapping.Mapping = mapping.Mapping.from_dict(move.to_dict())
    proposed: mapping.Suggestions = mapping.suggest([{"KUNNR": "1"}], kind="account").set("KUNNR", "account_number")
    proposed_data: dict[str, ck.typing.JSONValue] = proposed.to_dict()
    sent: list[dict[str, object]] = mapping.to_payload(mapping.from_payload({"data": []}, "zoho"), "zoho", "lead")
    different: list[str] = [change.column for change in mapping.diff(move, kept) if change.affects_records]
    agreed: bool = ck.reconcile([{"id": 1}], [{"id": 1}], key="id", columns=move).ok
    return agreed and bool((mapped, mapping_report, unknown, proposed_data, sent, different))


def cards_and_forms(cards: Path) -> bool:
    """Address books come as cards; the parts of a mapping can be built by hand."""
    book: RecordSet = mapping.read_vcards(cards)
    text: str = mapping.to_vcards(book, version="3.0")
    moment = mapping.Form(type="datetime", style="local", zone="Asia/Shanghai", order="DMY")
    stages = mapping.ValueTable.of({"Demo": "Proposal"})
    link = mapping.Link(
        source=mapping.End(name="Stage", headers=("Status",), max_length=40, required=True),
        target=mapping.End(name="stage", form=mapping.canonical_form("stage")),
        values=stages,
    )
    made = mapping.Mapping(
        source=mapping.Endpoint("sheet", "deal"), target=mapping.Endpoint(mapping.CANONICAL, "deal"), links=[link]
    ).renamed({"stage": "stage_id"})
    report: mapping.MappingReport = made.check([{"Stage": "Demo"}], lang="zh", progress=bar)
    facts: tuple[str, ...] = (*made.unconfirmed, *made.unheld, *made.unfed, *made.match_keys)
    sure: list[float] = [item.confidence for item in mapping.suggest(book, name="book", zone="UTC", order="YMD")]
    columns_of: Sequence[mapping.MappedColumn] = report.columns
    sentences: list[str] = mapping.diff(made, made.inverse()).explain("zh")
    return report.ok and bool((text, moment, facts, sure, columns_of, sentences))


def compare_tables(was: Path, now: Path, matcher: Matcher) -> bool:
    """A comparison has causes, rates, totals and a verdict, of frames or of files that do not fit into memory."""
    report: reconciliation.ReconcileReport = reconciliation.reconcile(
        [{"id": 1, "amount": 1.5}], {"id": [1], "sum": [150]}, key=["id"], columns={"amount": "sum"},
        kinds={"amount": "number"}, tolerance={"amount": 0.01}, values={"amount": {"a": "b"}}, similar=matcher,
        now=lambda: dt.datetime.now(dt.UTC), lang="zh", progress=bar,
    )  # fmt: skip
    files: reconciliation.ReconcileReport = reconciliation.reconcile_files(was, str(now), key="id", tolerance=1e-6)
    alone: tuple[str, ...] = (*report.missing_columns, *files.unexpected_columns)
    said: mapping.MappingReport | None = report.mapping
    causes: dict[str, int] = report.causes("amount")
    rates: list[float] = [one.rate for one in report.by_column()]
    where: list[reconciliation.Segment] = report.by("id", prefix=7, causes=["unit"])
    sums: list[reconciliation.Total] = report.totals(["amount"], by="id")
    alike: tuple[reconciliation.SimilarPair, ...] = report.similar
    gate: reconciliation.Gate = report.gate(
        min_matched=0, max_missing=0.01, max_unexpected=3, max_doubled=0, max_missing_columns=1,
        max_differing={"amount": 0, "*": 0.001}, ignore=["format"], same_totals=["amount"],
    )  # fmt: skip
    limits: tuple[reconciliation.Limit, ...] = gate.limits
    grade: reconciliation.Grade = reconciliation.CAUSES["unit"]
    one: reconciliation.Cause | None = reconciliation.cause_of("1", "100", "number")
    page: ck.reports.Page = ck.report(report, gate, lang="zh")
    parts = (alone, said, causes, rates, where, sums, alike, limits, grade, one, page)
    return gate.ok and bool(parts)


def keep_in_step(folder: Path, sink: AuditSink) -> bool:
    """A plan is data: decided, saved, applied twice, undone; a monitor remembers how it went."""
    agreed: sync.Agreed = sync.Agreed.of([{"id": 1, "a": 1}], key="id", watermark=dt.datetime.now(dt.UTC))
    rules = sync.SyncRules(
        source={"a": "newest", "*": "both"}, deletions="follow", max_deletions=0.01, updated_at=("at", "changed"),
        zone="Asia/Shanghai", settle=dt.timedelta(minutes=5), empty="keep",
    )  # fmt: skip
    plan: sync.SyncPlan = sync.plan_sync(
        [{"id": 1, "a": 2, "at": 0}], [{"id": 1, "a": 1, "changed": 0}], key="id", agreed=agreed, rules=rules,
        partial=["left"], progress=bar,
    )  # fmt: skip
    load: sync.SyncPlan = sync.plan_upsert([{"id": 1}], [], key="id", columns=mapping.preset("outlook"), similar=True)
    decided = plan.resolve("left", reason="both_changed", column="a", keys=["1", ("2",)])
    saved: sync.SyncPlan = sync.SyncPlan.load(decided.save(folder / "plan.json"))
    applied: sync.Applied = saved.apply({"id": [1], "a": [1]}, "right", by="lin", audit=sink)
    rest: sync.SyncPlan = saved.outstanding(applied.frame, "right")
    steps: tuple[sync.Step, ...] = rest.inverse().steps
    conflicts: tuple[sync.SyncConflict, ...] = (*plan.conflicts, *applied.conflicts)
    records: list[dict[str, object]] = load.records("right", "create")
    state: sync.Agreed = sync.Agreed.load(plan.agreed_without([("1",)]).save(folder / "agreed.jsonl"))
    monitor = sync.Monitor(history=quality.History(folder / "sync.jsonl"), name="crm-erp", least_rate=0.9)
    seen: sync.Consistency = monitor.observe(plan)
    alarms: tuple[sync.Alarm, ...] = seen.alarms
    side: sync.Authority = "newest"
    parts = (load.left_out, steps, conflicts, records, state, alarms, side, applied.revert(applied.frame))
    return plan.ok and seen.ok and bool(parts)


def keep_backups(payload: Path, meta: Path, nas: Path, signer: Signer, verifier: Verifier, sink: AuditSink) -> bool:
    """A backup is described, signed, verified, copied, healed, drilled, and gives single rows back."""
    snap: backup.Snapshot = backup.snapshot(backup.FrameSource([{"id": 1}], key="id", name="contacts"))
    header = backup.Header(set="crm", kind="full", ignore=("*.tmp",), chunk_size=1 << 20)
    manifest: backup.Manifest = backup.create(payload, header, tables=[snap], progress=bar, audit=sink, by="u")
    statement: backup.Statement = backup.sign(manifest, signer, seq=1)
    ledger = backup.TrustLedger(meta / "trust.jsonl")
    report: backup.VerifyReport = backup.verify(
        payload, keys=[verifier], ledger=ledger, level="sample", budget=backup.Budget(seconds=60), state=meta / "state"
    )
    findings: Sequence[backup.Finding] = report.findings
    skipped: Sequence[backup.NotChecked] = report.not_checked
    coverage: backup.Coverage = report.coverage
    proof: backup.FileProof = backup.prove(meta, "a.csv")
    stores: Mapping[str, backup.Store] = {"nas": backup.LocalStore(nas), "cloud": backup.FsspecStore("memory://crm")}
    copies: backup.CopiesReport = backup.compare_copies(meta, stores, keys=[verifier])
    backup.plan_heal(copies).check()
    healed: Sequence[backup.HealAction] = backup.plan_heal(copies).apply(audit=sink)
    vote: backup.CopiesVote = backup.vote_copies(stores)
    drilled: backup.DrillReport = backup.Drill(
        restore=backup.SqliteRestore(file="crm.sqlite"),
        scratch=backup.ScratchFolder(),
        checks=[
            backup.RowCounts({"contacts": (1, 10)}),
            backup.TableDigests(),
            backup.TableDigests([snap]),
            backup.ForeignKeys(),
        ],
        keys=[verifier],
        rto_limit=dt.timedelta(hours=4),
    ).run(payload)
    probed: backup.ProbeReport = backup.probe(payload / "a.csv")
    return all((report.ok, copies.ok, vote.ok, drilled.ok)) and bool(
        (statement, findings, skipped, coverage, proof, healed, probed)
    )


def plan_backups(saved: backup.Source, live: backup.Source, now: dt.datetime) -> Literal["restore", "overwrite"] | None:
    """Policy, retention and recovery are plans: what they would do is data before anything happens."""
    policy = backup.BackupPolicy(
        rpo=dt.timedelta(hours=24), rto=dt.timedelta(hours=4), keep=backup.GFS(daily=7), tz="Europe/Berlin"
    )
    catalogue = [backup.BackupRecord(backup_id="b1", created=now, verified_at=now)]
    violations: Sequence[backup.Violation] = backup.check_policy(policy, catalogue, at=now).violations
    prune: backup.PrunePlan = backup.plan_prune(policy, catalogue, at=now)
    gate: backup.Preflight = backup.preflight("upgrade", policy, catalogue, at=now)
    gate.raise_for()
    keep(gate.ok, prune.to_frame(like=[]), prune.to_dict())
    chosen: list[backup.BackupRecord] = backup.choose_backups(catalogue, "each_tier", at=now, policy=policy)
    compared: backup.SnapshotComparison = backup.compare(backup.snapshot(saved), backup.snapshot(live))
    plan: backup.RecoveryPlan = backup.recover(saved, live, keys=[1, (2,)], columns=["name"])
    try:
        done: backup.Recovery = plan.apply(log="recovery.jsonl", by="u", reason="deleted by mistake")
        done.revert(live)
    except ConflictError as error:
        keep(error.conflicts)
    keep(violations, prune, gate, chosen, compared, backup.row_sql("postgresql", "t", live.schema(), key=("id",)))
    return plan.rows[0].kind if plan.rows else None
