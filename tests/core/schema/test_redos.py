"""Patterns that can explode are refused with the reason; harmless ones are not."""

from __future__ import annotations

import time

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm._core.schema.redos import backtracking

EXPLODING = {
    "a choice of two equal options in a loop": r"(a|a)*",
    "an option that begins another one": r"(a|aa)+b",
    "a loop in a loop": r"(a*)*",
    "a loop in a loop, seen through a group": r"((?:a)+)+$",
    "a loop in a loop with an optional separator": r"(\w+\s?)*$",
    "two loops side by side in a loop": r"(x+x+)+y",
    "a dot next to what it covers": r"^(([a-z])+.)+[A-Z]([a-z])+$",
    "everything optional in a loop": r"(?:\s*\w*\s*,?)*;",
    "options that overlap in one class": r"(\d+|\w+)*x",
    "two ways to be empty": r"((a?|b?)c)*d",
    "a counted loop in a counted loop": r"(a{1,30}){1,30}",
    "options that are equal without case": r"(?i)(a|A)*b",
    "inside of a lookahead": r"(?=(a+)+b)c",
    "e-mail as it is often copied": r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}$",
}
HARMLESS = {
    "a date": r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})",
    "words with a separator": r"(\w+\s)*x",
    "groups of three digits": r"(\d{3},)*\d+",
    "loops one after another": r".*=.*;.*",
    "a possessive loop in a loop": r"(?:a++)+b",
    "an atomic group in a loop": r"(?>a+)+b",
    "a quoted string": r'"(?:[^"\\]|\\.)*"',
    "disjoint options in a loop": r"(foo|bar|baz)*",
    "a domain name": r"[a-z]{2,63}(\.[a-z]{2,63}){1,4}",
    "a long counted run": r"^.{1,500}$",
    "a class that holds a bracket": r"[[a]+\]",
    "a verbose expression": "(?x) a + # a comment with (((\n b",
    "letters of all scripts": r"\p{L}+(?:[ -]\p{L}+)*",
    "a comment": r"(?#no loop: (a+)(?:ab)+",
    "an empty atomic group": r"(?>)(?:ab)+",
    "an optional piece in a loop": r"(?:a?b)+\b",
    "two long chains in a loop that part at their ends": r"(?:abcdefx|abcdefy)+",
    "a reference by number": r"(ab)\1+",
    "a reference to a group": r"(?P<mark>[*_])\w+(?P=mark)",
    "sixty disjoint words in a loop": "(?:" + "|".join(f"w{n}q" for n in range(60)) + ")*",
}
UNCHECKED = {
    "recursion": (r"\((?:[^()]|(?R))*\)", "it holds the construct '(?R)', which cannot be checked"),
    "an open class": (r"[a", "it holds an unclosed [, which cannot be checked"),
    "nothing to repeat": (r"*a", "it holds * with nothing to repeat, which cannot be checked"),
    "an open group": (r"(a", "it holds an unclosed (, which cannot be checked"),
    "a closed group too many": (r"a)", "it holds an unmatched ), which cannot be checked"),
    "a backslash at the end": ("a\\", "it holds a backslash at the end, which cannot be checked"),
    "very deep groups": (
        "(" * 80 + ")" * 80,
        "it holds groups nested more than 60 deep, which cannot be checked",
    ),
    "a grapheme": (r"\X", "it holds \\X, which cannot be checked"),
    "an unknown property": (
        r"\p{Nonsense}",
        "it is not a regular expression: unknown property at position 12",
    ),
}


@pytest.mark.parametrize("pattern", [pytest.param(p, id=i) for i, p in EXPLODING.items()])
def test_a_pattern_that_can_explode_is_named(pattern: str) -> None:
    reason = backtracking(pattern)
    assert reason is not None
    assert reason.startswith(("nested repetition: ", "overlapping choices in a loop: "))


@pytest.mark.parametrize("pattern", [pytest.param(p, id=i) for i, p in HARMLESS.items()])
def test_a_harmless_pattern_passes(pattern: str) -> None:
    assert backtracking(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "reason"), [pytest.param(*p, id=i) for i, p in UNCHECKED.items()]
)
def test_what_cannot_be_judged_is_refused(pattern: str, reason: str) -> None:
    assert backtracking(pattern) == reason


def test_the_reason_names_the_parts() -> None:
    assert backtracking(r"(\w+\s?)*$") == (
        "nested repetition: a run of '\\\\w' can be split between two loops, one inside the other"
    )
    assert backtracking(r"(a|aa)+b") == (
        "overlapping choices in a loop: 'a' and 'a' can take the same text"
    )


@pytest.mark.slow
def test_a_huge_pattern_is_refused_quickly() -> None:
    before = time.process_time()
    assert (
        backtracking("(?:" + "ab" * 300 + ")*") == "it is too large to check (over 400 positions)"
    )
    two_lengths = f"(?:{'a' * 150}|{'a' * 151})*"
    assert backtracking(two_lengths) == "it is too large to check (over 20000 pairs of positions)"
    assert backtracking("(?:" + "|".join("abcdefgh" for _ in range(45)) + ")*") is not None
    assert time.process_time() - before < 5


pieces = st.sampled_from(["a", "b", "[ab]", ".", r"\w"])
patterns = st.recursive(
    pieces,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from("*+?")).map(lambda one: f"(?:{one[0]}){one[1]}"),
    ),
    max_leaves=6,
)


@given(patterns)
def test_what_passes_never_takes_exponential_time(pattern: str) -> None:
    if backtracking(pattern) is None:
        # Nothing here is near the limit, unless it doubles with each of 40 characters.
        for text in ("a" * 40 + "!", "ab" * 20 + "!"):
            regex.compile(rf"(?:{pattern})\Z").match(text, timeout=2)
