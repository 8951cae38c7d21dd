"""Find the legal form in a company name, in words (most scripts) or at the edge of the text (Chinese, Japanese)."""

from __future__ import annotations

import re
from functools import cache

from crmkit.normalize import _tables, text

_LIMIT = 1000  # characters; longer text is folded whole and not searched
_NOISE = re.compile(r"[^\w\s&+./()·-]|_")
_SEPARATORS = re.compile(r"[()/·-]+")
_AND = frozenset({"&", "+", "und", "and", "et"})
_CJK = "\u3005\u3041-\u30ff\u3400-\u9fff"
_HAS_CJK = re.compile(f"[{_CJK}]")
_CJK_BLANK = re.compile(f"(?<=[{_CJK}]) | (?=[{_CJK}])")
_CJK_EDGE = re.compile(f"(?<=[{_CJK}])(?=[a-z0-9])|(?<=[a-z0-9.])(?=[{_CJK}])")
_BRACKETED_KOREAN = re.compile(r"\((주|유)\)")
_PLAIN = re.compile(r"[a-z0-9]+(?: [a-z0-9]+)*")


def words_of(folded: str) -> list[str]:
    """Return the words of a folded name: punctuation off, single letters joined ("s.p.a.", "a b" -> "spa", "ab")."""
    if _PLAIN.fullmatch(folded) is None:
        folded = _NOISE.sub("", folded.replace(",", " ").replace(";", " ").replace(":", " "))
        folded = _SEPARATORS.sub(" ", folded.replace("&", " & ").replace("+", " + "))
        raw_words = [part for word in folded.split() for part in word.split(".") if part]
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


class _Forms:
    """The table of legal forms, ready to be looked up by the words at either end of a name."""

    def __init__(self) -> None:
        self.at_end: dict[tuple[str, ...], str | None] = {}
        self.at_start: dict[tuple[str, ...], str | None] = {}
        joined: dict[str, str | None] = {}
        for code, spellings in _tables.pairs("legal_forms.txt"):
            for entry in spellings.split(" | "):
                spelling = entry.strip().lstrip("^~")
                form = None if entry.strip().startswith("~") else code
                if _HAS_CJK.search(spelling):
                    joined["".join(words_of(text.fold(spelling)))] = form
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
        self.joined = sorted(joined.items(), key=lambda item: -len(item[0]))


@cache
def _forms() -> _Forms:
    return _Forms()


def split(raw: str) -> tuple[str, str | None]:
    """Return the core of a company name and the code of its legal form."""
    folded = text.fold(raw)
    if len(folded) > _LIMIT:
        return " ".join(words_of(folded)), None
    if not folded.isascii():
        folded = _BRACKETED_KOREAN.sub(lambda found: {"주": " 주식회사 ", "유": " 유한회사 "}[found[1]], folded)
        if _HAS_CJK.search(folded) is not None:
            return _split_cjk(folded)
    words, code = _strip(words_of(folded))
    return " ".join(words), code


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
    words, latin_code = _strip(words_of(_CJK_EDGE.sub(" ", folded)), at_start=False)
    name = _CJK_BLANK.sub("", " ".join(words))
    code: str | None = None
    branch = False
    searching = True
    while searching:
        searching = False
        for form, form_code in _forms().joined:
            if len(name) <= len(form):
                continue
            if name.endswith(form):
                name, searching = name[: -len(form)].rstrip(), True
            elif form_code in _AT_START and name.startswith(form):
                name, searching = name[len(form) :].lstrip(), True
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
    for form, form_code in _forms().joined:
        position = name.find(form)
        if position > 0 and form_code is not None and len(form) > 2:
            return name[:position] + name[position + len(form) :], form_code
    return name, code
