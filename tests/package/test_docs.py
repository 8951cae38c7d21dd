"""The documentation: its code runs and shows what it really prints, and it documents exactly what is public.

Every ```` ```python ```` block of a page runs in order, in one namespace and a folder of its own that holds an
``export.csv``. A ```` ```text ```` block directly behind one is what it printed; ``>>>`` lines are doctests.
"""

from __future__ import annotations

import contextlib
import doctest
import gc
import importlib.util
import inspect
import io
import os
import posixpath
import re
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)]
BLOCK = re.compile(r"^```(?:\{doctest\}|(\w+))\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)

SMALLER = {"5_000_000": "500", "10_000": "300"}
"""Sizes that pages name because they matter to the reader, and that would take minutes here."""

NEEDS = {
    "common-errors.md": ["pandas", "python_calamine"],
    "encrypt-columns-with-sqlalchemy.md": ["sqlalchemy"],
    "testing.md": ["pandas", "hypothesis"],
}
"""Libraries that a page's code imports and crmkit does not require."""

NO_EXAMPLE = {
    "crmkit.errors": "raised by crmkit: docs/how-to/common-errors.md shows them",
    "crmkit.typing": "Protocols that the caller's own objects fulfil: tests/typing/api.py does",
    "crmkit.matching.comparisons": "named in a list: docs/reference/matching.md does",
    "crmkit.testing.corrupt": "called alike: the example of corrupt.apply stands for all",
    "crmkit.testing.strategies": "drawn from under @given: docs/reference/testing.md does",
}
"""Modules whose public objects need no Example of their own, and why."""

MADE_BY = {
    "crmkit.backup": {
        *("Accepted", "CopiesReport", "CopiesVote", "CopyState", "Coverage", "Envelope", "FileProof", "HealAction"),
        *("HealPlan", "Manifest"),
        *(
            "CheckResult",
            "Downtime",
            "DrillReport",
            "Recovery",
            "RecoveryPlan",
            "RowRecovery",
            "Restore",
            "RestoreCheck",
            "Restored",
            "Scratch",
        ),
        *("PolicyReport", "Preflight", "PruneDecision", "PrunePlan", "Violation"),
        *("NotChecked", "ProbeReport", "Snapshot", "Store"),
        *("SnapshotComparison", "Source", "Statement", "VerifyReport"),
    },
    "crmkit.backup.formats": {"Checksum"},
    "crmkit.audit": {
        *("AuditReport", "ConfigChange", "Damage", "Evidence", "Finding", "LogReport", "LoggedUsage", "Note"),
        *("NoteSignature", "Remediation"),
    },
    "crmkit.changes": {"Account", "Change", "Conflict", "Discrepancy"},
    "crmkit.encryption": {
        *("Checkpoint", "ColumnOutcome", "ErasureReceipt", "Failure", "GuardedBox", "IndexPlan", "KeyStatus"),
        *(
            "KeyringStatus",
            "Rewrite",
            "RotationReport",
            "Sealed",
            "StoredToken",
            "SubjectRow",
            "TokenCount",
            "TokenInfo",
        ),
    },
    "crmkit.issues": {"Coded"},
    "crmkit.matching": {
        *("Diagnostics", "Evaluation", "EvidenceStep", "LinkReport", "MatchModel", "MatchReport", "PairExplanation"),
        *("PairReport", "Question", "Questions", "RuleUse", "RunComparison", "Scores", "Undone"),
    },
    "crmkit.mapping": {"End", "Link", "MappedColumn", "MappingChange", "MappingDiff", "Suggestion"},
    "crmkit.reconciliation": {
        *("Cause", "ColumnPair", "ColumnSummary", "Gate", "Grade", "Limit", "Segment", "Side", "Total"),
        "SimilarPair",
    },
    "crmkit.sync": {"Alarm", "Applied", "Consistency", "Step", "SyncConflict"},
    "crmkit.permissions": {
        *("Access", "AccessChange", "CasbinPolicy", "Decision", "FieldViolation", "Finding", "Leaf", "LeastPrivilege"),
        *("LintReport", "NearMiss", "Offboarding", "Permission", "PolicyDiff", "Review", "ReviewDecision", "ReviewRow"),
        *("Simulation", "Suggestion"),
    },
    "crmkit.quality": {
        "ColumnProfile",
        "Health",
        "PersonalData",
        "Profile",
        "RetirementLog",
        "RetirementPlan",
        "RuleCounts",
    },
    "crmkit.systems": {"GenericNames"},
    "crmkit.testing.generate": {"Planted"},
    "crmkit.validators": {
        *("Column", "Condition", "FixPlan", "Guide", "Identifier", "Judgement", "RuleOutcome", "Rule", "RunContext"),
        *("SchemaDiff", "Summary"),
    },
}
"""Classes whose objects crmkit makes; the call that returns them has the Example."""

SETTINGS = {
    "crmkit.backup.formats": {"write_bag", "write_sums"},  # the examples of verify_bag and verify_sums use them
    # docs/how-to/verify-a-backup.md and compare-tables.md show them
    "crmkit.backup": {"countersign", "DuckdbSource", "PostgresSource", "postgres_identity", "read_statement", "sign"},
    "crmkit": {"read_excel"},  # needs a workbook: tests/files/test_read_excel.py makes one
    "crmkit.encryption": {"SubjectStore", "TokenTable"},  # Protocols; two classes of each are there
    "crmkit.audit": {  # questions with their settings: docs/how-to/audit-a-period.md asks them
        *("BulkExport", "ChangeWithoutTicket", "DormantAccount", "GainedThenUsed", "OffHours", "RepeatedDenials"),
        *("SelfGrant", "SeparationOfDuties"),
    },
    "crmkit.files": {"read_excel"},
    "crmkit.reconciliation": {"read_both"},
    "crmkit.matching": {
        *(
            "Comparison",
            "FirstSeen",
            "Label",
            "Longest",
            "MostComplete",
            "MostFrequent",
            "MostRecent",
            "Newest",
            "Oldest",
        ),
        *("SurvivorFirst", "SurvivorsOwn", "SurvivorshipRule", "TrustedSource", "Verified"),
    },
}
"""What means nothing by itself: settings, which docs/reference/matching.md shows in use, and readers of files."""


def public_api() -> Any:
    """``docs/_ext/public_api.py``, from which the page of all names is made."""
    name = "public_api"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, DOCS / "_ext" / "public_api.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@cache
def export() -> bytes:
    """A contact export as pages assume it: messy, with duplicates, under everyday headers."""
    from crmkit.testing import generate

    out = io.StringIO()
    import csv

    records = generate.contacts(400, seed=7, messy=True).records
    writer = csv.writer(out)
    writer.writerow(records.columns)
    writer.writerows(zip(*(records.column(name) for name in records.columns), strict=True))
    return out.getvalue().encode()


@pytest.fixture
def few_examples() -> Iterator[None]:
    """Property tests on pages run with few examples, and may be slow while another test loads the machine."""
    try:
        from hypothesis import HealthCheck, settings
    except ImportError:
        yield
        return
    before = settings.get_current_profile_name()
    settings.register_profile("pages", max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    settings.load_profile("pages")
    yield
    settings.load_profile(before)


def blocks(page: Path) -> list[tuple[str, str | None, int]]:
    """The code of a page, what it shows as output, and the line it starts in."""
    text = page.read_text(encoding="utf-8")
    return [
        (found[2], found[3], text.count("\n", 0, found.start()) + 2)
        for found in BLOCK.finditer(text)
        if found[1] in {"python", None}
    ]


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_the_code_of_a_page_runs_and_prints_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_examples: None
) -> None:
    for library in NEEDS.get(page.name, []):
        pytest.importorskip(library, reason=f"{page.name} uses {library}")
    (tmp_path / "export.csv").write_bytes(export())
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    try:
        run_blocks(page, namespace)
    finally:
        # A page need not close what it opens, and Python 3.13 says so of databases when they are collected.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            namespace.clear()
            gc.collect()


def run_blocks(page: Path, namespace: dict[str, Any]) -> None:
    for code, shown, line in blocks(page):
        where = f"{page.relative_to(ROOT)}:{line}"
        if code.lstrip().startswith(">>>"):
            run_examples(code, namespace, where)
            continue
        for size, smaller in SMALLER.items():
            code = code.replace(size, smaller)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * (line - 1) + code, str(page), "exec", flags=0, dont_inherit=True), namespace)
        if shown is not None:
            checker = doctest.OutputChecker()
            assert checker.check_output(shown, printed.getvalue(), doctest.ELLIPSIS), f"{where}\n{printed.getvalue()}"


