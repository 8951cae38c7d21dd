"""Messages: one language each, and late."""

import re

import pytest

from crmkit.issues import catalog_codes, message

CHINESE = re.compile("[\u4e00-\u9fff]")
FOREIGN = {
    "IBAN",
    "BIC",
    "LEI",
    "ISO",
    "PSI",
    "column_1",
    "has_header",
    "header_row",
    "False",
    "NUL",
    "Excel",
    "UTC",
    "crmkit",
}


@pytest.mark.parametrize("code", catalog_codes())
def test_messages_are_in_one_language(code):
    assert not CHINESE.search(message(code))
    chinese = message(code, lang="zh")
    assert CHINESE.search(chinese)
    assert set(re.findall(r"[A-Za-z_][A-Za-z_0-9]{2,}", chinese)) <= FOREIGN
    assert not re.search("[\u4e00-\u9fff](IBAN|BIC|LEI|ISO)|(IBAN|BIC|LEI)[\u4e00-\u9fff]", chinese)


def test_what_is_said_in_words_is_said_in_the_language_of_the_message():
    params = {"types": ["mobile", "voip"], "types_en": ["mobile", "voip"], "types_zh": ["手机", "网络电话"]}
    assert message("phone_type", params) == "a telephone number of another type than mobile, voip"
    assert message("phone_type", params, lang="zh") == "电话号码类型不是 手机、网络电话"


def test_chinese_messages_name_countries_and_do_not_code_them():
    assert message("phone_invalid", {"country": "US"}, lang="zh") == "不是美国的有效电话号码"
    assert message("phone_invalid", {"country": "US"}) == "not a telephone number of US"
    assert message("phone_invalid", {"country": "Oz"}, lang="zh") == "不是Oz的有效电话号码"
