"""Which encoding the bytes of a text file are in, from evidence in the bytes.

A byte order mark decides.  Without one, UTF-16 shows by its NUL bytes, and UTF-8 by being valid, which other encodings
are not by accident.  What is left is weighed between GB18030 and Windows-1252: Chinese text uses the frequent
characters of GB 2312, Western text puts single accented letters between ASCII ones.  Where neither weighs enough
nothing is guessed.
"""

from __future__ import annotations

import codecs
import functools
import re
from typing import IO, TYPE_CHECKING

import attrs

from crmkit.errors import FormatError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 20
SAMPLE = 1 << 20
ENOUGH = 0.8
"""A candidate needs this share of its evidence to be taken."""

KNOWN = ("utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk", "big5", "shift_jis", "euc_kr", "cp1252", "latin-1", "cp1251")
_HIGH = re.compile(rb"[\x80-\xff]+")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_NOT_TEXT = {
    b"PK\x03\x04": "a zipped file such as an Excel workbook; use read_excel or unpack it",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; use read_excel",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"PAR1": "a parquet file; open it with a frame library and pass the frame",
    b"%PDF": "a PDF document",
}
_WESTERN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿŒœŠšŽžŸ"
)  # letters of the languages that Windows-1252 was made for
_COMMON = frozenset(
    "的一是不了在有人我他中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小"
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘"
    "公司名称电话手机姓地址邮箱客户联系市区省县路号街北京上海广州深圳杭技术科有限责任股份集团"
)  # most frequent characters of Chinese, its surnames, and of the headers and company names of a CRM export
_MARKS = frozenset("€‚„…‘’“”–—™ ¡£§©ª«®°²³´·º»¿½")


@attrs.frozen(kw_only=True)
class Encoding:
    """How to decode a file, and how sure that is."""

    name: str
    errors: str = "strict"
    confidence: float = 1.0
    guessed: bool = False
    damaged: int = 0
    """Lines with bytes that the encoding does not have."""
    surrogates: int = 0
    """Lines with UTF-8 forms of surrogates, which UTF-8 forbids."""


def named(name: str, errors: str) -> Encoding:
    """Return the encoding a caller named.

    Raises:
        NotFoundError: Python has no such encoding.
    """
    try:
        canonical = codecs.lookup(name).name
        codecs.lookup_error(errors)
    except LookupError:
        raise NotFoundError.of("encoding", name, KNOWN) from None
    return Encoding(name="utf-8-sig" if canonical == "utf-8" else canonical, errors=errors)


def detect(stream: IO[bytes]) -> Encoding:
    """Find the encoding of what a seekable stream holds from here on, and go back to where it stood.

    Raises:
        FormatError: The stream is empty, is not text, or its encoding cannot be told.
    """
    start = stream.tell()
    try:
        return _detect(stream, start)
    finally:
        stream.seek(start)


def _detect(stream: IO[bytes], start: int) -> Encoding:
    head = stream.read(8)
    if not head:
        raise FormatError("the file is empty")
    for magic, what in _NOT_TEXT.items():
        if head.startswith(magic):
            raise FormatError(f"not a text file but {what}")
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return Encoding(name="utf-32")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding(name="utf-16", errors="surrogatepass")
    stream.seek(start)
    valid, wide = _scan(stream)
    if wide is not None:
        return wide
    if valid:
        return Encoding(name="utf-8-sig")
    stream.seek(start)
    return _weigh(stream, marked=head.startswith(codecs.BOM_UTF8))


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        yield block


def _scan(stream: IO[bytes]) -> tuple[bool, Encoding | None]:
    """Say whether all of it is UTF-8, and whether its NUL bytes make it UTF-16 instead."""
    utf8 = codecs.getincrementaldecoder("utf-8")()
    valid, size, nuls = True, 0, [0, 0]
    first = b""
    for block in _blocks(stream):
        first = first or block
        if valid:
            try:
                utf8.decode(block)
            except UnicodeDecodeError:
                valid = False
        if b"\0" in block:
            for parity in (0, 1):
                nuls[parity] += block[(parity + size) % 2 :: 2].count(0)
        size += len(block)
    if valid:
        try:
            utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            valid = False
    return valid, _utf16(first, size, nuls)


def _utf16(first: bytes, size: int, nuls: list[int]) -> Encoding | None:
    """Read UTF-16 from its NUL bytes: ASCII characters have one each, all in the same half of the unit."""
    units = size // 2
    for parity, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if size % 2 or nuls[parity] < 0.1 * units or nuls[1 - parity] > 0.02 * units:
            continue
        if nuls[parity] > 0.5 * units or any(mark in first.decode(name, "replace") for mark in "\n\r,;\t|"):
            return Encoding(name=name, errors="surrogatepass", confidence=0.95, guessed=True)
    return None


@attrs.define
class _Tally:
    """Non-ASCII lines counted by which decoders take them, and a sample of the lines."""

    lines: int = 0
    utf8: int = 0
    surrogate: int = 0
    gb18030: int = 0
    cp1252: int = 0
    sample: list[bytes] = attrs.field(factory=list)
    sampled: int = 0

    def add(self, line: bytes) -> None:
        self.lines += 1
        if _decodes(line, "utf-8"):
            self.utf8 += 1
        elif _decodes(line, "utf-8", "surrogatepass"):
            self.surrogate += 1
        self.gb18030 += _decodes(line, "gb18030")
        self.cp1252 += _decodes(line, "cp1252")
        if self.sampled < SAMPLE:
            self.sample.append(line)
            self.sampled += len(line)


