"""The incremental reader: what it shows before a text is whole is what the whole text says."""

from __future__ import annotations

import json
from random import Random
from time import process_time
from typing import cast

import pytest
from core.case_running import CASES, Case, JsonObject, Value, load, run, same, target_of
from core.reading.arriving import cuts_of, read, read_alike
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm import JsonValue, Schema, Template
from deterministic_llm._core.reading import reader
from deterministic_llm._core.reading.finding.spans import begins, next_start
from deterministic_llm._core.reading.finding.thinking import Tag, tag_at, thinking
from deterministic_llm._core.reading.incremental import Incremental, Location
from deterministic_llm._core.reading.outcomes import Parsed
from deterministic_llm._core.schema.target import Target
from deterministic_llm.targets import compiled

FAMILIES: dict[str, list[Case]] = {}
for each in load(CASES):
    FAMILIES.setdefault(each.id.partition(": ")[0], []).append(each)
Json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NOTE: JsonObject = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "b": {"type": "array", "items": {"type": "string"}},
        "c": {"type": ["string", "null"]},
        "n": {"type": "integer"},
    },
    "required": ["a"],
}
NOTES: JsonObject = {"type": "array", "items": NOTE}
TARGETS = {
    "one": compiled(Schema(NOTE)),
    "several": compiled(Schema(NOTES)),
    "text": compiled(str),
    "template": compiled(Template("Essay score: {score:int}/10")),
}
ANYTHING = compiled(Schema({}))


def marks(family: str, start: int) -> list[pytest.MarkDecorator]:
    """The families of one folder show coverage every line that there is to show."""
    untraced = not family.startswith("validation/")
    return [pytest.mark.untraced] * untraced + [pytest.mark.slow] * bool(start)


@pytest.mark.parametrize(
    ("family", "start"),
    [
        pytest.param(family, start, marks=marks(family, start))
        for family, cases in FAMILIES.items()
        for start in range(min(3, len(cases)))
    ],
)
def test_one_piece_and_many_show_the_same_and_what_the_whole_text_says(
    family: str, start: int
) -> None:
    """Every third case of each family in every run, the others with ``make test-all``."""
    for case in FAMILIES[family][start::3]:
        random = Random(case.id)  # noqa: S311 - repeatable on purpose
        shown, _ = read_alike(case.raw, compiled(target_of(case.target)), random)
        if isinstance(got := run(case), Value):
            for location, value in shown.closed.items():
                assert agree(value, at(got.value, location)), (case.id, location)


def at(value: JsonValue, location: Location) -> JsonValue:
    """The part of *value* at *location*."""
    for step in location:
        value = cast("dict[str | int, JsonValue]", value)[step]
    return value


def agree(shown: JsonValue, wanted: JsonValue) -> bool:
    """Whether a type could make *wanted* of *shown*: with other digits, or with defaults."""
    match shown, wanted:
        case dict(), dict():
            return all(agree(each, wanted[name]) for name, each in shown.items() if name in wanted)
        case list(), list():
            return len(shown) == len(wanted) and all(map(agree, shown, wanted))
        case str(), dict() | list():  # JSON in a text
            return agree(json.loads(shown), wanted)
        case _:
            return same(shown, wanted) or str(wanted) in {str(shown), f"{shown:.1f}"}


@pytest.mark.untraced
@given(Json, st.randoms(use_true_random=False))
def test_json_is_shown_as_it_is_decoded(value: JsonValue, random: Random) -> None:
    text = json.dumps(value, ensure_ascii=random.random() < 0.5, indent=random.choice([None, 2]))
    shown, snapshot = read_alike(text, ANYTHING, random)
    if isinstance(value, dict | list) and value:
        assert (shown.closed[()], snapshot) == (value, value)


@pytest.mark.untraced
@given(Json, st.randoms(use_true_random=False))
def test_strict_json_is_shown_as_it_is_decoded(value: JsonValue, random: Random) -> None:
    text = json.dumps(value, ensure_ascii=random.random() < 0.5, indent=random.choice([None, 2]))
    shown, snapshot = read(text, ANYTHING, cuts_of(text, random), strict=True)
    if isinstance(value, dict | list):
        assert (shown.closed[()], snapshot) == (value, value)


@given(st.randoms(use_true_random=False), st.sampled_from(["one", "several"]))
def test_nothing_is_shown_of_a_damaged_text_but_what_it_says(random: Random, count: str) -> None:
    for _ in range(5):
        text = damaged(random)
        shown, _ = read_alike(text, TARGETS[count], random)
        reading = reader.read(text, TARGETS[count])
        if isinstance(reading, Parsed):
            for location, value in shown.closed.items():
                assert same(value, at(cast("JsonValue", reading.output), location)), text


SAID = [
    *("x", 'he said "Exit" twice', '6" nail', "it's", '"quoted"', 'yes, "no", maybe', "a", "n/a"),
    *('end "here"', '"b": 1', "C:\\new", "\\d", "\\n\\nThe", "\\ntau", "tab\\theta", "null"),
    *(
        "\u00a0,",
        "\u3000 x",
        "<think>",
        "",
        "see [1]",
        "{name}",
        "```",
        "\\ud83d\\ude00",
        "\\u00e9",
    ),
]
SIGNS = 'ab "\'"",:{}[] \\n/#.5“”<\n'