def run_examples(code: str, namespace: dict[str, Any], where: str) -> None:
    said: list[str] = []
    test = doctest.DocTestParser().get_doctest(code, namespace, where, where, 0)
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append, clear_globs=False)
    assert not said, "".join(said)
    namespace.update(test.globs)


def test_pages_have_code_that_runs() -> None:
    assert sum(len(blocks(page)) for page in PAGES) > 25


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], str]:
    """What autodoc documents, and what the build warned about.

    ``CRMKIT_DOCS`` names the folder of a build that was made with warnings as errors, where there is one.
    """
    if "CRMKIT_DOCS" in os.environ:
        inventory = pytest.importorskip("sphinx.util.inventory", reason="needs the documentation tools").InventoryFile
        with (Path(os.environ["CRMKIT_DOCS"]) / "objects.inv").open("rb") as file:
            known = inventory.load(file, "", posixpath.join)
        return {name for role, names in known.items() if role.startswith("py:") for name in names}, ""
    application = pytest.importorskip("sphinx.application", reason="needs the documentation tools")
    pytest.importorskip("myst_nb", reason="needs the documentation tools")
    pytest.importorskip("furo", reason="needs the documentation tools")
    out = tmp_path_factory.mktemp("site")
    warnings = io.StringIO()
    before = list(sys.path)
    try:
        # The build proper executes the notebooks; here only names and links are looked at.
        app = application.Sphinx(
            str(DOCS), str(DOCS), str(out), str(out / "trees"), "dummy", status=None, warning=warnings,
            confoverrides={"nb_execution_mode": "off"},
        )  # fmt: skip
        app.build()
    finally:
        sys.path[:] = before
    return set(app.env.domaindata["py"]["objects"]), warnings.getvalue()


