"""Grammars take exactly what the form means; a small translator to expressions judges them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.reading.forms.claims import Matched
from deterministic_llm._core.reading.forms.matching import match
from deterministic_llm._core.schema.digits import Bound, integer_range, number_range
from deterministic_llm._core.schema.forms import (
    TextForm,
    compile_choice,
    compile_pattern,
    compile_template,
)
from deterministic_llm._core.schema.language import SHORT, Language
from deterministic_llm._core.schema.notations import gbnf, notation_of
from deterministic_llm._core.schema.phrasing import instruction
from deterministic_llm.providers import local
from deterministic_llm.storage import models


def grammar_for(form: TextForm) -> str | None:
    notation = notation_of(form)
    return None if notation is None else notation.gbnf


def ranging(language: Language) -> re.Pattern[str]:
    return expression(gbnf(language))


TOKEN = re.compile(
    r'"(?P<literal>(?:[^"\\]|\\.)*)"|(?P<klass>\[(?:[^\]\\]|\\.)*\])|(?P<rule>[a-z][a-z0-9-]*)'
    r"|(?P<sign>[()|*+?]|\{\d+(?:,\d*)?\})|\s+"
)


def expression(grammar: str) -> re.Pattern[str]:
    """The rules of *grammar*, which may not refer to themselves, as one expression."""
    rules = dict(line.split(" ::= ", 1) for line in grammar.splitlines() if line)
    return re.compile(rule(rules["root"], rules), re.DOTALL)


def rule(body: str, rules: Mapping[str, str]) -> str:
    parts: list[str] = []
    at = 0
    while at < len(body):
        found = TOKEN.match(body, at)
        assert found is not None, body[at:]
        at = found.end()
        if found["literal"] is not None:
            characters = re.findall(r"\\x..|\\u....|\\.|.", found["literal"], re.DOTALL)
            parts.append("".join(map(unescaped, characters)).join(("(?:", ")")))
        elif found["rule"] is not None:
            parts.append(f"(?:{rule(rules[found['rule']], rules)})")
        elif found["klass"] is not None:
            parts.append(found["klass"])
        elif found["sign"] is not None:
            parts.append("(?:" if found["sign"] == "(" else found["sign"])
    return "".join(parts)


def unescaped(character: str) -> str:
    plain = {r"\n": "\n", r"\t": "\t", r"\r": "\r", r"\"": '"', r"\\": "\\"}
    if character[:2] in (r"\x", r"\u"):
        return re.escape(chr(int(f"0{character[1:].replace('u', 'x')}", 0)))
    return re.escape(plain.get(character, character))


def grammar_of(text: str, schema: JsonObject) -> re.Pattern[str]:
    grammar = grammar_for(compile_template(text, {"x": schema}))
    assert grammar is not None
    return expression(grammar)


def test_a_template_is_written_rule_by_rule() -> None:
    form = compile_template(
        'Essay "é" score: {score}/10\nReason: {reason}',
        {"score": {"type": "integer", "minimum": 0, "maximum": 10}},
    )
    assert grammar_for(form) == (
        'root ::= "Essay \\"é\\" score: " field1 "/10\\nReason: " field3\n'
        'field1 ::= "10" | [0-9]\n'
        "field3 ::= [^ \\x09\\x0a\\x0d] ([^\\x0d]{0,198} [^ \\x09\\x0a\\x0d])?\n"
    )


def test_lines_repeat_the_record() -> None:
    form = compile_template("{name}: {ok:bool}", {}, many=True)
    assert grammar_for(form) == (
        'root ::= line ("\\n" line)*\n'
        'line ::= field0 ": " field2\n'
        "field0 ::= [^ \\x09\\x0a:] ([^\\x0a:]{0,198} [^ \\x09\\x0a:])?\n"
        'field2 ::= "true" | "false"\n'
    )


def test_a_choice_is_its_options() -> None:
    assert grammar_for(compile_choice(["yes", 'n"o'])) == 'root ::= "yes" | "n\\"o"\n'


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 10), (1, 5), (-5, 10), (37, 1284), (-1203, -96), (7, 7), (-1, 0), (0, 0), (99, 100)],
)
def test_an_integer_range_holds_its_integers_and_no_other(low: int, high: int) -> None:
    inside = ranging(integer_range(low, high, digits=SHORT.digits))
    taken = {n for n in range(-1500, 1500) if inside.fullmatch(str(n))}
    assert taken == set(range(low, high + 1))
    assert not any(inside.fullmatch(text) for text in ("", "-", "-0", "00", "01", "1.0", "+1"))


@given(st.integers(-3000, 3000), st.integers(0, 3000))
def test_any_integer_range_ends_where_its_bounds_are(low: int, size: int) -> None:
    high = low + size
    inside = ranging(integer_range(low, high, digits=SHORT.digits))
    taken = [
        n for n in (low - 1, low, (low + high) // 2, high, high + 1) if inside.fullmatch(str(n))
    ]
    assert taken == [low, (low + high) // 2, high]


@pytest.mark.parametrize(("low", "high"), [(None, 10), (5, None), (None, None), (None, -3)])
def test_an_open_range_has_a_bound_on_one_side(low: int | None, high: int | None) -> None:
    inside = ranging(integer_range(low, high, digits=SHORT.digits))
    for number in (-(10**12), -4, -3, -2, 0, 4, 5, 6, 10, 11, 10**12):
        wanted = (low is None or number >= low) and (high is None or number <= high)
        assert bool(inside.fullmatch(str(number))) == wanted, number


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("0", "10"),
        ("0", "1"),
        ("-1", "1"),
        ("0.5", "1.5"),
        ("-2.25", "0.125"),
        ("0.1", "0.3"),
        ("10", "10"),
        ("36.1", "36.9"),
        ("0", "0.99"),
        ("0.96", "0.97"),
        ("-3.5", "-1"),
        (None, "3.5"),
        ("-3.5", None),
        (None, None),
    ],
)
def test_a_number_range_holds_what_has_few_decimals(low: str | None, high: str | None) -> None:
    least, most = bounds = [None if bound is None else Decimal(bound) for bound in (low, high)]
    low_end, high_end = (None if bound is None else Bound(bound) for bound in bounds)
    inside = ranging(number_range(low_end, high_end, digits=SHORT.digits, decimals=SHORT.decimals))
    for hundredth in range(-400, 4000):
        number = Decimal(hundredth).scaleb(-2)
        wanted = (least is None or number >= least) and (most is None or number <= most)
        for text in {f"{number:.2f}", f"{number.normalize():f}"}:
            assert bool(inside.fullmatch(text)) == wanted, text


def test_bounds_that_leave_nothing_are_left_to_the_reader() -> None:
    assert integer_range(5, 1) == integer_range(None, None)
    assert number_range(Bound(Decimal(5)), Bound(Decimal(1))) == number_range(None, None)


SCHEMAS: dict[str, tuple[JsonObject, list[str], list[str]]] = {
    "an enumeration": ({"enum": ["a b", 2, None]}, ["a b", "2", "null"], ["a", "b", ""]),
    "a constant": ({"const": "x"}, ["x"], ["y"]),
    "a boolean": ({"type": "boolean"}, ["true", "false"], ["True", "yes"]),
    "a date": (
        {"type": "string", "format": "date"},
        ["2025-03-04", "1999-12-31"],
        ["2025-13-04", "2025-3-4"],
    ),
    "a text of limited length": (
        {"type": "string", "maxLength": 3},
        ["a", "abc"],
        ["", "abcd", " a"],
    ),
    "a text of one character": ({"type": "string", "maxLength": 1}, ["é"], ["éé"]),
    "steps of an integer": (
        {"type": "integer", "minimum": 0, "maximum": 20, "multipleOf": 5},
        ["0", "5", "20"],
        ["1", "25", "-5"],
    ),
    "steps without an end": ({"type": "integer", "multipleOf": 5}, ["10", "11"], ["1.5"]),
    "exclusive bounds": (
        {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10},
        ["1", "9"],
        ["0", "10"],
    ),
    "too many steps to list": (
        {"type": "integer", "minimum": 0, "maximum": 9999, "multipleOf": 2},
        ["4", "5"],
        ["10000"],
    ),
    "a number with bounds": (
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        ["0.5", "1"],
        ["1.5", "-1"],
    ),
    "an exclusive bound inside of an inclusive one": (
        {"type": "integer", "minimum": 0, "exclusiveMinimum": 2, "maximum": 9.5},
        ["3", "9"],
        ["2", "10"],
    ),
    "an optional number": (
        {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 3}, {"type": "null"}]},
        ["2", "null"],
        ["4", "none"],
    ),
    "two types": ({"type": ["boolean", "null"]}, ["true", "null"], ["0"]),
    "a reference": (
        {"$ref": "#/$defs/Grade", "$defs": {"Grade": {"enum": ["A", "B"]}}},
        ["A"],
        ["C"],
    ),
    "a reference in a choice": (
        {"oneOf": [{"$ref": "#/$defs/Grade"}], "$defs": {"Grade": {"enum": ["A", "B"]}}},
        ["B"],
        ["C"],
    ),
}


@pytest.mark.parametrize(
    ("schema", "taken", "refused"), [pytest.param(*row, id=name) for name, row in SCHEMAS.items()]
)
def test_a_field_is_held_to_its_schema(
    schema: JsonObject, taken: list[str], refused: list[str]
) -> None:
    inside = grammar_of("x={x};", schema)
    assert [text for text in taken if inside.fullmatch(f"x={text};")] == taken
    assert [text for text in refused if inside.fullmatch(f"x={text};")] == []


def test_lists_and_objects_are_any_json() -> None:
    grammar = grammar_for(compile_template("tags: {tags}", {"tags": {"type": "array"}}))
    assert grammar is not None
    assert grammar.startswith(
        'root ::= "tags: " field1\nfield1 ::= array\nvalue ::= object | array'
    )
    assert "string ::= " in grammar


def test_a_text_does_not_hold_the_sign_that_ends_it() -> None:
    inside = grammar_of("{x}, {y:int}", {"type": "string"})
    assert inside.fullmatch("Ada, 36")
    assert not inside.fullmatch("Ada, Countess, 36")


PATTERNS = {
    r"(?P<year>\d{4})-(?P<month>\d{2})": (["2024-05"], ["2024-5", "x"]),
    r"^(?P<grade>[A-F][+-]?)$": (["A", "B-"], ["G", "A*"]),
    r"(?P<word>[a-z0-9_-]+)!": (["a-b!", "_!"], ["A!", "!"]),
    r"(?P<any>[^\]\-x]{2})": (["ab"], ["]a", "-a", "xa"]),
    r"(?P<key>\w+)\s?=\s?(?P<value>.*)": (["a = b", "a="], ["= b", "a=b\nc"]),
    r"(?P<sign>\x41|\u00e9|\.)": (["A", "é", "."], ["B", "e"]),
    r"\A(?P<a>x|yz)*\Z": (["", "xyz"], ["y"]),
    r"(?P<t>\t\[\]\"\\)": (['\t[]"\\'], ["t"]),
    r"(?P<bell>\x07\U0001F600[\u4e00-\u4e09])": (["\a😀七"], ["\a😀"]),
    r"(?P<n>\D)": (["a"], ["1"]),
}


@pytest.mark.parametrize(("pattern", "texts"), PATTERNS.items())
def test_a_pattern_keeps_its_language(pattern: str, texts: tuple[list[str], list[str]]) -> None:
    grammar = grammar_for(compile_pattern(pattern, {}))
    assert grammar is not None
    inside = expression(grammar)
    assert [text for text in texts[0] if inside.fullmatch(text)] == texts[0]
    assert [text for text in texts[1] if inside.fullmatch(text)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?P<word>\w+)\b",
        r"(?P<a>a(?=b))",
        r"(?i)(?P<a>yes)",
        r"(?P<a>\p{L}+)",
        r"(?P<a>a++)",
        r"(?P<a>[[:alpha:]]+)",
        r"(?P<a>.)(?P=a)",
        r"(?P<a>a{5000})",
        r"(?P<a>[\w\p{L}])",
    ],
)
def test_what_a_grammar_cannot_say_is_not_pushed_down(pattern: str) -> None:
    assert grammar_for(compile_pattern(pattern, {}, unsafe=True)) is None


@given(st.integers(0, 10), st.from_regex(r"[A-Za-z][A-Za-z ]{0,20}[a-z]", fullmatch=True))
def test_what_the_grammar_takes_is_read_back_exactly(score: int, name: str) -> None:
    form = compile_template(
        "{name}, score: {score}/10", {"score": {"type": "integer", "minimum": 0, "maximum": 10}}
    )
    text = f"{name}, score: {score}/10"
    grammar = grammar_for(form)
    assert grammar is not None
    assert expression(grammar).fullmatch(text)
    assert match(form, text) == Matched({"name": name, "score": score}, (0, len(text)))


ENGINE_FORMS: dict[str, TextForm] = {
    "an integer": compile_template(
        'Essay "é" score: {score}/10',
        {"score": {"type": "integer", "minimum": 0, "maximum": 10}},
    ),
    "a negative range": compile_template(
        "Delta: {delta}", {"delta": {"type": "integer", "minimum": -120, "maximum": -7}}
    ),
    "numbers and texts": compile_template(
        "Share: {share}\nWhy (in short): {why}",
        {
            "share": {"type": "number", "minimum": 0, "maximum": 1},
            "why": {"type": "string", "maxLength": 20},
        },
    ),
    "open numbers": compile_template("{a:int}; {b:float}; {c:bool}", {}),
    "a date and a word": compile_template(
        "{day} [{kind}]",
        {"day": {"type": "string", "format": "date"}, "kind": {"enum": ["good", "bad", "日本"]}},
    ),
    "a list": compile_template("tags = {tags}", {"tags": {"type": "array"}}),
    "a choice": compile_choice(["yes", "no", 'say "maybe"', "好"]),
    "a pattern": compile_pattern(r"(?P<year>\d{4})-(?P<part>[a-c_-]{2,3})(?P<sign>[+\]\\])?", {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", [pytest.param(f, id=i) for i, f in ENGINE_FORMS.items()])
def test_the_engine_takes_the_grammar_and_keeps_to_it(form: TextForm) -> None:
    endpoint = local.address(models.locate("smollm2-135m"))
    with openai.OpenAI(
        base_url=endpoint.base_url, api_key=endpoint.api_key, max_retries=0
    ) as client:
        completion = client.chat.completions.create(
            model="any",
            messages=[{"role": "user", "content": instruction(form)}],
            temperature=0,
            seed=1,
            max_tokens=300,
            extra_body={"grammar": grammar_for(form)},
        )
    choice = completion.choices[0]
    found = match(form, choice.message.content or "", strict=True)
    if choice.finish_reason == "stop":
        assert isinstance(found, Matched), (choice.message.content, found)