def damaged(random: Random) -> str:
    """A note or several, in the ways of models that were not held to JSON."""
    one = note(random)
    frame = random.choice(
        [
            "{0}",
            "{0}",
            "Here [1]: {0}\nDone.",
            "```json\n{0}\n```",
            "{0}\n{1}",
            "{0}\n\nor {1}",
            '5" ok\n{0} [x]',
            "Draft: {0}\nFinal answer: {1}",
            "<think>{1}</think>{0}",
            '{{"result": {0}}}',
            '{{"items": [{0}, {1}]}}',
            "[{0},\n{1}]",
        ]
    )
    return frame.format(one, note(random))


def note(random: Random) -> str:
    members: list[str] = []
    for name in random.sample(["a", "b", "c", "n"], random.randint(1, 4)):
        key = random.choice(['"{}"', '"{}"', "'{}'", "{}", '"{} "']).format(name)
        members.append(key + random.choice([": ", ":", " : "]) + member(name, random))
    body = "".join(each + between(random) for each in members[:-1]) + members[-1]
    return f"{{{random.choice(['', chr(10), ' '])}{body}{random.choice(['', '', chr(10), ','])}}}"


def member(name: str, random: Random) -> str:
    if name == "n":
        return random.choice(["3", "12", "3.0", '"4"', "1,000", "5 ", "true"])
    if name == "b":
        return f"[{between(random).join(string(random) for _ in range(random.randint(0, 3)))}]"
    return string(random)


def string(random: Random) -> str:
    mark = random.choice('"""""""\'“')
    said = random.choice(SAID) + random.choice(["", "", " ", ", "]) + random.choice(SAID)
    if random.random() < 0.25:
        said = "".join(random.choice(SIGNS) for _ in range(random.randint(0, 8)))
    return mark + said + {"“": "”"}.get(mark, mark)


def between(random: Random) -> str:
    usual = random.random() < 0.75
    return random.choice(
        [", ", ",", ",\n"] if usual else ["\n", " ", ", // c\n", ";", ",,", "\n\n"]
    )


@given(st.text("{[ \n\"'a1:,}]()<x", min_size=1, max_size=12), st.data())
def test_a_bracket_that_is_said_to_begin_a_value_does_whatever_follows(
    text: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    if text[place] in "{[" and (said := begins(text, place)) is not None:
        more = text + data.draw(st.text("{[ \n\"'a1:,}]()<x"))
        assert said == (next_start(more, place, len(more)) == place)


@given(st.text("<think>/[]|`a", min_size=1, max_size=14), st.data())
def test_a_tag_that_is_told_is_one_whatever_follows(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    if (said := tag_at(text, place)) is not True:
        more = text + data.draw(st.text("<think>/[]|`a"))
        assert tag_at(more, place) == said
        if isinstance(said, Tag) and place == 0:
            assert thinking(more).blocks


HOSTILE = {
    "quotation marks": '"',
    "quotation marks in a string": ('{"a": "x', '"'),
    "quotation marks that may close": ('{"a": "x', '", '),
    "spaced quotation marks": ('{"a": "x', ' " y'),
    "backslashes": ('{"a": "', "\\"),
    "unknown escapes": ('{"a": "', "\\d"),
    "brackets": "[",
    "braces": "{",
    "objects within objects": '{"a": ',
    "pairs of brackets": "[]",
    "numbers in brackets": "[1] ",
    "objects": '{"a": "b"} ',
    "blanks": ('{"a": ', " "),
    "blanks behind a number": ('{"n": 1', " "),
    "line breaks": "\n",
    "digits": ('{"n": ', "1"),
    "letters": ('{"a": ', "x"),
    "a comment": ("{ //", "x"),
    "comments": ("{", "/**/"),
    "tags that open": "<think>",
    "tags that close": "</think>",
    "half tags": "<thin ",
    "angles": "<",
    "a key in prose": '"a": [',
    "dots": ('{"c": "', "."),
    "short lines": "a\n",
    "lines that say the same": "Essay score: 8/10\n",
}


@pytest.mark.untraced
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_read_at_once(name: str) -> None:
    for target in TARGETS.values():
        for size in (4, 1_000_000):
            assert consume(hostile(name, 4_000), target, size) < 3


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", [4, 1_000_000])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_takes_time_in_proportion(name: str, size: int) -> None:
    """It is measured again where it does not seem so: a square would be 16 times each time."""
    for kind, target in TARGETS.items():
        once, four_times = (hostile(name, length) for length in (50_000, 200_000))
        assert any(
            consume(four_times, target, size) < 0.1 + 6 * consume(once, target, size)
            for _ in range(5)
        ), kind


def hostile(name: str, length: int) -> str:
    said = HOSTILE[name]
    begin, part = said if isinstance(said, tuple) else ("", said)
    return begin + part * (length // len(part))


def consume(text: str, target: Target[object], size: int) -> float:
    """The CPU seconds that *text* takes in pieces of *size* characters."""
    arriving = Incremental(target)
    start = process_time()
    for place in range(0, len(text), size):
        arriving.feed(text[place : place + size])
    arriving.snapshot()
    return process_time() - start
