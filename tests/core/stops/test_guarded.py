"""When a guard stops an answer: its own rows, and nothing that the reader could still read."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from core.case_running import CASES, Value, load, run, target_of
from core.random_types import breaks, broken, shape, text_of
from core.stops.test_scrutiny import LEFT_ALONE, LONG, Answer, Called, Loose, Mended, stopped
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm import ResponseError, Schema, parse
from deterministic_llm._core.drafts import Patch, Place
from deterministic_llm._core.exchange import Mode
from deterministic_llm._core.guards import Guard, Language
from deterministic_llm.grammars import guards

pytest.importorskip("llguidance")

PLATE = {"type": "string", "pattern": r"^[A-Z]{2}\d+$"}
CAR = {
    "type": "object",
    "properties": {
        "plate": PLATE,
        "seats": {"type": "integer", "maximum": 9},
        "name": {"type": "string", "pattern": "^[a-z]+$"},
        "owner": {"anyOf": [PLATE, {"type": "null"}]},
        "kind": {"anyOf": [PLATE, {"enum": ["lorry", "van"]}]},
        "trips": {"type": "array", "items": {"$ref": "#/$defs/trip"}},
    },
    "required": ["plate"],
    "$defs": {"trip": {"type": "object", "properties": {"to": PLATE}}},
}
LISTED = {"type": "object", "properties": {"it": {"enum": [{"k": 1}]}}, "required": ["it"]}
LISTED_PATCH = Patch({"it": 1}, {"it": Place(("it",))})
FLEET = {"type": "array", "items": CAR, "$defs": CAR["$defs"]}


def patient(language: Language, *, patience: float) -> Guard:
    """The guard of a text, that knows all from its first character."""
    made = guards()
    assert made is not None
    return made(language, patience=60 + patience)


def answered(text: str, target: object, mode: Mode = "native", **how: Any) -> Answer:
    """*text* as the answer to *target*, under guard."""
    return Answer(text, target, mode, guards=patient, **how)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        pytest.param(
            answered(f'{{"plate": "the number plate is {LONG}', Schema(CAR)),
            ("no match", ["$.plate"], '"the number plate is a'),
            id="a text that its pattern cannot match",
        ),
        pytest.param(
            answered(f'{{"plate": "AB1", "trips": [{{"to": "{LONG}', Schema(CAR), "json"),
            ("no match", ["$.trips[0].to"], '"and so on, with other'),
            id="deep inside, in what is referred to",
        ),
        pytest.param(
            answered(f'{{"owner": "{LONG}', Schema(CAR), "tool"),
            ("no match", ["$.owner"], '"and so on, with other'),
            id="in one of two kinds",
        ),
        pytest.param(
            answered(f'Sure: {{"plate": "{LONG}', Schema(CAR), "prompt", early="always"),
            ("no match", ["$.plate"], '"and so on, with other'),
            id="where no correction is waited for, from where the document begins",
        ),
        pytest.param(
            answered('{"plate": "AB1", "seats": "', Schema(CAR), strict=True),
            ("left the schema", ["$.seats"], '"seats": "'),
            id="another kind, where no repair is allowed",
        ),
        pytest.param(
            answered('{"plate": "Ab', Schema(CAR), "prompt", strict=True),
            ("left the schema", ["$.plate"], '"Ab'),
            id="a letter that no pattern has",
        ),
        pytest.param(
            answered('Sure: {"score": 1}', Loose, strict=True),
            ("left the schema", ["$"], "S"),
            id="words before the value of a type",
        ),
        pytest.param(
            answered('{"score": {"value', Loose, strict=True),
            ("left the schema", ["$.score"], '"score": {'),
            id="an object where a type has a number",
        ),
    ],
)
def test_an_answer_is_stopped_at_its_first_wrong_character(
    answer: Answer, wanted: tuple[str, list[str], str]
):
    rule, paths, end = wanted
    found = stopped(answer)
    assert found is not None
    assert found[:2] == (rule, paths)
    assert found[2].endswith(end)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(answered('{"plate": "ab1", ', Schema(CAR)), id="what is short"),
        pytest.param(
            answered('{"plate": "not applicable"', Schema(CAR)), id="words for no value at all"
        ),
        pytest.param(
            answered(f'{{"Plate": "{LONG}", "plate_number"', Schema(CAR)),
            id="members spelled otherwise",
        ),
        pytest.param(
            answered(f'{{"kind": "the answer is lorry {LONG}', Schema(CAR)),
            id="a label, perhaps, in a sentence",
        ),
        pytest.param(
            answered(f'{{"name": "{LONG}", "arguments": {{"plate": "AB1"', Schema(CAR)),
            id="a tool call",
        ),
        pytest.param(
            answered(f'{{"response": {{"plate": "AB1"}}, "x": "{LONG}', Schema(CAR)),
            id="an envelope",
        ),
        pytest.param(
            answered(f"{{'plate': '{LONG}", Schema(CAR)), id="what is no JSON from its beginning"
        ),
        pytest.param(
            answered(f'```json\n{{"plate": "{LONG}', Schema(CAR)), id="a fence where none may be"
        ),
        pytest.param(
            answered(f'{{"plate": "{LONG}', Schema(CAR), "prompt"), id="a correction may follow"
        ),
        pytest.param(
            answered(f'{{"plate": "{LONG}', Schema(CAR), early="never"), id="nothing is stopped"
        ),
        pytest.param(
            answered(f'<think>{{"plate": "{LONG}', Schema(CAR), "prompt", early="always"),
            id="a document in the thinking",
        ),
        pytest.param(
            answered('{"score": 5, "score": 5, "x": [{}', Loose, strict=True),
            id="a member twice, and one that is left out",
        ),
        pytest.param(
            answered('  {"score": 99, "x": [', Mended, strict=True), id="a type that mends it"
        ),
        pytest.param(
            answered(
                '{"seats": 1.0, "plate": "AB\\u0031", "plate": "AB1"}', Schema(CAR), strict=True
            ),
            id="the same in other spellings",
        ),
        pytest.param(
            answered('{"it": {"k": 1}, "', Schema(LISTED), strict=True, patch=LISTED_PATCH),
            id="members that were asked for again",
        ),
        pytest.param(answered('{"name": "abc", "x": {}}', Called, strict=True), id="no pattern"),
    ],
)
def test_an_answer_that_may_be_read_is_left_alone(answer: Answer):
    assert stopped(answer) is None


@pytest.mark.untraced
@pytest.mark.parametrize("answer", LEFT_ALONE)
def test_a_guard_leaves_alone_what_the_other_rules_do(answer: Answer):
    assert stopped(replace(answer, guards=patient)) is None


@pytest.mark.slow
@pytest.mark.parametrize("folder", sorted(each.name for each in CASES.iterdir() if each.is_dir()))
def test_no_text_that_is_read_is_stopped(folder: str):
    for case in load(CASES / folder):
        if isinstance(run(case), Value):
            answer = answered(case.raw, target_of(case.target), early="always")
            found = stopped(answer, 8)
            assert found is None or found[0] not in {"no match", "left the schema"}, case.id


@given(seed=st.integers(0, 10**6))
def test_no_answer_that_is_valid_as_it_stands_is_stopped(seed: int):
    random = Random(seed)  # noqa: S311  # draws examples
    kind = shape(random, 3)
    value: Any = kind.make(random)
    for text in (text_of(value), text_of(broken(value, breaks(random, kind, value, 1)))):
        found = stopped(answered(text, kind.type, strict=True), random.randint(1, 9))
        if found is not None:
            with pytest.raises(ResponseError):
                parse(text, kind.type, strict=True)


WORDS = st.sampled_from(["AB1", "ab1", "N/A", "lorry", "Van.", LONG, "[1]", "AB" + "1" * 40])
SCALARS = WORDS | st.none() | st.booleans() | st.integers(-9, 99)
NAMES = st.sampled_from([*CAR["properties"], "Plate", "to", "arguments", "response", "x"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
CARS = st.fixed_dictionaries(
    {"plate": st.just("AB1")}, optional=dict.fromkeys([*CAR["properties"]][1:], VALUES)
)
TAILS = [
    "",
    "}",
    '"}',
    '", "plate": "AB1"}',
    '"}]}',
    '"] }',
    '" ", "x": 1}',
    "\n" + '{"plate": "AB1"}',
]


@given(
    value=CARS | st.lists(CARS, max_size=2) | st.dictionaries(NAMES, VALUES, max_size=4),
    schema=st.sampled_from([CAR, FLEET]),
    size=st.integers(1, 9),
)
def test_nothing_that_is_read_is_stopped_and_nothing_that_follows_a_stop_is_read(
    value: Any, schema: Any, size: int
):
    text, target = json.dumps(value), Schema(schema)
    found = stopped(answered(text, target), size)
    if found is None or found[0] != "no match":
        return
    for tail in (text[len(found[2]) :], *TAILS):
        # Behind a document that comes to nothing another may stand, and be the answer.
        with suppress(ResponseError):
            assert parse(found[2] + tail, target).span[0] > 0
