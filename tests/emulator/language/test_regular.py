"""Regular expressions: beside Python's own engine where both speak, and what only RE2 has."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.emulator.language.regular import PatternError, compiled

_ATOMS = st.sampled_from(("a", "b", "c", ".", "[ab]", "[^a]", r"\d", r"\W", "(?i:B)", "(?:)"))
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join).map("(?:{})".format),
        st.tuples(inner, st.sampled_from(("*", "+", "?", "{2}", "{1,2}", "{2,}"))).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=5,
)


def _longest(pattern: str, text: str, begin: int = 0) -> tuple[int, int] | None:
    """The leftmost, longest match, by trying every part of the text."""
    fits = re.compile(pattern, re.ASCII)
    for start in range(begin, len(text) + 1):
        for end in range(len(text), start - 1, -1):
            if fits.fullmatch(text, start, end):
                return start, end
    return None


@settings(max_examples=250, deadline=None, derandomize=True)
@given(pattern=_PATTERNS, text=st.text(alphabet="abcB1 \n", max_size=7))
def test_the_leftmost_longest_match_is_found(pattern: str, text: str) -> None:
    """As trying out everything finds it."""
    assert compiled(pattern).find(text) == _longest(pattern, text)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(pattern=_PATTERNS, text=st.text(alphabet="abcB1 \n", max_size=7))
def test_matches_do_not_overlap_and_leave_nothing_out(pattern: str, text: str) -> None:
    """Between two there is no other, but an empty one right behind the first."""
    begin = 0
    for start, end in compiled(pattern).find_all(text):
        found = _longest(pattern, text, begin)
        if found == (begin, begin) and start != begin:
            found = _longest(pattern, text, begin + 1)
        assert found == (start, end)
        begin = end if end > start else end + 1


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a|ab|abc", "xabcd", "abc"),
        ("a*?", "aaa", "aaa"),
        ("^b", "ab\nb", None),
        ("(?m)^b$", "ab\nb", "b"),
        ("(?s).+", "a\nb", "a\nb"),
        (".+", "a\nb", "a"),
        (r"\bfoo\b", "a foo b", "foo"),
        (r"\Boo\b", "a foo b", "oo"),
        (r"\Aab\z", "ab", "ab"),
        ("(?i)STRASSE", "die Strasse", "Strasse"),
        ("(?i)[à-ö]+", "ÄÖ", "ÄÖ"),
        ("(?i:a)b", "Ab", "Ab"),
        ("(?i:a)b", "AB", None),
        ("(?i)a(?-i)b", "AB", None),
        (r"\pL+", "1äß2", "äß"),
        (r"\p{Lu}\p{Ll}", "aBc", "Bc"),
        (r"\PN+", "12ab", "ab"),
        (r"[\d\s]+", "a1 2b", "1 2"),
        (r"[^\d]+", "12ab", "ab"),
        (r"[\D1]+", "2a1", "a1"),
        ("[[:alpha:]_]+", "1a_b2", "a_b"),
        ("[[:^digit:]]+", "1ab2", "ab"),
        ("[]a]+", "]a", "]a"),
        ("[a-]+", "b-a-", "-a-"),
        ("[a-c-]+", "b-d", "b-"),
        (r"[\]\\]+", "a]\\", "]\\"),
        (r"\x41\x{1F600}\101\t", "A\U0001f600A\t", "A\U0001f600A\t"),
        (r"a\.b\*", "a.b*", "a.b*"),
        ("a{2,3}", "aaaa", "aaa"),
        ("a{,2}", "a{,2}", "a{,2}"),
        ("x{", "x{", "x{"),
        ("(?P<year>[0-9]{4})-(?<month>[0-9]{2})", "on 2026-03-13", "2026-03"),
        ("", "abc", ""),
        ("a||b", "b", "b"),
        ("(a|b)*c|(a|ab)*c", "abc", "abc"),
    ],
)
def test_what_re2_understands(pattern: str, text: str, found: str | None) -> None:
    """Its classes, flags, groups and edges."""
    match = compiled(pattern).find(text)
    assert (None if match is None else text[slice(*match)]) == found


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", ")", "(?", "(?:a", "a)", "[a", "[b-a]", "[[:nothing:]]", "*", "+a", "a**", "a+*"),
        *(r"\1", r"(a)\1", r"\8", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?>a)", "(?#a)", "a++"),
        *("a{1001}", "a{2,1}", r"\pQ", r"\p{Greek}", r"\x{110000}", r"\y", "\\", "(?x)a"),
        *("(?P<a>b)(?P<a>c)", "(?P=a)", "(" * 60 + ")" * 60, "((a{100}){100}){100}", "a" * 1001),
    ],
)
def test_what_re2_refuses(pattern: str) -> None:
    """And what would be too large."""
    with pytest.raises(PatternError):
        compiled(pattern)


def test_no_expression_takes_for_ever() -> None:
    """The ones that engines which go back never finish."""
    text = "a" * 300 + "!"
    assert compiled("(a+)+$").find(text) is None
    assert compiled("(a|a)*b").find(text) is None
    assert compiled("(a*)*b|c").find(text) is None
    assert len(list(compiled("a.*x|a").find_all("a" * 30))) == 30
    with pytest.raises(PatternError, match="it takes too long"):
        list(compiled("a.*x|a").find_all("a" * 30, most_work=500))
