"""Cleaning, folding and repairing any text."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit import normalize
from crmkit.errors import InvalidValueError
from crmkit.normalize import text

anything = st.text(st.characters(exclude_categories=[]), max_size=40)  # lone surrogates and unassigned included


@given(anything)
@example("\u0345\u03b1")
@example("\u1100\u1161\u11a8")
@example("\ufdfa")
@example("か\u3099")
@example("\ud83d\ude00\ude00")
def test_folding_twice_is_folding_once(raw: str) -> None:
    assert text.fold(text.fold(raw)) == text.fold(raw)


@given(anything)
@example("\u200d\u200c")
@example("ب\u200c\u200cي\u200d")
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    assert text.clean(text.clean(raw)) == text.clean(raw)


def letters_and_digits(raw: str) -> list[str]:
    """The letters, marks and digits of a text, in the composed form and without regard to width."""
    kept = [c for c in unicodedata.normalize("NFKC", raw) if unicodedata.category(c)[0] in "LMN"]
    return list(unicodedata.normalize("NFC", "".join(kept)))


@given(st.text(max_size=40))
def test_cleaning_keeps_every_letter_and_digit(raw: str) -> None:
    assert letters_and_digits(text.clean(raw)) == letters_and_digits(raw)


@given(anything)
def test_folding_ignores_what_cleaning_changes(raw: str) -> None:
    assert text.fold(f" {text.clean(raw)}\u3000") == text.fold(raw)


@given(st.text(st.characters(codec="ascii"), max_size=40))
def test_ascii_takes_the_same_way_alone_and_beside_other_letters(raw: str) -> None:
    assert text.fold(raw + " é") == f"{text.fold(raw)} e".strip()


def test_full_width_and_invisible_characters_are_cleaned() -> None:
    assert text.clean("\ufeff ＡＢＣ－１２３\u200b\u00ad（株） \r\n x\x00y") == "ABC-123(株) xy"
    assert text.clean("ﾊﾝｶｸ ｶﾞ") == "ハンカク ガ"
    assert text.clean("Zoe\u0308") == "Zoë"


def test_joiners_stay_where_a_script_or_an_emoji_needs_them() -> None:
    assert text.clean("می\u200cخواهم") == "می\u200cخواهم"
    assert text.clean("👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"
    assert text.clean("A\u200dc\u200cme") == "Acme"


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    assert text.clean("a\ud83d") == "a\ufffd"
    assert text.clean("\ud83d\ude00") == "😀"
    text.fold("\udc80x\ud800").encode("utf-8")


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("Straße", "strasse"),
        ("İSTANBUL ılık", "istanbul ilik"),
        ("Łódź Ørsted Đặng Þór Æsir", "lodz orsted dang thor aesir"),
        ("Ελλάδα", "ελλαδα"),
        ("Ёлка Чайковский", "елка чаиковскии"),
        ("臺灣積體電路製造", "台湾积体电路制造"),
        ("ガギグ", "ガギグ"),
        ("हिन्दी", "हिन्दी"),
        ("한국", "한국"),
        ("㈱ＡＢＣ", "(株)abc"),
        ("O’Neil – “x”", 'o\'neil - "x"'),
    ],
)
def test_folding_takes_off_what_does_not_tell_texts_apart(raw: str, folded: str) -> None:
    assert text.fold(raw) == folded


def test_traditional_characters_fold_as_opencc_converts_them() -> None:
    opencc = pytest.importorskip("opencc")
    converter = opencc.OpenCC("t2s")
    big5 = [bytes([high, low]).decode("big5", "ignore") for high in range(0xA4, 0xC6) for low in range(0xA1, 0xFF)]
    common = [c for c in big5 if len(c) == 1]
    assert len(common) > 3000
    assert "".join(c for c in common if text.to_simplified(c) != converter.convert(c)) == ""


WORDS = [
    "José", "Müller", "Łódź", "Nguyễn Văn Ánh", "北京市", "Привет", "サトウ", "한국어", "Ελλάδα", "שלום", "Çà et là",
    "Ñandú", "Özil", "Éric", "Ångström", "10°C", "£5", "naïve café", "Ștefan Țepeș", "Šimková", "Đorđe", "Dvořák",
    "“quoted” – it’s", "Grüße aus Köln", "São João", "Zażółć gęślą jaźń", "東京都", "Türkçe İçin", "žluťoučký kůň",
    "€ 100",
]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_utf8_read_as_a_western_code_page_is_repaired(word: str, encoding: str) -> None:
    table = {} if encoding == "latin-1" else {b: bytes([b]).decode("cp1252", "ignore") for b in range(0x80, 0xA0)}
    wrong = "".join(table.get(byte) or chr(byte) for byte in word.encode("utf-8"))
    assert text.repair(wrong) == word


def test_two_wrong_readings_are_both_undone() -> None:
    assert text.repair("JosÃ\x83Â©") == "José"


CHINESE = [
    "张三", "李四", "北京", "欧阳修", "王小明", "上海（集团）有限公司", "陈静", "刘洋", "中国银行股份有限公司",
    "广东省深圳市南山区", "赵敏",
]  # fmt: skip


@pytest.mark.parametrize("word", CHINESE)
def test_gbk_read_as_latin_1_is_repaired(word: str) -> None:
    assert text.repair(word.encode("gbk").decode("latin-1")) == word


@pytest.mark.parametrize("word", ["郑之", "卢女时", "鲁泰", "欧陆通"])
def test_chinese_that_would_be_utf8_of_another_script_is_not_made_into_it(word: str) -> None:
    assert text.repair(word.encode("gbk").decode("latin-1")) in {None, word}


OTHER_ENCODINGS = [
    ("euc_kr", "한국"), ("euc_kr", "김철수"), ("euc_kr", "삼성전자"), ("euc_jp", "田中太郎"), ("euc_jp", "株式会社"),
    ("cp1251", "Привет"), ("cp1251", "ПРИВЕТ"), ("koi8-r", "Привет"), ("koi8-r", "Москва"), ("cp1253", "ΑΘΗΝΑ"),
    ("big5", "張三豐"), ("shift_jis", "東京都"), ("cp1250", "Dvořák"),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "word"), OTHER_ENCODINGS)
def test_text_of_another_encoding_is_not_taken_for_chinese(encoding: str, word: str) -> None:
    assert text.repair(word.encode(encoding).decode("latin-1")) is None


@pytest.mark.parametrize("word", ["张三", "北京有限公司", "上海（集团）有限公司", "李四", "陈静", "刘洋", "Müller"])
def test_utf8_read_as_gbk_is_repaired(word: str) -> None:
    assert text.repair(word.encode("utf-8").decode("gb18030")) == word


CORRECT = [
    *WORDS, *CHINESE, "CAFÉ™", "Spaß…", "CAFÉ’S", "está»…", "né\xa0»", "SIELLÄ…", "ÄÖÜß", "ÀÂÄÇ", "Öö", "Äänekoski",
    "jäääär", "JÄÄÄÄR", "Þórður", "Ísafjörður", "Jos茅", "ok么", "A股", "naïve", "Ã", "Å\xa0være", "«Fluß–Ufer»", "Ü",
    "TÄÄLLÄ“", "VOILÀ…", "«là»", "À «", "100\xa0€", "Ä–Ö", "É", "Ég á", "Ñ", "ÇÑ±¹", "Ïðèâåò", "ÏÐÈÂÅÒ", "ðÒÉ×ÅÔ",
    "鑫淼焱垚", "喆", "㼆", "龘龘", "茅台", "李猫", "联通", "珑宾馆", "東京都渋谷区", "髙橋", "佐々木", "이순신", "ß“",
    "Łukasz Żółć", "Владимир", "ЁЖ", "Ünlü", "Håkon Åse", "Ærø", "œuvre", "Ÿ", "¿Qué?", "½ ×2", "10µm", "Ω", "™ ® ©",
    "Größe: 5″", "l’été", "„Gänsefüßchen“", "ÅÄÖ", "Århus—Århus", "Ó…", "Á", "Â", "PÅ TORGET", "BLÅ»", "Ôtez",
    "ÎLE-DE-FRANCE", "Nguyễn Thị Ánh Tuyết",
]  # fmt: skip


@pytest.mark.parametrize("word", CORRECT)
def test_correct_text_is_never_repaired(word: str) -> None:
    assert text.repair(word) is None


@given(anything)
def test_repair_stops_and_never_raises(raw: str) -> None:
    repaired = text.repair(raw)
    assert repaired is None or repaired != raw


@pytest.mark.parametrize("raw", ["", "  ", "\u200b", "Jos\ufffd", "JosÃ©"])
def test_empty_and_broken_text_is_invalid(raw: str) -> None:
    assert not text.is_valid(raw)
    with pytest.raises(InvalidValueError) as caught:
        text.validate(raw)
    assert "Jos" not in str(caught.value)


HOSTILE = ["a ", "é", "张", "\u200d", "\ud800", "😀\u200d", "Ã©", "\uff76\uff9e", "ب\u200c", "\x00"]


@pytest.mark.parametrize("unit", HOSTILE)
def test_long_text_takes_linear_time(unit: str) -> None:
    raw = unit * (100_000 // len(unit))
    text.clean(raw)
    text.fold(raw)
    text.repair(raw)
    text.is_valid(raw)


@given(
    st.lists(
        st.sampled_from("王李张刘陈欧阳鑫淼喆堃玥珺昊睿璐翀頔犇焱曌彧旻芈贠亓翾".replace(" ", "")),
        min_size=1,
        max_size=4,
    )
)
def test_rare_characters_in_names_are_not_taken_for_mojibake(characters: list[str]) -> None:
    assert text.repair("".join(characters)) is None


@given(st.text(st.characters(codec="latin-1", categories=["Lu", "Ll"]), max_size=4), st.sampled_from("…”»’™–\xa0."))
def test_a_western_word_before_a_mark_is_left_alone(word: str, mark: str) -> None:
    """Any word, then one mark: the shape in which correct text looks most like UTF-8 read wrong."""
    raw = f"{word.capitalize()}{mark}"
    repaired = text.repair(raw)
    assert repaired is None, repaired


NO_PHONES = """
import sys
from crmkit import normalize
from crmkit.normalize import text, names, companies
assert names.split("Ann Lee").family == "Lee" and companies.core("A Ltd") == "a" and text.fold("É") == "e"
heavy = {"phonenumbers", "email_validator", "numpy", "pypinyin", "opencc", "rapidfuzz", "narwhals"} & set(sys.modules)
assert not heavy, heavy
"""


def test_names_and_text_load_no_library_that_they_do_not_use() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", NO_PHONES], check=True)


def test_every_table_says_where_it_is_from() -> None:
    tables = [
        "legal_forms", "nicknames", "person_words", "zh_everyday", "zh_pinyin", "zh_simplified", "zh_surnames",
    ]  # fmt: skip
    folder = files("crmkit") / "data"
    for name in tables:
        header = (folder / f"{name}.txt").read_text(encoding="utf-8").split("\n\n")[0]
        assert all(f"# {word}:" in header for word in ("Source", "Date", "Licence", "Refresh")), name
    assert sum(len((folder / f"{name}.txt").read_bytes()) for name in tables) < 150_000


def test_the_package_lists_its_modules_and_loads_them_by_name() -> None:
    assert all(hasattr(getattr(normalize, name), "normalize") for name in normalize.__all__)
    assert set(normalize.__all__) <= set(dir(normalize))
    with pytest.raises(AttributeError, match="nothing"):
        _ = normalize.nothing


@pytest.mark.parametrize(
    "kept",
    [
        "阿里巴巴（中国）有限公司",
        "（集团）公司",
        "微软（Microsoft）公司",
        "ABB（中国）有限公司",
        "地址：上海，浦东",
        "王（先生）",
    ],
)
def test_chinese_keeps_its_full_width_marks(kept: str) -> None:
    assert text.clean(kept) == kept
    assert "（" not in text.clean(kept, narrow=True)
    assert text.fold(kept) == text.fold(text.clean(kept, narrow=True))


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        ("Acme　（Shanghai），Ltd", "Acme (Shanghai),Ltd"),
        ("Acme（上海） Ltd", "Acme(上海) Ltd"),
        ("上海（未完", "上海(未完"),
        ("公司ＡＢＣ１２３", "公司ABC123"),
    ],
)
def test_other_full_width_forms_become_half_width(raw: str, tidy: str) -> None:
    assert text.clean(raw) == tidy


@given(st.text("（），：；！？()中国 Ab１\u200b", max_size=14))
def test_tidying_marks_twice_changes_nothing(raw: str) -> None:
    once = text.clean(raw)
    assert text.clean(once) == once
    assert text.clean(once, narrow=True) == text.clean(raw, narrow=True)
    assert text.fold(once) == text.fold(raw)


def test_text_that_is_gone_for_good_is_told() -> None:
    for lost in ("锟斤拷", "锟斤拷科技", "张\ufffd"):
        assert text.is_lost(lost)
        assert not text.is_valid(lost)
        with pytest.raises(InvalidValueError, match="wrong encoding"):
            text.validate(lost)


@pytest.mark.parametrize(
    ("damaged", "right"), [("å¼ ä¸‰", "张三"), ("å¼ ä¸‰ Sam", "张三 Sam"), ("ç Žå®¶", "砎家"), ("å¼ ", None)]
)
def test_bytes_that_became_blanks_are_bytes_again(damaged: str, right: str | None) -> None:
    assert text.repair(damaged) == right


@pytest.mark.parametrize(
    "correct", ["Beyoncé – Live", "café « bar »", "à « Paris »", "Ponç – é", "å – æ", "São Tomé » é »", "naïveté ”"]
)
def test_blanks_behind_accents_are_blanks(correct: str) -> None:
    assert text.repair(correct) is None