def _decodes(line: bytes, encoding: str, errors: str = "strict") -> bool:
    try:
        line.decode(encoding, errors)
    except UnicodeDecodeError:
        return False
    return True


def _weigh(stream: IO[bytes], *, marked: bool) -> Encoding:
    tally = _Tally()
    for line in stream:
        if not line.isascii():
            tally.add(line)
    sample = b"".join(tally.sample)
    if marked or tally.utf8 + tally.surrogate == tally.lines or _utf8_share(sample) >= 0.85:
        damaged = tally.lines - tally.utf8 - tally.surrogate
        errors = "backslashreplace" if damaged else "surrogatepass"
        return Encoding(name="utf-8-sig", errors=errors, damaged=damaged, surrogates=tally.surrogate)
    chinese, han = _chinese_share(sample)
    western, letters = _western_share(sample)
    if tally.gb18030 < 0.95 * tally.lines:
        chinese = 0.0
    if tally.cp1252 < tally.lines:
        western = 0.0
    if chinese >= ENOUGH > western:
        damaged = tally.lines - tally.gb18030
        errors = "backslashreplace" if damaged else "strict"
        sure = _shrunk(chinese, han)
        return Encoding(name="gb18030", errors=errors, confidence=sure, guessed=True, damaged=damaged)
    if chinese < ENOUGH and _utf8_is_likelier(sample):
        damaged = tally.lines - tally.utf8 - tally.surrogate
        sure = _shrunk(1.0, tally.utf8)
        return Encoding(name="utf-8-sig", errors="backslashreplace", confidence=sure, guessed=True, damaged=damaged)
    if western >= ENOUGH > chinese:
        return Encoding(name="cp1252", confidence=_shrunk(western, letters), guessed=True)
    raise FormatError(
        "cannot tell the encoding: not UTF-8, and the evidence is "
        f"{chinese:.0%} for GB18030 and {western:.0%} for Windows-1252. "
        "Pass encoding=, for instance 'gb18030', 'cp1252', 'big5', 'shift_jis', 'euc_kr', 'cp1250' or 'cp1251'"
    )


def _shrunk(share: float, evidence: int) -> float:
    """Take a share of little evidence for less: one letter alone proves less than a page."""
    return round(share * (evidence + 1) / (evidence + 2), 3)


def _utf8_share(sample: bytes) -> float:
    high = sum(map(len, _HIGH.findall(sample)))
    return sum(map(len, _UTF8.findall(sample))) / high if high else 0.0


def _utf8_is_likelier(sample: bytes) -> bool:
    """Say whether what may be Windows-1252 is UTF-8 with some bytes spoilt.

    Read as Windows-1252, each character of UTF-8 is a capital such as Ã and a sign such as ©, side by side, which no
    language writes: one of them outweighs one byte that is no UTF-8.
    """
    characters = _UTF8.findall(sample)
    stray = sum(map(len, _HIGH.findall(sample))) - sum(map(len, characters))
    return len(characters) >= max(stray, 1)


@functools.cache
def _frequent() -> tuple[frozenset[str], frozenset[str]]:
    """Return the first level of GB 2312 in its two halves by pinyin, before and after lead byte C9.

    Source:
        GB/T 2312-1980: rows 16 to 55 hold the 3,755 frequent characters in pinyin order.
    """

    def rows(first: int, last: int) -> frozenset[str]:
        cells = (bytes([lead, trail]) for lead in range(first, last + 1) for trail in range(0xA1, 0xFF))
        return frozenset("".join(cell.decode("gb2312", "ignore") for cell in cells))

    return rows(0xB0, 0xC8), rows(0xC9, 0xD7)


def _chinese_share(sample: bytes) -> tuple[float, int]:
    """Return the share of frequent Chinese characters among what is not ASCII, read as GB18030, and their number.

    Korean in EUC-KR has the same byte pairs, but only of the first half, and few of the commonest characters; so
    either the second half or those must be there too.
    """
    first, second = _frequent()
    text = [character for character in sample.decode("gb18030", "ignore") if character > "\x7f"]
    early = sum(character in first for character in text)
    late = sum(character in second for character in text)
    marks = sum(
        "\u3000" <= character <= "\u303f" or character >= "\uff00" or character in "·—“”‘’…×" for character in text
    )
    common = sum(character in _COMMON for character in text)
    if not early + late or (late < 0.1 * early and common < 0.15 * early):
        return 0.0, 0
    return (early + late + marks) / len(text), early + late


def _western_share(sample: bytes) -> tuple[float, int]:
    """Return the share of high bytes that are accented letters beside ASCII ones, or marks; and their number."""
    good = total = 0
    for run in _HIGH.finditer(sample):
        begin, end = run.span()
        total += end - begin
        if end - begin > 2:
            continue
        text = run[0].decode("cp1252", "replace")
        beside = sample[max(0, begin - 1) : begin].isalpha() or sample[end : end + 1].isalpha()
        good += sum(character in _MARKS or (beside and character in _WESTERN) for character in text)
    return (good / total if total else 0.0), total
