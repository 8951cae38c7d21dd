"""Find the legal form in a company name, in words (most scripts) or at the edge of the text (Chinese, Japanese)."""

from __future__ import annotations

import re
from functools import cache

from crmkit._tables import read_pairs
from crmkit.normalize import text

_LIMIT = 1000  # characters; longer text is folded whole and not searched
# Named one by one: vowel signs of Indic scripts and Thai are no word characters to ``re``, and must stay.
_NOISE = re.compile(
    "[!\"#%'*<=>?@\\[\\\\\\]^_`{|}~\u00a1\u00a7\u00b6\u00bf\u2010-\u2027\u2030-\u205e\u3008-\u301f\ufffd]"
)
_SEGMENTS = re.compile(r"\s*[()]\s*|\s+-\s+")
_SEPARATORS = re.compile(r"[()/·-]+")
_AND = frozenset({"&", "+", "und", "and", "et"})
_CJK = "\u3005\u3041-\u30ff\u3400-\u9fff"
_HAS_CJK = re.compile(f"[{_CJK}]")
_ONLY_CJK = re.compile(f"[{_CJK}]+")
_CJK_BLANK = re.compile(f"(?<=[{_CJK}]) | (?=[{_CJK}])")
_CJK_EDGE = re.compile(f"(?<=[{_CJK}])(?=[a-z0-9])|(?<=[a-z0-9.])(?=[{_CJK}])")
# Short forms that Japanese and Korean names carry in brackets, at either end.
_BRACKETED = {"(株)": "株式会社", "(有)": "有限会社", "(同)": "合同会社", "(주)": "주식회사", "(유)": "유한회사"}
_SHORT_FORM = re.compile(r"\([株有同주유]\)")
_PLAIN = re.compile(r"[a-z0-9]+(?: [a-z0-9]+)*")


def words_of(folded: str) -> list[str]:
    """Return the words of a folded name: punctuation off, single letters joined ("s.p.a.", "a b" -> "spa", "ab")."""
    if _PLAIN.fullmatch(folded) is None:
        folded = _NOISE.sub("", folded.replace(",", " ").replace(";", " ").replace(":", " "))
        folded = _SEPARATORS.sub(" ", folded.replace("&", " & ").replace("+", " + "))
        raw_words = [part for word in folded.split() for part in _undotted(word)]
    else:
        raw_words = folded.split()
    words: list[str] = []
    letters: list[str] = []
    for word in raw_words:
        if len(word) == 1 and "a" <= word <= "z":
            letters.append(word)
            continue
        if letters:
            words.append("".join(letters))
            letters = []
        words.append("and" if word in _AND else word)
    if letters:
        words.append("".join(letters))
    return words


def _undotted(word: str) -> list[str]:
    """Split a word at its full stops, but for abbreviations: "n.v." -> "nv", "sp.z.o.o." -> "sp", "zoo"."""
    if "." not in word:
        return [word]
    groups: list[list[str]] = []
    previous = 0
    for part in word.split("."):
        if len(part) == 1 and previous == 1:
            groups[-1].append(part)
        elif part:
            groups.append([part])
        previous = len(part)
    return ["".join(group) for group in groups]


class _Forms:
    """The table of legal forms, ready to be looked up by the words at either end of a name."""

    def __init__(self) -> None:
        self.at_end: dict[tuple[str, ...], str | None] = {}
        self.at_start: dict[tuple[str, ...], str | None] = {}
        joined: dict[str, str | None] = {}
        for code, spellings in read_pairs("legal_forms.txt"):
            for entry in spellings.split(" | "):
                spelling = entry.strip().lstrip("^~")
                form = None if entry.strip().startswith("~") else code
                if _HAS_CJK.search(spelling):
                    joined.setdefault("".join(words_of(text.fold(spelling))), form)
                    continue
                words = tuple(words_of(text.fold(spelling)))
                if spelling == "the":
                    self.at_start[words] = form
                    continue
                self.at_end.setdefault(words, form)
                if entry.strip().startswith("^"):
                    self.at_start.setdefault(words, form)
        self.longest = max(map(len, self.at_end))
        self.last_words = frozenset(words[-1] for words in self.at_end)
        self.first_words = frozenset(words[0] for words in self.at_start)
        self.joined = joined
        self.joined_ends = frozenset(form[-1] for form in joined)
        self.joined_starts = frozenset(form[0] for form, code in joined.items() if code in _AT_START)
        self.joined_lengths = sorted({len(form) for form in joined}, reverse=True)