@pytest.mark.filterwarnings("ignore")  # of the tools, about each other
class TestTheBuiltPages:
    def test_they_are_built_without_a_warning(self, site: tuple[set[str], str]) -> None:
        assert not site[1]

    def test_they_and_autodoc_agree_on_what_is_public(self, site: tuple[set[str], str]) -> None:
        public = {name.full for name in public_api().names()}
        depth = {module: module.count(".") + 1 for module in public_api().modules()}
        documented = {
            name for name in site[0] if name.rpartition(".")[0] in depth and name not in depth and "._" not in name
        }
        assert public - site[0] == set(), "in __all__ and on no page of docs/reference"
        assert documented - public == set(), "on a page and in no __all__"


def described() -> list[Any]:
    return list(public_api().names())


def test_every_public_name_has_a_summary_of_one_sentence() -> None:
    assert [name.full for name in described() if not name.summary.endswith((".", ":", "?"))] == []


def test_every_public_class_and_function_says_since_when_it_is_there() -> None:
    versioned = [name for name in described() if name.kind != "data" and name.full != "crmkit.Schema"]
    assert [name.full for name in versioned if public_api().VERSION_ADDED not in name.doc] == []


def test_every_public_class_and_function_has_an_example_that_runs() -> None:
    without = {
        name.full
        for name in described()
        if name.kind in {"class", "function"} and name.module not in NO_EXAMPLE and not example(name)
    }
    excused = {f"{module}.{name}" for table in (MADE_BY, SETTINGS) for module in table for name in table[module]}
    assert without - excused == set(), "no Example"
    assert excused - without == set(), "has an Example now: take it off the list"


def example(name: Any) -> bool:
    """Whether the docstring, or that of a method for a class that others make, has an Example."""
    value = getattr(importlib.import_module(name.module), name.name)
    docs = [name.doc]
    if inspect.isclass(value):
        docs += [inspect.getdoc(getattr(value, part)) or "" for part in vars(value) if not part.startswith("_")]
    return any(">>> " in doc for doc in docs)
