from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import FormatError
from crmkit.files import read_csv
from crmkit.files._encoding import detect

CHINESE = "姓名,公司,电话\n张三,北京华信科技有限公司,13800138000\n李晓梅,上海申通物流,021-5555\n王昕,深圳,\n"
WESTERN = "name,city\nJürgen Größe,Köln\nJosé Núñez,São Paulo\nFrançois Lefèvre,Besançon\nPrice 5 €,“ok”\n"


def guess(raw: bytes) -> str:
    return detect(io.BytesIO(raw)).name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_chinese_files_are_read_whatever_they_are_in(encoding, ends):
    text = CHINESE.replace("\n", ends)
    assert read_csv(text.encode(encoding)) == read_csv(text.encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_western_files_are_read_whatever_they_are_in(encoding):
    assert read_csv(WESTERN.encode(encoding)) == read_csv(WESTERN.encode())


def test_latin_1_without_control_characters_is_windows_1252():
    text = WESTERN.replace("€", "EUR").replace("“", "").replace("”", "")
    assert read_csv(text.encode("latin-1")) == read_csv(text.encode())


def test_a_guess_is_noted_with_its_confidence_and_certainty_is_not():
    [note] = read_csv(CHINESE.encode("gbk")).notes
    assert (note.code, note.params["encoding"]) == ("encoding_guessed", "gb18030")
    assert 0.8 < note.params["confidence"] < 1
    assert read_csv(CHINESE.encode()).notes == ()
    assert read_csv(CHINESE.encode("utf-16")).notes == ()


def test_little_evidence_is_little_confidence():
    one = detect(io.BytesIO(b"name\nM\xfcller\n"))
    assert one.name == "cp1252"
    assert one.confidence < detect(io.BytesIO(WESTERN.encode("cp1252"))).confidence


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "имя,город\nИванов,Москва\nПетрова,Казань\n"),
        ("euc_kr", "이름,도시\n김철수,서울\n박영희,부산광역시\n"),
        ("shift_jis", "名前,電話\n田中太郎,東京\n佐藤花子,大阪\n"),
        ("big5", "姓名,電話\n張三,臺北市\n陳大文,高雄市\n"),
        ("cp1253", "όνομα,πόλη\nΓιώργος,Αθήνα\n"),
        ("cp1256", "اسم,مدينة\nمحمد,القاهرة\n"),
        ("cp1250", "jméno\nŁódź źdźbło\nżółw\n"),
    ],
)
def test_what_cannot_be_told_is_an_error_and_can_be_named(encoding, text):
    with pytest.raises(FormatError, match="Pass encoding="):
        read_csv(text.encode(encoding))
    assert read_csv(text.encode(encoding), encoding=encoding) == read_csv(text.encode())


@pytest.mark.parametrize(
    ("head", "what"),
    [(b"PK\x03\x04", "read_excel"), (b"\xd0\xcf\x11\xe0", "read_excel"), (b"\x1f\x8b", "gzip"), (b"PAR1", "parquet")],
)
def test_files_that_are_no_text_say_what_they_are(head, what):
    with pytest.raises(FormatError, match=what):
        read_csv(head + b"\0" * 100)


def test_a_named_encoding_that_does_not_fit_is_an_error_and_errors_can_keep_the_bytes():
    raw = b"a\n" + b"x" * 10 + b"\xff\n"
    with pytest.raises(FormatError, match="not utf-8-sig all through"):
        read_csv(raw, encoding="utf8")
    assert read_csv(raw, encoding="utf8", errors="backslashreplace").column("a") == ("x" * 10 + "\\xff",)


def test_damaged_utf_8_keeps_the_bytes_visible_and_says_so():
    table = read_csv("姓名\n张三\n李四\n".encode() + b"bad \xff byte\n")
    assert table.column("姓名") == ("张三", "李四", "bad \\xff byte")
    assert [(n.code, n.severity, n.params["lines"]) for n in table.notes] == [("undecodable_bytes", "error", 1)]


def test_damaged_gb18030_keeps_the_bytes_visible_and_says_so():
    table = read_csv(CHINESE.encode("gbk") * 10 + b"bad \xff byte\n")
    assert table.column("姓名")[-1] == "bad \\xff byte"
    assert {note.code for note in table.notes} >= {"encoding_guessed", "undecodable_bytes"}


def test_a_file_cut_inside_a_character_keeps_what_is_left():
    table = read_csv("姓名\n张三\n李四".encode()[:-1])
    assert table.column("姓名")[0] == "张三"
    assert [note.code for note in table.notes] == ["undecodable_bytes"]


def test_surrogates_in_utf_8_are_kept_and_noted():
    table = read_csv("a\nx\ud800y\n".encode("utf-8", "surrogatepass"))
    assert table.column("a") == ("x\ud800y",)
    assert [note.code for note in table.notes] == ["lone_surrogates"]
    assert read_csv("a\nx\ud800y\n".encode("utf-16", "surrogatepass")).column("a") == ("x\ud800y",)


def test_a_mark_before_text_that_is_not_utf_8_all_through_is_evidence():
    assert detect(io.BytesIO(b"\xef\xbb\xbfname\nM\xfcller\n")).damaged == 1


def test_a_few_nul_bytes_do_not_make_utf_16():
    assert guess(b"a,b\n1,x\0y\0\n2,zz\n") == "utf-8-sig"
    assert guess(b"a\0b\0") == "utf-16-le"
    assert guess(b"\0a\0b") == "utf-16-be"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5), min_size=1))
def test_valid_utf_8_is_always_read_as_utf_8(cells):
    raw = ("h\n" + "\n".join(cells)).encode()
    assert guess(raw) == "utf-8-sig"


@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_clear_error(raw):
    try:
        table = read_csv(raw)
    except FormatError:
        return
    assert table.columns
