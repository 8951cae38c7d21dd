"""Names of persons: parts, comparable forms, nicknames, sound and readings."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError
from crmkit.normalize import names, text
from crmkit.normalize._names import _han, _latin, _tables

anything = st.text(st.characters(exclude_categories=[]), max_size=30)
PIECES = (
    'John Smith van der Berg Dr. Jr. III MD Ma Al bin Nguyen Van , ( ) " - . 张 三 欧阳 先生 经理 总 小王 · '
    "田中 김 Ø É j. R. & de la PhD, von Mr Don 阿 𠮷 \ud800 o' y 12 サトウ"
)
words = st.sampled_from(PIECES.split())
name_like = st.lists(words, max_size=6).map(" ".join) | st.lists(words, max_size=4).map("".join)

SPLITS = [
    # raw, prefix, given, middle, family, suffix
    ("John Smith", None, "John", None, "Smith", None),
    ("Smith, John", None, "John", None, "Smith", None),
    ("smith,john", None, "john", None, "smith", None),
    ("Dr. Vincent van Gogh, Jr.", "Dr.", "Vincent", None, "van Gogh", "Jr."),
    ("Gogh, Vincent van", None, "Vincent", None, "van Gogh", None),
    ("van der Berg, Jan", None, "Jan", None, "van der Berg", None),
    ("Jan van der Berg", None, "Jan", None, "van der Berg", None),
    ("van Gogh", None, None, None, "van Gogh", None),
    ("Juan de la Cruz", None, "Juan", None, "de la Cruz", None),
    ("José Ortega y Gasset", None, "José", None, "Ortega y Gasset", None),
    ("Maria dos Santos", None, "Maria", None, "dos Santos", None),
    ("Ali bin Abi Talib", None, "Ali", None, "bin Abi Talib", None),
    ("Mohammed Al-Rashid", None, "Mohammed", None, "Al-Rashid", None),
    ("Abdul Rahman Khan", None, "Abdul Rahman", None, "Khan", None),
    ("Prof. Dr. Hans Müller", "Prof. Dr.", "Hans", None, "Müller", None),
    ("J. R. R. Tolkien", None, "J.", "R. R.", "Tolkien", None),
    ("John Smith III", None, "John", None, "Smith", "III"),
    ("John Smith, PhD, MBA", None, "John", None, "Smith", "PhD MBA"),
    ("Smith, Jr., John", None, "John", None, "Smith", "Jr."),
    ("Jack Ma", None, "Jack", None, "Ma", None),
    ("Don Johnson", None, "Don", None, "Johnson", None),
    ("John & Mary Smith", None, "John & Mary", None, "Smith", None),
    ("William (Bill) Gates", None, "William", None, "Gates", None),
    ('William "Bill" Gates', None, "William", None, "Gates", None),
    ("Mr. Smith", "Mr.", None, None, "Smith", None),
    ("Madonna", None, "Madonna", None, None, None),
    ("Nguyễn Văn Nam", None, "Văn Nam", None, "Nguyễn", None),
    ("张三", None, "三", None, "张", None),
    ("欧阳修", None, "修", None, "欧阳", None),
    ("歐陽修", None, "修", None, "歐陽", None),
    ("司马相如", None, "相如", None, "司马", None),
    ("张 三", None, "三", None, "张", None),
    ("张\u3000三", None, "三", None, "张", None),
    ("欧 阳 修", None, "修", None, "欧阳", None),
    ("张三 (Sam)", None, "三", None, "张", None),
    ("张三（Sam）", None, "三", None, "张", None),
    ("张三 Sam Zhang", None, "三", None, "张", None),
    ("张三/李四", None, "三", None, "张", None),
    ("Sam 张", None, "Sam", None, "张", None),
    ("张经理", None, None, None, "张", "经理"),
    ("欧阳总监", None, None, None, "欧阳", "总监"),
    ("张三先生", None, "三", None, "张", "先生"),
    ("張三女士", None, "三", None, "張", "女士"),
    ("李工", None, None, None, "李", "工"),
    ("王建工", None, "建工", None, "王", None),
    ("小王", "小", None, None, "王", None),
    ("陈方安生", None, "安生", None, "陈方", None),
    ("阿凡提·买买提", None, "阿凡提", None, "买买提", None),
    ("约翰•史密斯", None, "约翰", None, "史密斯", None),
    ("田中太郎", None, "太郎", None, "田中", None),
    ("田中 太郎 様", None, "太郎", None, "田中", "様"),
    ("サトウ タロウ", None, "タロウ", None, "サトウ", None),
    ("김철수", None, "철수", None, "김", None),
    ("남궁민수", None, "민수", None, "남궁", None),
    ("김철수님", None, "철수", None, "김", "님"),
    ("", None, None, None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "prefix", "given_name", "middle", "family", "suffix"), SPLITS)
def test_names_are_split_as_a_person_would(
    raw: str, prefix: str | None, given_name: str | None, middle: str | None, family: str | None, suffix: str | None
) -> None:
    name = names.split(raw)
    found = (name.prefix, name.given, name.middle, name.family, name.suffix)
    assert found == (prefix, given_name, middle, family, suffix)


@pytest.mark.parametrize(
    ("raw", "country", "given_name", "family"),
    [
        ("Gabriel García Márquez", "CO", "Gabriel", "García Márquez"),
        ("Gabriel García Márquez", None, "Gabriel", "Márquez"),
        ("DUPONT Jean", "FR", "Jean", "DUPONT"),
        ("Zhang San", "CN", "San", "Zhang"),
        ("Zhang San", None, "Zhang", "San"),
        ("Nagy Péter", "HU", "Péter", "Nagy"),
        ("高橋一", "JP", "一", "高橋"),
    ],
)
def test_the_country_decides_what_the_text_leaves_open(
    raw: str, country: str | None, given_name: str, family: str
) -> None:
    name = names.split(raw, country=country)
    assert (name.given, name.family) == (given_name, family)


@given(anything | name_like)
@example("Dr Dr. Mr Smith Jr III")
@example("张先生经理小姐")
def test_splitting_keeps_the_text_and_never_raises(raw: str) -> None:
    name = names.split(raw)
    assert name.full == text.clean(raw)
    for part in (name.given, name.middle, name.family, name.prefix, name.suffix):
        assert part is None or part.strip() == part != ""


@given(anything | name_like)
def test_normalizing_twice_is_normalizing_once(raw: str) -> None:
    once = names.normalize(raw)
    assert once is None or names.normalize(once) == once


PLAIN = "John Smith A A. José Ma de Van Nguyen Dr Jr and Lee II Øst al V Thi Ben y Straße DÉS ×"
plain_words = st.sampled_from(PLAIN.split())


@given(st.lists(plain_words, min_size=2, max_size=3).map(" ".join) | st.tuples(plain_words, plain_words).map(", ".join))
def test_the_fast_path_splits_as_the_slow_one(raw: str) -> None:
    cleaned = text.clean(raw)
    assert names.split(raw) == _latin.split(cleaned, None)


@given(st.text("王李欧阳司马小老工总先生经理三明太郎田中", min_size=1, max_size=4))
def test_the_fast_path_for_chinese_splits_as_the_slow_one(raw: str) -> None:
    assert names.split(raw) == _han.split(raw, None)


@given(anything | name_like)
def test_fold_given_is_stable(raw: str) -> None:
    assert names.fold_given(names.fold_given(raw)) == names.fold_given(raw)


@pytest.mark.parametrize("raw", [row[0] for row in SPLITS if row[0] and "&" not in row[0]])
def test_a_formatted_name_splits_into_the_same_parts(raw: str) -> None:
    name = names.split(raw)
    again = names.split(names.format(name))
    assert (again.given, again.family, again.middle) == (name.given, name.family, name.middle)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Smith, John", "JOHN SMITH"),
        ("Dr. José García", "jose garcia"),
        ("張三", "张 三"),
        ("张三先生", "张三"),
        ("Müller, Hans", "Hans Muller"),
        ("William (Bill) Gates", "William Gates"),
    ],
)
def test_spellings_of_one_name_have_one_comparable_form(one: str, other: str) -> None:
    assert names.normalize(one) == names.normalize(other)


def test_father_and_son_are_two() -> None:
    assert names.normalize("John Smith Sr.") != names.normalize("John Smith Jr.")


@pytest.mark.parametrize(
    ("short", "formal"),
    [("Bob", "Robert"), ("Rob", "Robert"), ("Cathy", "Katherine"), ("Bill", "William"), ("Kathryn", "Catherine"),
     ("Andy", "Andrew"), ("Liz", "ELIZABETH"), ("Peggy", "Margaret")],
)  # fmt: skip
def test_short_forms_share_their_root(short: str, formal: str) -> None:
    """The first three are Freshsales' published examples of duplicates."""
    assert names.nickname_root(short) == names.nickname_root(formal)
    assert names.fold_given(formal) in names.nicknames(short)


