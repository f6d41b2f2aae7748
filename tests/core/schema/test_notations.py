"""Every notation of a text form says what the strict reading takes; two engines judge them."""

from __future__ import annotations

import re
import string
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
import regex
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
from tracing import sweep

from deterministic_llm._core.exchange import JsonObject, Notation
from deterministic_llm._core.reading.forms.claims import Matched
from deterministic_llm._core.reading.forms.matching import match
from deterministic_llm._core.schema.digits import Bound, integer_range, number_range
from deterministic_llm._core.schema.forms import (
    ChoiceForm,
    TextForm,
    compile_choice,
    compile_pattern,
    compile_template,
)
from deterministic_llm._core.schema.language import Language
from deterministic_llm._core.schema.notations import notation_of, plain_expression
from deterministic_llm._core.schema.phrasing import written

SCORE: JsonObject = {"type": "integer", "minimum": 0, "maximum": 10}
SHARE: JsonObject = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
FORMS: dict[str, TextForm] = {
    "an integer between literals": compile_template("Score (of 10): {score}/10.", {"score": SCORE}),
    "a share and a negative number": compile_template(
        "{share} | {delta}", {"share": SHARE, "delta": {"type": "number", "maximum": -0.25}}
    ),
    "open numbers": compile_template("{a:int}; {b:float}; {c:bool}", {}),
    "steps": compile_template(
        "{x}%", {"x": {"type": "integer", "minimum": -20, "maximum": 20, "multipleOf": 5}}
    ),
    "a day and a word": compile_template(
        "{day} [{kind}]",
        {"day": {"type": "string", "format": "date"}, "kind": {"enum": ["good", "b.d", 7, "日本"]}},
    ),
    "an optional integer": compile_template(
        "grade={grade};", {"grade": {"anyOf": [SCORE, {"type": "null"}]}}
    ),
    "a text of limited length": compile_template(
        "Name = ({name})", {"name": {"type": "string", "minLength": 2, "maxLength": 5}}
    ),
    "a text before a sign": compile_template("{name}, {age:int}", {}),
    "texts of a pattern": compile_template(
        "{code}, {rest}|{last}",
        {
            "code": {"type": "string", "pattern": r"^[A-Z]{3}-?[+-.]\d*$"},
            "rest": {"type": "string", "pattern": r"^(?:a|b,|c)+[^d]$"},
            "last": {"type": "string", "pattern": r"\A(?:x|\n)[\s\d]*y\Z"},
        },
    ),
    "records": compile_template("{name}: {ok:bool}", {}, many=True),
    "a choice": compile_choice(["yes", "no", "a+b", 'say "maybe"', "好", "a/b"]),
    "a pattern": compile_pattern(r"(?P<year>\d{4})-(?P<part>[a-c_-]{2,3})(?P<sign>[+\]\\&~])?", {}),
    "an expression in turns": compile_pattern(r"^(?P<a>(?:x|yz)+)(?P<b>q|w*v)$", {}),
}
ROWS = [pytest.param(form, id=name) for name, form in FORMS.items()]
SHOWN = {"a day and a word", "a share and a negative number", "texts of a pattern"}
ALPHABET = string.ascii_letters + string.digits + ".,;:/ =-+()[]%|'\"&~\\é日本好\t\n!"


class Bytes:
    """A tokenizer whose tokens are the bytes."""

    eos_token_id = bos_token_id = 256
    special_token_ids = (256,)
    tokens = (*(bytes([byte]) for byte in range(256)), b"\xff<eos>")

    def __call__(self, text: str | bytes) -> list[int]:
        """The bytes of *text*."""
        return list(text.encode() if isinstance(text, str) else text)


@cache
def matcher(kind: str, grammar: str) -> Any:
    tokenizer = LLTokenizer(TokenizerWrapper(Bytes()), slices=[])
    if kind == "regex":
        grammar = LLMatcher.grammar_from_regex(grammar)
    else:
        grammar = LLMatcher.grammar_from_lark(grammar)
    made = LLMatcher(tokenizer, grammar, log_level=0)
    assert not made.is_error(), made.get_error()
    return made


