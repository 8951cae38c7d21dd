from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crmkit as ck
from crmkit import quality
from crmkit.errors import NotFoundError
from crmkit.records import RecordSet
from crmkit.reports import Page
from crmkit.validators import Email, Schema, Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VOID = {"br", "hr", "img", "meta"}


class Tree(HTMLParser):
    """Checks that every tag is closed in its place, and collects tags, attributes and text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(markup)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text.append(data)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_is_well_formed_and_loads_and_runs_nothing(make_page: Callable[..., Page], lang: str) -> None:
    html = make_page(lang=lang).to_html()
    tree = Tree(html)
    assert not {"script", "link", "iframe", "object", "embed", "img", "form"} & set(tree.tags)
    assert not [name for name, _ in tree.attributes if name.startswith("on") or name in {"src", "href", "srcset"}]
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in tree.attributes
    assert "url(" not in html
    assert "@import" not in html


def test_the_page_says_what_the_results_say(make_page: Callable[..., Page], results: tuple[Any, ...]) -> None:
    report, fixes, found, merges = results
    text = " ".join(Tree(make_page(title="Autumn").to_html()).text)
    counts = report.counts()
    assert "Autumn" in text
    for figure in (counts["rows"], counts["errors"], len(fixes), found.counts()["duplicates"], 400 - merges.merged):
        assert f"{figure:,}" in text
    assert f"Rows in: 400. Golden records out: {400 - merges.merged}. Merged into another: {merges.merged}." in text


def test_every_value_of_a_personal_column_is_masked(make_page: Callable[..., Page], results: tuple[Any, ...]) -> None:
    contacts = results[0].table
    text = " ".join(Tree(make_page().to_html()).text)
    for column in ("email", "phone", "street", "birth_date"):
        shown = [value for value in contacts.distinct(column).values if len(value) > 6 and value in text]
        assert not shown, column


def test_reveal_shows_values_and_says_so(make_page: Callable[..., Page]) -> None:
    assert "Values are shown as they are." in make_page(reveal=True).to_html()
    assert "Personal fields are masked" in make_page().to_html()


def test_the_chinese_page_has_no_english_sentence(make_page: Callable[..., Page]) -> None:
    text = " ".join(Tree(make_page(lang="zh").to_html()).text)
    assert "数据质量如何" in text
    for english in ("What is", "rows", "errors found", "Worst first", "evidence", "not an e-mail"):
        assert english not in text


def test_an_unknown_language_is_refused(results: tuple[Any, ...]) -> None:
    with pytest.raises(NotFoundError, match="unknown language"):
        ck.report(*results, lang="de")  # type: ignore[arg-type]


def test_something_that_is_no_result_is_refused() -> None:
    with pytest.raises(TypeError, match="not list"):
        ck.report([{"a": 1}])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one result"):
        ck.report()


def test_the_reports_of_other_areas_show_themselves_on_a_page() -> None:
    rows = [{"email": "ana@example.org", "amount": str(n)} for n in range(30)]
    profile = ck.profile(rows)
    page = ck.report(profile, ck.drift(profile, ck.profile(rows[:20])), quality.find_personal_data(rows))
    text = Tree(page.to_html()).text
    assert "Results" in text
    assert "amount" in text
    assert "Drift" in text
    assert "Personal data" in text
    assert "ana@" not in text
    assert repr(page) == "Page(others=3, lang='en')"
    assert "结果" in ck.report(profile, lang="zh").to_html()


def test_tables_and_single_issues_are_no_results() -> None:
    report = ck.check([{"email": "ana@"}])
    for other in (report.issues, RecordSet({"email": ["ana@example.org"]}), next(iter(report))):
        with pytest.raises(TypeError, match="a page shows reports"):
            ck.report(other)  # type: ignore[arg-type]


def test_a_page_of_one_result_alone_stands(results: tuple[Any, ...]) -> None:
    for result in results:
        Tree(ck.report(result).to_html())


def test_a_clean_file_says_that_nothing_is_wrong() -> None:
    people = [{"id": "1", "email": "ana@example.com"}, {"id": "2", "email": "bo@example.com"}]
    report = Schema("people", fields={"email": Email()}).check(people)
    clean, fixes = report.fixes().apply(people)
    found = ck.dedupe(clean)
    text = " ".join(Tree(ck.report(report, fixes, found).to_html()).text)
    for sentence in (
        "No rule found anything to say.",
        "Nothing was changed.",
        "No two rows look like one party.",
        "Nothing waits for a decision.",
    ):
        assert sentence in text


def test_a_table_without_rows_has_a_page() -> None:
    report = Schema("people", fields={"email": Email()}).check({"email": []})
    assert "0 rows" in " ".join(Tree(ck.report(report).to_html()).text)


def test_a_rule_that_crashed_is_named_and_its_data_not_blamed() -> None:
    from crmkit.validators import Satisfies, register

    def broken(value: str) -> bool:
        raise RuntimeError(value)

    register("tests.reports.broken", test=broken)
    report = Schema("people", fields={"note": Satisfies("tests.reports.broken")}).check([{"note": "secret-canary"}])
    text = " ".join(Tree(ck.report(report, reveal=False).to_html()).text)
    assert "Rules that could not run" in text
    assert "secret-canary" not in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.text(min_size=1), min_size=1, max_size=4), st.booleans())
def test_no_value_breaks_out_of_the_page(values: list[str], reveal: bool) -> None:
    rows = [{"</style><script>alert(1)</script>": value, "email": value} for value in values]
    report = Schema("x", fields={"email": Email(), "</style><script>alert(1)</script>": Text(max_length=0)}).check(rows)
    tree = Tree(ck.report(report, reveal=reveal, title=values[0]).to_html())
    assert "script" not in tree.tags


def test_saving_writes_the_whole_page_as_utf8(make_page: Callable[..., Page], tmp_path: Path) -> None:
    page = make_page(lang="zh", now=lambda: dt.datetime(2026, 11, 23, tzinfo=dt.UTC))
    written = page.save(tmp_path / "cleanup.html")
    assert written.read_text(encoding="utf-8") == page.to_html()
    assert "2026-11-23" in page.to_html()


def test_in_a_notebook_the_page_stands_in_a_sandbox(make_page: Callable[..., Page]) -> None:
    shown = make_page()._repr_html_()
    assert re.match(r'<iframe srcdoc="&lt;!doctype html', shown)
    assert "sandbox" in shown


def test_the_repr_counts_results_and_shows_no_value(make_page: Callable[..., Page]) -> None:
    assert repr(make_page()) == "Page(checks=1, fixes=1, matches=1, merges=1, lang='en')"


def test_what_could_not_be_checked_is_said() -> None:
    from crmkit.validators import Phone, col

    people = [{"phone": "030 123456", "country": None}] * 3
    report = Schema("people", fields={"phone": Phone(country=col("country"))}).check(people)
    text = " ".join(Tree(ck.report(report).to_html()).text)
    assert "What could not be checked" in text
    assert "no country is known for these rows" in text


def test_rows_that_differ_in_the_details_of_a_message_are_not_all_given_the_first(results: tuple[Any, ...]) -> None:
    report = Schema("people", fields={"a": Text(max_length=1)}).check([{"a": "xx"}, {"a": "xxx"}, {"a": "xxxx"}])
    variants = len({issue.message for issue in report.issues})
    text = " ".join(Tree(ck.report(report).to_html()).text)
    assert ("like it)" in text) == (variants > 1)


def test_examples_agree_with_their_own_probability(results: tuple[Any, ...]) -> None:
    from crmkit.reports._duplicates import _examples

    found = results[2]
    for pair in _examples(found):
        together = found.labels[found.scored.left[pair]] == found.labels[found.scored.right[pair]]
        assert together == (found.scored.probability[pair] >= found.threshold_)


def pair_examples(rows: list[dict[str, str]]) -> str:
    return " ".join(Tree(Page([ck.dedupe(rows)]).to_html()).text)


def test_values_that_differ_in_case_alone_are_called_nearly_the_same() -> None:
    twins = [
        {"id": "1", "name": "Ann LEE", "email": "ann@example.com", "phone": "+1 212 555 0123"},
        {"id": "2", "name": "Ann Lee", "email": "ann@example.com", "phone": "+12125550124"},
    ]
    shown = pair_examples(twins)
    assert re.search(r"name A\*\*\* A\*\*\* ≈", shown)
    assert re.search(r"email a\*\*\*@example.com a\*\*\*@example.com =", shown)
    assert re.search(r"phone \S+ \S+( \S+)* ≠", shown)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_rule_that_was_not_asked_says_why_in_words(lang: Any) -> None:
    rows = [{"id": str(n), "created_at": "1/5/2024", "updated_at": "2/6/2024", "name": "Ann Lee"} for n in range(3)]
    text = " ".join(Tree(Page([ck.check(rows)], lang=lang).to_html()).text)
    assert "invalid:" not in text
    assert ("could not be read" if lang == "en" else "无法读取") in text


def test_a_correction_is_explained_by_what_was_wrong_with_that_cell() -> None:
    rows = [
        {"id": "1", "family_name": "GarcÃ\xada", "email": "a@example.com"},
        {"id": "2", "family_name": "  Lee ", "email": "b@example.com"},
        {"id": "3", "family_name": "12345", "email": "c@example.com"},
    ]
    report = ck.check(rows)
    _, log = report.fixes().apply(rows)
    text = " ".join(Tree(Page([report, log]).to_html()).text)
    corrected = text[text.index("What was corrected") : text.index("What to do next")]
    assert "damaged text" in corrected
    assert "does not look like a person's name" not in corrected


def test_changes_that_look_alike_under_a_mask_are_called_hidden() -> None:
    rows = [{"id": "1", "notes": " x  y ", "email": "a@example.com"}]
    report = Schema("notes", fields={"notes": Text()}).check(rows)
    _, log = report.fixes().apply(rows)
    assert len(log) == 1
    assert "(hidden)" in " ".join(Tree(Page([report, log]).to_html()).text)


def test_a_first_row_that_was_no_header_is_not_published() -> None:
    rows = [{"Ann": f"Bob{n}", "Lee": "Stone", "ann@lee.example": f"bob{n}@example.com"} for n in range(9)]
    rows[4]["ann@lee.example"] = "bob@@example.com"
    report = ck.check(rows)
    _, log = report.fixes(min_confidence=0.0).apply(rows)
    html = Page([report, log]).to_html()
    assert not [value for value in ("ann@lee", ">Ann<", ">Lee<") if value in html]
    assert "ann@lee.example" in Page([report], reveal=True).to_html()


def test_one_of_a_thing_is_not_said_in_the_plural() -> None:
    rows = [{"id": "1", "email": " ann@@example.com", "name": " Ann Lee"}]
    report = ck.check(rows)
    _, log = report.fixes().apply(rows)
    text = " ".join(Tree(Page([report, log]).to_html()).text)
    assert "row checked" in text
    assert "error found" in text
    assert not re.search(r"\b1 (?:rows|errors|cells|records|duplicates|proposed corrections)\b", text)