def test_every_nickname_relation_is_mutual_and_every_root_its_own() -> None:
    relatives = _tables.nickname_relatives()
    assert all(name in relatives[other] for name, others in relatives.items() for other in others)
    assert all(_tables.nickname_roots()[root] == root for root in _tables.nickname_roots().values())
    assert all(text.fold(name) == name for name in relatives)
    assert names.nicknames("Zinedine") == {"zinedine"}


SOUNDEX = [
    # US National Archives, The Soundex Indexing System
    ("Washington", "W252"), ("Lee", "L000"), ("Gutierrez", "G362"), ("Pfister", "P236"), ("Jackson", "J250"),
    ("Tymczak", "T522"), ("VanDeusen", "V532"), ("Ashcraft", "A261"),
    # Knuth, The Art of Computer Programming 3, section 6
    ("Euler", "E460"), ("Ellery", "E460"), ("Gauss", "G200"), ("Ghosh", "G200"), ("Hilbert", "H416"),
    ("Heilbronn", "H416"), ("Knuth", "K530"), ("Kant", "K530"), ("Lloyd", "L300"), ("Ladd", "L300"),
    ("Lukasiewicz", "L222"), ("Lissajous", "L222"), ("Łukasiewicz", "L222"), ("O'Hara", "O600"), ("张三", ""), ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "code"), SOUNDEX)
