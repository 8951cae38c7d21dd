"""Regular expressions out of rule files: refused where they could take for ever, asked about short texts otherwise."""

import pytest

from crmkit.errors import SchemaError
from crmkit.validators._reading._patterns import compile_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*b",
        "(a|a)+$",
        "(a|ab)*c",
        "(?:a+b?)+",
        "([a-z]+)*@",
        r"(\w+\s?)+$",
        "(?:(?:x+)y*)+",
        "(.*,)+",
        "(?:-?[a-z]+)*",
        "(a?){30,}",
        r"(?:(\d)\1*)+",
        "(?>(a+)+)b",
        "(?:[^,]+|x)+",
        r"(?:\.[\w.]+)*",
        "(?:-[a-z-]+)*",
        r"(?:1\d+)*",
    ],
)
def test_what_repeats_a_part_that_repeats_is_refused(pattern):
    with pytest.raises(SchemaError, match="it can take for ever"):
        compile_pattern(pattern, "it")


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("[A-Z]{2}-[0-9]+", "AB-12", "AB-"),
        ("a(?:-[a-z]+)*", "a-bc-d", "a-"),
        ("(?:a|b)+", "abba", "abc"),
        (r"(?:,\d+)+", ",1,22", "1,2"),
        (r"(?:[^;]+;)*", "a;b;", "a;b"),
        ("(?:[a-z]++-?)++", "a-b", "-"),
        ("(?>a+)b", "aab", "b"),
        ("(ab){2}", "abab", "ab"),
        ("(?:x[^x]*)+", "xaxb", "ax"),
        (r"(?:-\d+)*", "-1-2", "--"),
        ("x*", "", "y"),
    ],
)
def test_what_cannot_branch_without_end_is_taken(pattern, good, bad):
    match = compile_pattern(pattern, "it")
    assert match(good) is not None
    assert match(bad) is None


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "[z-a]", "(?P<a>x)(?P<a>y)", "a" * 5000, "a{99999999999999999999}"])
def test_what_is_no_regular_expression_is_said(pattern):
    with pytest.raises(SchemaError, match=r"^it (is|has)"):
        compile_pattern(pattern, "it")


def test_the_more_open_repeats_the_shorter_the_texts():
    one, three = compile_pattern("a*", "it"), compile_pattern("a*b*c*", "it")
    assert one("a" * 5000) is not None
    longest = max(n for n in (10, 100, 1000, 10_000, 100_000) if three("a" * n) is not None)
    assert three("a" * 10 * longest) is None
    with pytest.raises(SchemaError, match="repeats without an end"):
        compile_pattern("a*b*c*d*e*f*g*h*i*j*k*l*m*", "it")


@pytest.mark.parametrize("pattern", [r"(?:\s\S+)+", r"(?:\W\w+)+", r"(?:\D\d+)+"])
def test_what_only_classes_tell_apart_is_refused_too(pattern):
    """Harmless, but proven to be so only where a literal stands between the repeats."""
    with pytest.raises(SchemaError, match="it can take for ever"):
        compile_pattern(pattern, "it")