@cache
def _forms() -> _Forms:
    return _Forms()


def split(raw: str) -> tuple[str, str | None]:
    """Return the core of a company name and the code of its legal form."""
    return split_folded(text.fold(raw))


def split_folded(folded: str) -> tuple[str, str | None]:
    """Return the same of a name that was folded."""
    if len(folded) > _LIMIT:
        return " ".join(words_of(folded)), None
    if not folded.isascii():
        folded = _SHORT_FORM.sub(lambda found: f" {_BRACKETED[found[0]]} ", folded)
        if _HAS_CJK.search(folded) is not None:
            name, code = _split_cjk(folded)
            if name == folded:
                return name, code
            name, inner_code = split(name)  # shorter each time: what goes may lay bare another form
            return name, code or inner_code
    words = words_of(folded)
    core, code = _strip(words)
    if code is None and core[-1:] == words[-1:] and ("(" in folded or " - " in folded):
        core, code = _strip_before_remark(folded, core)
    return " ".join(core), code


def _strip(words: list[str], *, at_start: bool = True) -> tuple[list[str], str | None]:
    """Take legal forms off both ends, as long as a word is left."""
    forms = _forms()
    code: str | None = None
    start, end = 0, len(words)
    while end - start > 1:
        if words[end - 1] == "and":
            end -= 1
            continue
        if words[end - 1] in forms.last_words:
            taken = _match(forms.at_end, words, start, end, forms.longest, from_end=True)
            if taken:
                code = code or forms.at_end[tuple(words[end - taken : end])]
                end -= taken
                continue
        if at_start and words[start] in forms.first_words:
            taken = _match(forms.at_start, words, start, end, forms.longest, from_end=False)
            if taken:
                code = code or forms.at_start[tuple(words[start : start + taken])]
                start += taken
                continue
        break
    return words[start:end], code


def _strip_before_remark(folded: str, words: list[str]) -> tuple[list[str], str | None]:
    """Take the form out of "Acme Ltd (UK)" and "Acme S.A. - ACM", so that "Acme (UK) Ltd" meets the first."""
    head, *remarks = _SEGMENTS.split(folded, maxsplit=1)
    core, code = _strip(words_of(head))
    if code is None or not remarks:
        return words, None
    return _strip([*core, *words_of(remarks[0])])[0], code


def _match(
    table: dict[tuple[str, ...], str | None], words: list[str], start: int, end: int, longest: int, *, from_end: bool
) -> int:
    """Return how many words the longest form takes at that edge; at least one word stays."""
    for length in range(min(longest, end - start - 1), 0, -1):
        edge = words[end - length : end] if from_end else words[start : start + length]
        if tuple(edge) in table:
            return length
    return 0


def _split_cjk(folded: str) -> tuple[str, str | None]:
    name, latin_code = folded, None
    if _ONLY_CJK.fullmatch(folded) is None:
        words, latin_code = _strip(words_of(_CJK_EDGE.sub(" ", folded)), at_start=False)
        name = _CJK_BLANK.sub("", " ".join(words))
    forms = _forms()
    code: str | None = None
    form_code: str | None = None
    branch = False
    searching = True
    while searching and (name[-1:] in forms.joined_ends or name[:1] in forms.joined_starts):
        searching = False
        for length in forms.joined_lengths:
            if len(name) <= length:
                continue
            tail, head = name[-length:], name[:length]
            if tail in forms.joined:
                name, form_code, searching = name[:-length].rstrip(), forms.joined[tail], True
            elif forms.joined.get(head) in _AT_START:
                name, form_code, searching = name[length:].lstrip(), forms.joined[head], True
            if searching:
                branch = branch or form_code == "zh_branch"
                code = code or form_code
                break
    if branch:
        name, code = _drop_inner_form(name, code)
    return name, code or latin_code


_AT_START = frozenset({"kk", "yk", "gk"})


def _drop_inner_form(name: str, code: str | None) -> tuple[str, str | None]:
    """Of a branch (甲有限公司上海分公司) drop the form of the firm as well, and keep the place."""
    for length in _forms().joined_lengths:
        for position in range(1, len(name) - length + 1 if length > 2 else 1):
            form = name[position : position + length]
            if form in _forms().joined:
                return name[:position] + name[position + length :], _forms().joined[form]
    return name, code