def test_soundex_follows_the_national_archives(name: str, code: str) -> None:
    assert names.soundex(name) == code


def slow_soundex(word: str) -> str:
    """The rule letter by letter."""
    codes = {c: d for d, group in enumerate(["bfpv", "cgjkqsxz", "dt", "l", "mn", "r"], 1) for c in group}
    code, previous = word[0].upper(), codes.get(word[0])
    for letter in word[1:]:
        if letter in "hw":
            continue
        digit = codes.get(letter)
        if digit is not None and digit != previous:
            code += str(digit)
        previous = digit
    return (code + "000")[:4]


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12))
def test_soundex_equals_the_rule_letter_by_letter(word: str) -> None:
    assert names.soundex(word) == slow_soundex(word)


@pytest.mark.parametrize(
    ("chinese", "latin"),
    [("张三", "San Zhang"), ("王小明", "Xiaoming Wang"), ("欧阳修", "Ouyang Xiu"), ("陈静", "Chen Jing"),
     ("李晓东", "Li Xiao-Dong"), ("吕布", "Lv Bu")],
)  # fmt: skip
def test_characters_and_pinyin_of_one_name_share_a_key(chinese: str, latin: str) -> None:
    assert names.pinyin_key(chinese) == names.pinyin_key(latin) is not None


