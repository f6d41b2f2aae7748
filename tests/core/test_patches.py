"""Answers to questions for a part: whatever form they come in, nothing wrong is made of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Literal

import pytest
from core.random_types import breaks, broken, model, text_of
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from deterministic_llm._core.attempts import Attempt, Request, Violation
from deterministic_llm._core.checks import validator
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.exchange import UNCONSTRAINED, Completion, JsonValue
from deterministic_llm._core.loop import Accept, Call, judge, next_step
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.reading.outcomes import Unread
from deterministic_llm._core.reading.reader import read
from deterministic_llm._core.schema.locations import stands_at, value_at
from deterministic_llm._core.schema.patches import continuing, mending, patch_target
from deterministic_llm._core.schema.target import Invalid, JsonTarget, Valid
from deterministic_llm._core.schema.typed import typed_target
from deterministic_llm._core.tasks import Task
from deterministic_llm.testing import ScriptedModel


class Cat(BaseModel):  # noqa: D101 - a docstring would be part of the schema
    kind: Literal["cat"]
    lives: int = Field(ge=0, le=9)


class Dog(BaseModel):  # noqa: D101
    kind: Literal["dog"]
    tricks: list[str] = []


class Line(BaseModel):  # noqa: D101
    name: str
    points: int = Field(ge=0, le=10)
    comment: str = ""


class Owner(BaseModel):  # noqa: D101
    city: str = ""
    zip_code: Annotated[str, Field(pattern=r"^\d{4}$")] = "0000"


class Part(BaseModel):  # noqa: D101
    name: str
    size: int = Field(le=99)
    parts: list[Part] = []


class Note(BaseModel):  # noqa: D101
    note: Owner = Owner()
    place: str = ""


class Noted(BaseModel):  # noqa: D101
    title: str
    note: Note


class Report(BaseModel):  # noqa: D101
    title: str = "none"
    score: int = Field(5, ge=0, le=10)
    owner: Owner | None = None
    lines: list[Line] = []
    counts: dict[str, int] = {}
    pair: tuple[int, int] = (0, 0)
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    note: str = ""


REPORT = typed_target(Report)


def play(kind: object, *answers: str | Completion) -> tuple[object, list[Attempt[object]]]:
    """The output that *answers* come to, or None; and the attempts."""
    target: JsonTarget[object] = typed_target(kind)  # type: ignore[type-var]  # any type
    task: Task[object] = Task(Contract(target, UNCONSTRAINED, ""), Policy(max_retries=4))
    attempts: list[Attempt[object]] = []
    script = iter(answers)
    while isinstance(step := next_step(task, attempts), Call):
        answer = next(script, None)
        if answer is None:
            return None, attempts
        said = Completion(answer) if isinstance(answer, str) else answer
        attempts.append(judge(task, step.request, said))
    return (step.output if isinstance(step, Accept) else None), attempts


LINES = (
    '{"title": "Essay", "lines": [{"name": "style", "points": 11, "comment": "dull"},'
    ' {"name": "plot", "points": 3}]}'
)
STYLE = {"name": "style", "points": 9, "comment": "dull"}
MENDED = {"title": "Essay", "lines": [STYLE, {"name": "plot", "points": 3}]}
SCORED = '{"title": "Essay", "score": 11, "note": "well"}'
OWNED = '{"title": "Essay", "owner": {"city": "Bern", "zip_code": "30"}}'
BERN = {"title": "Essay", "owner": {"city": "Bern", "zip_code": "3000"}}
UNDERSTOOD = [
    pytest.param(SCORED, '{"$.score": 7}', 7, id="a path from the root"),
    pytest.param(SCORED, "7", 7, id="the one member alone"),
    pytest.param(SCORED, "```json\n7\n```", 7, id="and in a fence"),
    pytest.param(SCORED, '[{"path": "$.score", "value": 7}]', 7, id="a path and a value"),
    pytest.param(
        '{"title": "Essay", "owner": 5}',
        '{"$.owner": {"zip_code": "3000", "city": "Bern"}}',
        BERN,
        id="an object under a path",
    ),
    pytest.param(SCORED, '{"score": 7, "title": "Poem"}', 7, id="with another member"),
    pytest.param(OWNED, '{"$.owner.zip_code": "3000"}', BERN, id="a path of two names"),
    pytest.param(OWNED, '{"owner": {"zip_code": "3000"}}', BERN, id="the member in its object"),
    pytest.param(OWNED, '{"owner/zip_code": "3000"}', BERN, id="a path with slashes"),
    pytest.param(LINES, '{"$.lines[0].points": 9}', MENDED, id="a path with an index"),
    pytest.param(LINES, '{"lines.0.points": 9}', MENDED, id="an index between dots"),
    pytest.param(LINES, '{"lines": [{"points": 9}]}', MENDED, id="the member in the only item"),
    pytest.param(
        LINES,
        '{"title": "Poem", "lines": [{"name": "style", "points": 9, "comment": "new"},'
        ' {"name": "plot", "points": 4}]}',
        MENDED,
        id="the whole again, where items are known by name",
    ),
]


@pytest.mark.parametrize(("first", "second", "expected"), UNDERSTOOD)
def test_a_member_comes_in_many_forms(first: str, second: str, expected: JsonValue):
    """It is taken from its place, and nothing else is."""
    whole = expected if isinstance(expected, dict) else {**json.loads(first), "score": expected}
    output, attempts = play(Report, first, second)
    assert output == Report.model_validate(whole)
    assert len(attempts) == 2


NAMELESS = "[[1, 2], [3, 400], [5, 6]]"
Small = Annotated[int, Field(le=99)]
REFUSED = [
    pytest.param(
        Report,
        LINES,
        '{"lines": [{"name": "plot", "points": 3}, {"name": "style", "points": 9}]}',
        id="items in another order",
    ),
    pytest.param(
        Report, LINES, '{"lines": [{"name": "plot", "points": 3}]}', id="a list that lacks the item"
    ),
    pytest.param(Report, LINES, '{"lines[1].points": 9}', id="the index of another item"),
    pytest.param(Report, LINES, '{"points": 9}', id="a name without its place"),
    pytest.param(Report, SCORED, '{"title": "Essay", "note": "well"}', id="a whole without it"),
    pytest.param(Report, SCORED, "null", id="nothing"),
    pytest.param(Report, OWNED, '"Bern"', id="a value that the rule forbids"),
    pytest.param(
        list[list[Small]],
        NAMELESS,
        "[[3, 4], [1, 2], [5, 6]]",
        id="nameless items in another order",
    ),
    pytest.param(
        Report,
        '{"title": "Essay", "note": 7.5, "owner": {"city": "Bern"}}',
        '{"owner": {"note": "of another member"}}',
        id="the same name in another object",
    ),
    pytest.param(
        Report, '{"title": 7.5, "note": "x"}', '"{\\"note\\": \\"y\\"}"', id="an object in a string"
    ),
    pytest.param(
        Part,
        '{"name": "a", "size": 1, "parts": [{"name": "b"}]}',
        '{"name": "b", "size": 2, "parts": [{"name": "c", "size": 3}]}',
        id="an item or the whole, in a type that holds itself",
    ),
    pytest.param(
        Noted,
        '{"title": "Essay", "note": 5}',
        '{"note": {"city": "Bern"}, "place": "here"}',
        id="an object with a member of its own name",
    ),
    pytest.param(
        Report,
        SCORED,
        '[{"path": "score", "value": 1}, {"path": "$.score", "value": 2}]',
        id="two values for one place",
    ),
]


@pytest.mark.parametrize(("kind", "first", "second"), REFUSED)
def test_what_may_be_another_member_is_not_taken(kind: object, first: str, second: str):
    """It is asked for again, as a whole."""
    output, attempts = play(kind, first, second)
    assert output is None
    assert attempts[-1].outcome == "invalid"


GRADED = '{"score": 11, "line": {"name": "plot", "points": 3}}'
PLAIN = [
    pytest.param('{"score": 7}', {"score": 7}, id="as it was asked for"),
    pytest.param('{"score": "7"}', {"score": 7}, id="in another kind"),
    pytest.param('{"Score": 7}', {"score": 7}, id="in another spelling"),
    pytest.param('{"score": 7, "Score": 7}', {"score": 7}, id="twice the same"),
    pytest.param('{"score": 7, "Score": 8}', None, id="a second value"),
    pytest.param('{"score": 7, "score": 8}', None, id="a second value under the same key"),
    pytest.param('{"score": 12}', None, id="as bad as before"),
]
PLAIN_OBJECTS = [
    pytest.param('{"name": "plot", "points": 4}', 4, id="as it was asked for"),
    pytest.param('{"name": "plot", "points": 4, "Points": 4}', 4, id="twice the same"),
    pytest.param('{"name": "plot", "points": 4, "Points": 5}', None, id="a second value"),
    pytest.param('{"name": "...", "points": 4}', None, id="with dots for a text"),
    pytest.param('{"name": "plot", "Points": 4}', 4, id="in another spelling"),
    pytest.param('{"name": "plot", "points": 4, "weight": 5}', 4, id="with what has no name"),
]


class Scored(BaseModel):  # noqa: D101
    name: str
    points: int = Field(ge=0, le=10)


class Graded(BaseModel):  # noqa: D101
    score: int = Field(ge=0, le=10)
    line: Scored


@pytest.mark.parametrize(("second", "expected"), PLAIN)
def test_a_member_of_a_plain_type_has_one_value(second: str, expected: JsonValue):
    output, attempts = play(Graded, GRADED, second)
    said = {**json.loads(GRADED), **expected} if isinstance(expected, dict) else None
    assert output == (said and Graded.model_validate(said))
    assert attempts[-1].outcome == ("accepted" if said else "invalid")


@pytest.mark.parametrize(("line", "points"), PLAIN_OBJECTS)
def test_an_object_of_a_plain_type_has_one_value_a_member(line: str, points: int | None):
    first = '{"score": 7, "line": "plot"}'
    output, _ = play(Graded, first, f'{{"line": {line}}}')
    expected = points and Graded(score=7, line=Scored(name="plot", points=points))
    assert output == expected


def test_dots_alone_that_were_there_before_are_no_text_either():
    first = '{"score": 11, "line": {"name": "...", "points": 3}}'
    output, attempts = play(Graded, first, '{"score": 7}')
    assert output is None
    assert [each.code for each in attempts[-1].violations] == ["placeholder"]


def test_a_second_value_in_the_whole_again_is_one_too():
    first = '{"score": 7, "line": {"name": "plot", "points": 33}}'
    output, _ = play(Graded, first, '{"line": {"name": "plot", "points": 4, "Points": 5}}')
    assert output is None


def test_a_part_that_looks_like_a_whole_replaces_nothing():
    """The members that were valid stay, also where the part could stand in for them."""
    first = '{"title": "Essay", "owner": {"zip_code": "30"}, "pair": [1, 2], "note": "well"}'
    output, _ = play(Report, first, '{"owner": {"zip_code": 3000.5}}', '{"owner.zip_code": "3000"}')
    assert output is None
    output, _ = play(
        Report, first, '{"owner": {"zip_code": "300"}}', first.replace('"30"', '"3000"')
    )
    assert output == Report.model_validate_json(first.replace('"30"', '"3000"'))


def cut(text: str) -> Completion:
    return Completion(text, "length")


CUT = [
    pytest.param(
        cut('{"title": "Essay", "lines": [{"name": "style", "points": 9}, {"name": "pl'),
        ['{"score": 7, "owner": null, "lines": [{"name": "plot", "points": 3}], "note": "well"}'],
        {
            "title": "Essay",
            "score": 7,
            "lines": [{"name": "style", "points": 9}, {"name": "plot", "points": 3}],
            "note": "well",
        },
        id="what has a default is asked for, too",
    ),
    pytest.param(
        cut('{"title": "Essay", "counts": {"a": 1, "b": 2'),
        ['{"counts": {"b": 2, "c": 3}, "note": "well"}'],
        {"title": "Essay", "counts": {"a": 1, "b": 2, "c": 3}, "note": "well"},
        id="the rest of a mapping",
    ),
    pytest.param(
        cut('{"title": "Essay", "pair": [1, 2'),
        ['{"pair": [1, 22], "note": "well"}'],
        {"title": "Essay", "pair": [1, 22], "note": "well"},
        id="a tuple anew",
    ),
    pytest.param(
        cut('{"title": "Essay", "pet": {"kind": "cat", "li'),
        ['{"pet": {"kind": "cat", "lives": 7}, "note": "well"}'],
        {"title": "Essay", "pet": {"kind": "cat", "lives": 7}, "note": "well"},
        id="one of several kinds anew",
    ),
    pytest.param(
        cut('{"owner": {"city": "Bern", "zip'),
        [cut('{"title": "Essay", "sco'), '{"owner.zip_code": "3000", "score": 7}'],
        {"title": "Essay", "score": 7, "owner": {"city": "Bern", "zip_code": "3000"}},
        id="what a second cut did not come to",
    ),
    pytest.param(
        cut('{"title": "Essay", "lines": [{"name": "style", "points": 9}'),
        [
            (
                '{"title": "Poem", "lines": [{"name": "style", "points": 9},'
                ' {"name": "plot", "points": 3}], "note": "well"}'
            )
        ],
        {
            "title": "Essay",
            "lines": [{"name": "style", "points": 9}, {"name": "plot", "points": 3}],
            "note": "well",
        },
        id="the whole again, of which the rest is taken",
    ),
]


@pytest.mark.parametrize(("first", "others", "expected"), CUT)
def test_a_cut_answer_becomes_whole(
    first: Completion, others: list[str | Completion], expected: JsonValue
):
    """Nothing that was to come is left out, and no default takes its place."""
    output, _ = play(Report, first, *others)
    assert output == Report.model_validate(expected)


BEGUN = [
    pytest.param('{"title": "Essay", "note": "we', ['{"score": 7}'], id="within a text"),
    pytest.param('{"title": "Essay", "score": 7', ['{"note": "well"}'], id="within a number"),
    pytest.param('{"title": "Essay", "note":', ['{"score": 7}'], id="behind a colon"),
    pytest.param('{"title": "Essay", "note"', ['{"score": 7}'], id="behind a key"),
    pytest.param('{"title": "Essay", "no', ['{"score": 7}'], id="within a key"),
    pytest.param('{"title": "Essay", "owner": {"zi', ['{"note": "well"}'], id="an object"),
    pytest.param('{"title": "Essay", "lines": [', ['{"note": "well"}'], id="a list"),
    pytest.param(
        '{"title": "Essay", "owner": {"city": "Bern", "zip',
        ['{"note": "well"}'],
        id="a member of a member",
    ),
    pytest.param(
        '{"title": "Essay", "note": "we',
        [cut('{"score": 7, "owner": {"city": "Bern"'), '{"owner.zip_code": "3000"}'],
        id="and left out by two continuations",
    ),
    pytest.param(
        '{"title": "Essay"',
        [cut('{"score": 7, "note": "we'), '{"owner": null}'],
        id="by a continuation",
    ),
]


@pytest.mark.parametrize(("first", "others"), BEGUN)
def test_what_was_begun_has_to_come(first: str, others: list[str | Completion]):
    """A default would stand for a value that was under way."""
    output, attempts = play(Report, cut(first), *others)
    assert output is None
    assert [each.code for each in attempts[-1].violations] == ["missing"]


def test_what_had_not_been_begun_may_stay_out():
    output, _ = play(Report, cut('{"title": "Essay", "score": 7'), '{"score": 77}', '{"score": 7}')
    assert output == Report(title="Essay", score=7)
    output, _ = play(Report, cut('{"title": "Essay",'), '{"score": 7}')
    assert output == Report(title="Essay", score=7)


class Spaced(BaseModel):  # noqa: D101
    part: Part
    two_words: str = Field(alias="two words")


def test_a_name_that_needs_quotes_does_not_hide_the_rest_of_a_whole():
    """What has a default comes from its place, not from the default."""
    whole = (
        '{"part": {"name": "a", "size": 1, "parts": [{"name": "b", "size": 2}]}, "two words": "x"}'
    )
    output, _ = play(Spaced, cut(whole[: whole.index('"size"')]), whole)
    assert output == Spaced.model_validate_json(whole)


AGAIN = [
    pytest.param(
        Report,
        '{"title": "Essay", "lines": [{"name": "style", "points": 9}, {"na',
        '{"lines": [{"name": "style", "points": 9}, {"name": "plot", "points": 3}]}',
        id="the list from its beginning",
    ),
    pytest.param(
        Report,
        '{"title": "Essay", "counts": {"a": 1, "b',
        '{"counts": {"a": 2, "b": 3}}',
        id="an entry with another value",
    ),
    pytest.param(
        list[str], '["bread", "milk", "chee', '["milk", "cheese"]', id="the last item once more"
    ),
    pytest.param(
        list[str],
        '["bread", "milk", "chee',
        '["milk", "bread"]',
        id="a list that does not begin as it did",
    ),
    pytest.param(
        Report,
        '{"title": "Essay", "lines": [{"name": "style", "points": 9}, {"na',
        '{"note": "well"}',
        id="not a word of the list that was cut",
    ),
    pytest.param(
        Report,
        '{"title": "Essay", "counts": {"a": 1, "b',
        '{"title": "Essay", "note": "well"}',
        id="a whole without the entries that were cut",
    ),
]


@pytest.mark.parametrize(("kind", "first", "second"), AGAIN)
def test_what_is_no_rest_of_what_had_come_is_not_taken(kind: object, first: str, second: str):
    """Nobody knows which of it is new, or how that ends which was cut."""
    output, _ = play(kind, cut(first), second)
    assert output is None


def test_the_only_list_of_a_type_that_holds_itself_may_come_alone():
    """It is not opened because it holds one item."""
    output, _ = play(
        Part, cut('{"name": "a", "size": 1, "par'), '[{"name": "b", "size": 2, "parts": []}]'
    )
    assert output == Part(name="a", size=1, parts=[Part(name="b", size=2)])


def test_half_an_item_does_not_hide_that_a_list_begins_again():
    """The second answer is cut inside an item that had come whole."""
    first = cut('{"lines": [{"name": "a", "points": 1}, {"name": "b", "points": 2}, {"na')
    again = cut('{"lines": [{"name": "a", "points": 1}, {"name": "b"')
    output, attempts = play(Report, first, again, '{"lines": []}')
    assert output is None
    assert len(attempts) == 2


def test_a_whole_list_again_brings_its_rest():
    """What had come is its beginning."""
    output, _ = play(list[str], cut('["bread", "milk", "chee'), '["bread", "milk", "cheese"]')
    assert output == ["bread", "milk", "cheese"]


def test_a_rest_is_not_held_to_the_length_of_the_whole():
    """At least three items are wanted, of which two are there."""
    three = Annotated[list[str], Field(min_length=3, max_length=4)]
    target = typed_target(three)
    patch = continuing(target, ["bread", "milk"], ["$"])
    assert patch is not None
    assert patch_target(target, patch).schema["properties"] == {
        "rest": {
            "description": 'only the items that come after item 2, "milk"',
            "items": {"type": "string"},
            "type": "array",
        }
    }


class Renamed(BaseModel):  # noqa: D101
    title: str = Field("none", serialization_alias="name")
    secret: str = Field("none", exclude=True)
    points: int


def test_what_is_not_written_as_it_is_read_is_asked_for_as_a_whole():
    """Names for output alone, and members left out of it, would come back as defaults."""

    def few(value: Renamed) -> bool:
        return value.points < 5

    first = '{"title": "Essay", "secret": "s", "points": 7}'
    model = ScriptedModel([first, first.replace("7", "3")])
    result = model.run("How many?", Renamed, validators=[validator(few, paths=["points"])])
    assert result.output == Renamed(title="Essay", secret="s", points=3)  # noqa: S106
    assert result.attempts[1].request.patch is None


@dataclass(frozen=True, slots=True)
class Truth:
    """A target, the instance that a model has in mind, and what it says at first."""

    target: JsonTarget[object]
    value: JsonValue
    said: JsonValue

    def expected(self) -> object:
        """The output that the truth is."""
        checked = self.target.decoder.check(self.value)
        assert isinstance(checked, Valid)
        return checked.output


def truth(seed: int) -> Truth:
    """A type at random, with an instance that is broken where a reader minds."""
    random = Random(seed)  # noqa: S311  # guards nothing
    made = model(random, 3)
    target: JsonTarget[object] = typed_target(made.type)
    value = made.make(random)
    minded = [
        each
        for each in breaks(random, made, value, random.randint(1, 3))
        if isinstance(read(text_of(broken(value, [each])), target), Unread)
    ]
    return Truth(target, value, broken(value, minded))


def brought(patch: Patch, value: JsonValue) -> dict[str, JsonValue]:
    """What was asked for, as it stands in *value*."""
    found: dict[str, JsonValue] = {}
    for key, place in patch.places.items():
        if stands_at(value, place.location):
            member, before = value_at(value, place.location), value_at(patch.base, place.location)
            if place.appends and isinstance(member, list) and isinstance(before, list):
                member = member[len(before) :]
            elif place.appends and isinstance(member, dict) and isinstance(before, dict):
                member = {name: member[name] for name in member if name not in before}
            found[key] = member
    return found


def whole_or_part(patch: Patch | None, value: JsonValue, form: str) -> str:
    """The honest answer of a model, in some *form*."""
    if patch is None:
        return text_of(value)
    asked = brought(patch, value)
    forms: dict[str, object] = {
        "by key": asked,
        "by path": {f"${'' if key.startswith('[') else '.'}{key}": asked[key] for key in asked},
        "with more": {"surprise": 1, **asked},
        "as pairs": [{"path": key, "value": asked[key]} for key in asked],
        "as a whole": value,
        "in part": dict([*asked.items()][:1]),
        "alone": next(iter(asked.values())) if len(asked) == 1 else asked,
    }
    return text_of(forms[form])


FORMS = ("by key", "by path", "with more", "as pairs", "as a whole", "in part", "alone")


def told(case: Truth, first: Completion, form: str, cuts: Sequence[float]) -> Accept[object] | None:
    """What a run comes to whose model is honest and whose next answers are cut at *cuts*."""
    task: Task[object] = Task(Contract(case.target, UNCONSTRAINED, ""), Policy(max_retries=5))
    attempts = [judge(task, Request(1), first)]
    while isinstance(step := next_step(task, attempts), Call):
        text = whole_or_part(step.request.patch, case.value, form)
        answer = Completion(text)
        if len(attempts) <= len(cuts):
            answer = cut(text[: int(cuts[len(attempts) - 1] * len(text))])
        attempts.append(judge(task, step.request, answer))
    assert len(attempts) <= 6
    return step if isinstance(step, Accept) else None


@given(st.integers(0, 2**32), st.sampled_from(FORMS))
def test_what_was_broken_ends_as_it_was_meant_or_not_at_all(seed: int, form: str):
    """In whatever form an honest model mends it."""
    case = truth(seed)
    end = told(case, Completion(text_of(case.said)), form, ())
    if end is not None:
        assert end.output == case.expected()


@given(
    st.integers(0, 2**32),
    st.floats(0, 1),
    st.sampled_from([each for each in FORMS if each != "in part"]),
    st.lists(st.floats(0, 1), max_size=3),
)
def test_what_was_cut_ends_as_it_was_meant_or_not_at_all(
    seed: int, at: float, form: str, cuts: list[float]
):
    """Wherever it was cut, and the answers after it."""
    case = truth(seed)
    text = text_of(case.value)
    end = told(case, cut(text[: int(at * len(text))]), form, cuts)
    if end is not None:
        assert end.output == case.expected()


def test_what_is_asked_for_is_needed_and_no_name_of_its_item():
    """A wrong optional member cannot be left out, and a wrong name tells nothing."""
    base: JsonValue = {"score": 11, "lines": [{"name": 5, "points": 12, "comment": "dull"}]}
    wrong = [Violation(path, "range", "") for path in ("$.score", "$.lines[0].name")]
    patch = mending(REPORT, base, [*wrong, Violation("$.lines[0].points", "range", "")])
    assert patch is not None
    schema = patch_target(REPORT, patch).schema
    assert schema["required"] == ["score", "lines[0].name", "lines[0].points"]
    name = {"description": 'where comment is "dull"', "type": "string"}
    assert schema["properties"]["lines[0].name"] == name  # type: ignore[index,call-overload]  # an object


UNIONS = [
    pytest.param(
        {"kind": "cow"}, '$.pet.kind: expected "cat" or "dog", got "cow"', id="an unknown tag"
    ),
    pytest.param({"lives": 3}, '$.pet.kind: expected "cat" or "dog", got nothing', id="no tag"),
    pytest.param(
        {"kind": "cat", "lives": 12},
        "$.pet.lives: expected an integer from 0 to 9, got 12",
        id="a member of the one that was chosen",
    ),
    pytest.param("cat", '$.pet: expected an object or null, got "cat"', id="none of them"),
]


@pytest.mark.parametrize(("pet", "told"), UNIONS)
def test_a_value_of_several_kinds_is_told_what_to_change(pet: JsonValue, told: str):
    """The tag is named where it is the tag that is wrong."""
    checked = REPORT.decoder.check({"pet": pet})
    assert isinstance(checked, Invalid)
    assert [str(each).partition(" (")[0] for each in checked.violations] == [told]