def takes(kind: str, grammar: str, text: str) -> bool:
    """Whether the engine of OpenAI and of several servers takes *text* as a whole."""
    fresh = matcher(kind, grammar).deep_copy()
    said = list(text.encode())
    return fresh.try_consume_tokens(said) == len(said) and fresh.is_accepting()


def notation(form: TextForm) -> tuple[Notation, str, str]:
    found = notation_of(form)
    assert found is not None
    assert found.regex is not None
    assert found.lark is not None
    return found, found.regex, found.lark


def texts(expression: str) -> st.SearchStrategy[str]:
    return st.from_regex(re.compile(expression), fullmatch=True, alphabet=st.sampled_from(ALPHABET))


@pytest.mark.parametrize("form", sweep(ROWS, shown=SHOWN))
@settings(max_examples=25)
@given(st.data())
def test_what_the_expression_takes_is_read_strictly(form: TextForm, data: st.DataObject) -> None:
    _, expression, _ = notation(form)
    text = data.draw(texts(expression))
    assume(text == text.strip())  # blanks at the ends belong to nobody, and a pattern may want them
    assert isinstance(match(form, text, strict=True), Matched), text


@pytest.mark.untraced
@pytest.mark.parametrize("form", ROWS)
@settings(max_examples=25)
@given(st.data())
def test_the_engines_agree_on_what_is_taken(form: TextForm, data: st.DataObject) -> None:
    _, expression, lark = notation(form)
    text = data.draw(texts(expression))
    at = data.draw(st.integers(0, len(text)))
    other = data.draw(st.text(ALPHABET, max_size=2))
    for tried in (text, text[:at] + other + text[at + 1 :]):
        taken = re.fullmatch(expression, tried) is not None
        assert takes("regex", expression, tried) == taken, tried
        assert takes("lark", lark, tried) == taken, tried


VALUES: dict[str, tuple[TextForm, st.SearchStrategy[JsonObject]]] = {
    "texts and open numbers": (
        compile_template("{name}, {n:int}, {x:float}: {ok:bool}", {}),
        st.fixed_dictionaries(
            {
                "name": st.text(string.ascii_letters + "éß -", min_size=1).filter(
                    lambda text: text == text.strip()
                ),
                "n": st.integers(),
                "x": st.floats(-1e15, 1e15).filter(lambda number: "e" not in repr(number)),
                "ok": st.booleans(),
            }
        ),
    ),
    "numbers within bounds, with as many decimals as they have": (
        compile_template(
            "{a}/{b}",
            {
                "a": {"type": "number", "minimum": -1.5, "exclusiveMaximum": 2.25},
                "b": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            },
        ),
        st.fixed_dictionaries(
            {
                "a": st.floats(-1.5, 2.25, exclude_max=True),
                "b": st.floats(0, 1, exclude_min=True),
            }
        ).filter(lambda record: "e" not in str(record) and str(record["a"]) != "-0.0"),
    ),
    "days": (
        compile_template("on {day}", {"day": {"type": "string", "format": "date"}}),
        st.fixed_dictionaries({"day": st.dates().map(str)}),
    ),
}


@pytest.mark.parametrize(
    ("form", "values"), [pytest.param(*row, id=name) for name, row in VALUES.items()]
)
@settings(max_examples=25)
@given(st.data())
def test_a_value_that_is_written_out_is_taken(
    form: TextForm, values: st.SearchStrategy[JsonObject], data: st.DataObject
) -> None:
    _, expression, _ = notation(form)
    record = data.draw(values)
    text = form.text.replace(":int", "").replace(":float", "").replace(":bool", "")
    for name, value in record.items():
        text = text.replace(f"{{{name}}}", written(value))
    assert re.fullmatch(expression, text), text


def inside(language: Language, text: str) -> bool:
    return re.fullmatch(plain_expression(language), text) is not None