@pytest.mark.parametrize(
    ("name", "key"),
    [("曾国藩", "zengguofan"), ("单雄信", "shanxiongxin"), ("仇英", "qiuying"), ("尉迟恭", "yuchigong"),
     ("查良镛", "zhaliangyong"), ("解缙", "xiejin"), ("張三", "zhangsan"), ("John Smith", None), ("サトウ", None),
     ("", None), ("Zhang", None)],
)  # fmt: skip
def test_surnames_have_their_own_reading(name: str, key: str | None) -> None:
    assert names.pinyin_key(name) == key


def test_the_readings_are_those_of_pypinyin() -> None:
    pypinyin = pytest.importorskip("pypinyin")
    table = _tables.pinyin()
    got = {c: pypinyin.pinyin(c, style=pypinyin.Style.NORMAL, heteronym=True, v_to_u=False)[0] for c in table}
    strange = {c: (reading, got[c]) for c, reading in table.items() if reading not in got[c]}
    assert len(table) > 6_700
    assert strange == {}


PLACEHOLDERS = [
    "test", "TEST", "n/a", "N.A.", "NA", "-", "...", "xxx", "无", "暂无", "测试", "測試", "未知", "123",
    "asdf", "", "  ", "unknown", "No Name", "John Doe",
]  # fmt: skip


@pytest.mark.parametrize("raw", PLACEHOLDERS)
def test_placeholders_are_no_names(raw: str) -> None:
    assert names.is_placeholder(raw)
    with pytest.raises(InvalidValueError):
        names.validate(raw)


@pytest.mark.parametrize(
    "raw", ["Na Li", "Na", "Tess", "张三", "吴", "Ng", "O", "Nan Goldin", "Test Tone", "Xi", "J", "II Kim"]
)
def test_short_and_odd_names_are_no_placeholders(raw: str) -> None:
    assert not names.is_placeholder(raw)


@pytest.mark.parametrize("raw", ["secret@example.com", "https://secret.example", "secret " * 100, "test"])
def test_an_invalid_name_is_refused_without_repeating_it(raw: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        names.validate(raw)
    assert raw.strip() not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "unit", ["a ", "张", "张 ", "van ", "(", '"', "·", "Dr. ", "先生", ",", "-", "\ud800", "ha", "xian"]
)
def test_long_text_takes_linear_time(unit: str) -> None:
    raw = unit * (200_000 // len(unit))
    names.split(raw)
    names.normalize(raw)
    names.soundex(raw)
    names.pinyin_key(raw)
    names.pinyin_initials(raw)
    names.is_valid(raw)
    names.nickname_root(raw)


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("Сергей", "Sergei"), ("Сергей", "Serguey"), ("Александр", "Alexander"), ("Щербаков", "Shcherbakov"),
        ("Хрущёв", "Khrushchev"), ("محمد", "Mohamed"), ("Παπαδόπουλος", "Papadopoulos"), ("Чайковский", "Tchaikovsky"),
    ],
)  # fmt: skip
def test_romanizations_of_one_name_have_one_skeleton(written: str, other: str) -> None:
    pytest.importorskip("anyascii", reason="needs the extra translit")
    assert names.skeleton(written) == names.skeleton(other)


def test_a_japanese_name_has_no_reading_that_the_text_knows() -> None:
    assert names.romanize("高橋さくら") is None
    assert names.skeleton("高橋さくら") is None
    assert names.romanize(" - ") == names.romanize("-")
    assert names.romanize("") is None


@given(st.text(max_size=30))
def test_a_romanized_name_is_its_own_romanization(raw: str) -> None:
    pytest.importorskip("anyascii", reason="needs the extra translit")
    once = names.romanize(raw)
    if once is not None:
        assert all(char.isascii() for char in once if char.isalpha())
        again = names.skeleton(once)
        assert again is None or again == names.skeleton(raw)


@given(
    st.text(
        st.sampled_from("张王欧阳单小老三明总工生经理陽單们")
        | st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        max_size=4,
    )
)
def test_the_reading_of_a_plain_name_is_that_of_a_closer_look(raw):
    quick = names.pinyin_key(raw)
    with mock.patch.object(_han, "is_plain", return_value=False):
        assert names.pinyin_key(raw) == quick
