"""The rules as a page for the people who type the data in: the rules are the entry standard."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from crmkit._notebook import document, framed
from crmkit.validators._checks._check import Not, walk
from crmkit.validators._checks._field_rules import field_rules
from crmkit.validators._rules._adds_up import AddsUp
from crmkit.validators._rules._dependency import Depends
from crmkit.validators._rules._relations import Refers, Unique
from crmkit.validators._rules._rule import Demand, Order, Require
from crmkit.validators._rules._wording import guide_texts, in_words, word
from crmkit.validators._values._choice import Choice
from crmkit.validators._values._text import Blank, Required

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from crmkit.typing import Language
    from crmkit.validators._checks._check import Check
    from crmkit.validators._checks._field_rules import FieldRule
    from crmkit.validators._rules._rule import Rule

    from ._schema import Schema

__all__ = ["Guide", "make_guide"]

_MOST_VALUES = 40
_ORDERS = {"<": "order_less", "<=": "order_at_most", "==": "order_equal", ">=": "order_at_least", ">": "order_more"}
_LIMITS = (("max_length", "longest"), ("min_length", "shortest"), ("ge", "at_least"), ("le", "at_most"),
           ("after", "after"), ("before", "before"))  # fmt: skip
_STYLE = """
body{font:16px/1.5 system-ui,"Noto Sans","PingFang SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:70rem;
padding:0 1rem;color:#1b1b1f}h1{font-size:1.5rem}h2{font-size:1.15rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.45rem .6rem;
border-bottom:1px solid #d5d7de}
th{background:#f3f4f8}td:first-child{font-weight:600}
th,code{white-space:nowrap}
code{background:#f3f4f8;padding:.05rem .3rem;border-radius:.2rem}.bad code{background:#fdecec}.req{white-space:nowrap}
@media(max-width:40rem){table,tbody,tr,td{display:block}thead{display:none}}
@media(prefers-color-scheme:dark){body{background:#17181c;color:#e8e8ec}th,code{background:#26282f}
th,td{border-color:#3a3d47}.bad code{background:#4a2528}}
""".replace("\n", "")


@attrs.frozen
class Guide:
    """An entry standard as a self-contained page.

    Made by :meth:`Schema.guide`.

    Attributes:
        title: Its heading.
        entries: One mapping for each field: ``field``, ``required``, ``meaning``, ``form``, ``good``, ``bad``,
            ``values``.
        sentences: The rules between fields.
        lang: ``en`` or ``zh``.

    .. versionadded:: 0.1.0
    """

    title: str
    entries: tuple[Mapping[str, Any], ...] = attrs.field(repr=False)
    sentences: tuple[str, ...] = attrs.field(repr=False)
    lang: Language = "en"

    def to_html(self) -> str:
        """Return the page: one file, no script, nothing loaded."""
        heads = [word(name, self.lang) for name in ("field", "demanded", "meaning", "form", "good", "bad")]
        head = "".join(f"<th>{escape(text)}</th>" for text in heads)
        body = "".join(self._row(entry) for entry in self.entries)
        rules = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.sentences)
        more = f"<h2>{escape(word('rules', self.lang))}</h2><ul>{rules}</ul>" if rules else ""
        inside = (
            f"<h1>{escape(self.title)}</h1><p>{escape(word('leave_empty', self.lang))}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
        )
        return document(self.title, _STYLE, inside, lang=self.lang)

    def _row(self, entry: Mapping[str, Any]) -> str:
        form = escape("; ".join(entry["form"]) if self.lang == "en" else "；".join(entry["form"]))
        if entry["values"]:
            values = " ".join(f"<code>{escape(value)}</code>" for value in entry["values"])
            form = f"{escape(word('values', self.lang))}: {values}"
        good, bad = (f"<code>{escape(entry[name])}</code>" if entry[name] else "" for name in ("good", "bad"))
        demanded = escape(str(entry["required"]))
        return (
            f'<tr><td>{escape(entry["field"])}</td><td class="req">{demanded}</td><td>{escape(entry["meaning"])}</td>'
            f'<td>{form}</td><td>{good}</td><td class="bad">{bad}</td></tr>'
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page and return its path."""
        target = Path(path)
        target.write_text(self.to_html(), encoding="utf-8", errors="replace")
        return target

    def _repr_html_(self) -> str:
        return framed(self.to_html())


def make_guide(schema: Schema, *, lang: Language, labels: Mapping[str, str], title: str | None) -> Guide:
    """Return the guide of a rule set."""
    entries = [_entry(field, check, schema, lang, labels) for field, check in schema.fields.items()]
    sentences = []
    told = {
        field for field, check in schema.fields.items()
        if field == schema.key
        or any(rule.condition is None and isinstance(rule.check, Required) for rule in field_rules(field, check))
    }  # fmt: skip
    for rule in schema.all_rules:
        if isinstance(rule, Require) and rule.condition is None and rule.field in told:
            continue  # the table above says so
        own = dict(rule.messages).get(lang)
        sentence = own if own is not None else _sentence(rule, lang, labels)
        if sentence is not None:
            sentences.append(sentence)
    heading = word("title", lang, name=schema.name) if title is None else title
    return Guide(heading, tuple(entries), tuple(sentences), lang)


def _sentence(rule: Rule, lang: Language, labels: Mapping[str, str]) -> str | None:
    """Return a rule in words; ``None`` for those that nobody can heed while typing."""
    condition = None if rule.condition is None else in_words(rule.condition, lang, labels)
    if isinstance(rule, Require) and condition is not None:
        return word("required_where", lang, field=labels.get(rule.field, rule.field), condition=condition)
    sentence = _plainly(rule, lang, labels)
    if sentence is None or condition is None:
        return sentence
    return word("where", lang, sentence=sentence, condition=condition)


def _plainly(rule: Rule, lang: Language, labels: Mapping[str, str]) -> str | None:
    def named(*columns: str) -> str:
        return ("、" if lang == "zh" else ", ").join(labels.get(column, column) for column in columns)

    match rule:
        case Demand():
            return in_words(rule.demand, lang, labels)
        case Require():
            return word("is_required", lang, field=named(rule.field))
        case Unique():
            return word("unique", lang, field=named(*rule.fields))
        case Refers():
            return word("refers", lang, field=named(rule.field), table=rule.table)
        case Depends():
            return word("depends", lang, field=named(rule.field), fields=named(*rule.on))
        case AddsUp():
            return word("adds_up", lang, field=named(rule.total), fields=named(*rule.parts))
        case Order():
            return word(_ORDERS[rule.relation], lang, first=named(rule.first), second=named(rule.second))
    return None


def _entry(
    field: str, check: Check, schema: Schema, lang: Language, labels: Mapping[str, str]
) -> Mapping[str, Any]:  # fmt: skip
    rules = field_rules(field, check)
    said = [rule for rule in rules if not isinstance(rule.check, (Required, Blank))]
    demanded = next((rule for rule in rules if isinstance(rule.check, Required)), None)
    required = word("yes" if demanded is not None or field == schema.key else "no", lang)
    if demanded is not None and demanded.condition is not None:
        required = word("when", lang, condition=in_words(demanded.condition, lang, labels))
    parts = [part for rule in said for part in walk(rule.check) if type(part).__name__ in guide_texts()]
    # A limit on length says nothing of what the field is for.
    telling = [part for part in parts if type(part).__name__ != "Text"] or parts[:1]
    about: Mapping[str, Any] = guide_texts()[type(telling[0]).__name__] if telling else {}
    choice = next((part for part in parts if isinstance(part, Choice)), None)
    own = [rule.template[lang] for rule in rules if rule.template and lang in rule.template]
    good, bad = str(about.get("good", "")), str(about.get("bad", ""))
    if choice is not None:
        good, bad = choice.values[0], "?"
    denied = any(isinstance(rule.check, Not) for rule in rules)
    if denied or not all(_holds(rule, good) for rule in said):
        good = ""  # an example that the field itself would refuse teaches the wrong thing
    return {
        "field": labels.get(field, field),
        "required": required,
        "meaning": (own or [about["meaning"][lang] if about else ""])[0],
        "form": [text for text in (about["form"][lang] if about else "", *_limits(parts, lang)) if text],
        "good": good,
        "bad": bad,
        "values": choice.values[:_MOST_VALUES] if choice is not None else (),
    }


def _holds(rule: FieldRule, example: str) -> bool:
    if not example or rule.check.references or rule.condition is not None:
        return True
    try:
        return rule.check.is_valid(example)
    except Exception:  # noqa: BLE001 - a caller's own test that fails on an example: leave the example out
        return False


def _limits(parts: Sequence[Check], lang: Language) -> list[str]:
    found = []
    for part in parts:
        for name, limit in _LIMITS:
            bound = getattr(part, name, None)
            if bound is not None:
                shown = word("now", lang) if bound == "now" else str(bound)
                found.append(word(limit, lang, n=shown))
    return list(dict.fromkeys(found))