@pytest.mark.untraced
@given(
    st.decimals(-50, 50, places=2) | st.none(),
    st.decimals(-50, 50, places=3) | st.none(),
    st.booleans(),
    st.booleans(),
    st.lists(st.decimals(-60, 60, places=4)),
)
def test_a_number_is_taken_as_its_bounds_say(
    low: Decimal | None,
    high: Decimal | None,
    low_excluded: bool,  # noqa: FBT001
    high_excluded: bool,  # noqa: FBT001
    numbers: list[Decimal],
) -> None:
    if low is not None and high is not None:
        assume(low < high)
    least = None if low is None else Bound(low, low_excluded)
    most = None if high is None else Bound(high, high_excluded)
    language = number_range(least, most)
    for number in (*numbers, *filter(None, (low, high)), Decimal(0)):
        above = low is None or number > low or (number == low and not low_excluded)
        below = high is None or number < high or (number == high and not high_excluded)
        for text in {f"{number:f}", f"{number.normalize():f}", f"{number:f}0"}:
            if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) and not re.match(r"-0(\.0*)?$", text):
                plain = text if "." in text or not text.endswith("0") else f"{number.normalize():f}"
                assert inside(language, plain) == (above and below), (text, least, most)


@given(st.integers() | st.none(), st.integers(0, 10**9) | st.none(), st.lists(st.integers()))
def test_an_integer_without_an_end_may_be_as_long_as_it_is(
    low: int | None, size: int | None, numbers: list[int]
) -> None:
    high = None if size is None else (low or 0) + size
    language = integer_range(low, high)
    for number in (*numbers, *filter(None, (low, high))):
        wanted = (low is None or number >= low) and (high is None or number <= high)
        assert inside(language, str(number)) == wanted


@pytest.mark.parametrize(
    "one",
    [r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", r"[^\w]", r"[^\d,]", r"[^\s]", r"[\d\s-]", "."],
)
def test_a_set_of_characters_holds_no_other_ones(one: str) -> None:
    _, expression, _ = notation(compile_pattern(f"(?P<x>{one})", {}))
    sure, asked = re.compile(expression), regex.compile(one)
    characters = list(map(chr, (*range(0x3200), *range(0x4E00, 0x4E80), 0xAC00, 0x1F600)))
    taken = {character for character in characters if sure.fullmatch(character)}
    assert taken <= {character for character in characters if asked.fullmatch(character)}
    ascii_ones = {character for character in characters[:128] if asked.fullmatch(character)}
    assert ascii_ones - taken <= set("\x1c\x1d\x1e\x1f")


def test_a_pattern_of_a_field_holds_its_text():
    """Where it is said of the whole text; what ends the text is no part of it."""
    code = {"type": "string", "pattern": "^[+-.]+$"}
    _, expression, _ = notation(compile_template("{code}, {n:int}", {"code": code}))
    assert expression.startswith(r"[+\--.]+, ")
    loose = {"type": "string", "pattern": "[a-z]"}
    _, expression, _ = notation(compile_template("{code};", {"code": loose}))
    assert re.fullmatch(expression, "A b;")


def test_what_holds_json_is_said_by_rules_only() -> None:
    found = notation_of(compile_template("tags: {tags}", {"tags": {"type": "array"}}))
    assert found is not None
    assert (found.regex, found.lark, found.choices) == (None, None, None)
    assert found.gbnf is not None


def test_options_are_choices() -> None:
    form = ChoiceForm(("yes", "a/b"))
    assert notation_of(form) == Notation(
        gbnf='root ::= "yes" | "a/b"\n',
        lark=r"start: /yes|a\/b/",
        regex="yes|a/b",
        choices=("yes", "a/b"),
    )


@pytest.mark.parametrize("form", ROWS)
def test_the_expression_keeps_to_what_every_engine_reads(form: TextForm) -> None:
    _, expression, _ = notation(form)
    assert "\n" not in expression
    assert not re.search(r"\(\?[^:]|[*+?}][?+]|\\[bBdDwWsSAZz1-9]", expression)
