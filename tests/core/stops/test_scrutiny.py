"""When an answer is stopped: a table of rules, a table of what is left alone, and no value lost."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any, Literal

import pytest
from core.case_running import CASES, Value, load, run, target_of
from core.random_types import breaks, broken, shape, text_of
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from deterministic_llm import Choice, Pattern, ResponseError, Schema, Template, parse
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.drafts import Patch, Place
from deterministic_llm._core.exchange import Constraint, Mode
from deterministic_llm._core.guards import Guards
from deterministic_llm._core.policy import EarlyStop
from deterministic_llm._core.reading.alignment.bending import Trace
from deterministic_llm._core.reading.alignment.leaves import LabelNode
from deterministic_llm._core.stops.labels import can_be_label
from deterministic_llm._core.stops.rules import LEFT_SCHEMA, NO_MATCH, RULES
from deterministic_llm._core.stops.scrutiny import Scrutiny
from deterministic_llm.targets import compiled


class Line(BaseModel):
    """A criterion with its points."""

    points: int = Field(ge=0, le=10)
    level: Literal["low", "not urgent"] = "low"
    remark: Annotated[str, Field(max_length=8)] = ""


class Grade(BaseModel):
    """A type that refuses other members."""

    model_config = ConfigDict(extra="forbid")

    score: Annotated[int, Field(ge=0, le=10)]
    lines: Annotated[list[Line], Field(max_length=2)] = []
    code: Annotated[str, StringConstraints(strip_whitespace=True, max_length=4)] = ""
    feedback: str = ""


class Loose(BaseModel):
    """A type that leaves other members out."""

    score: Annotated[int, Field(le=10)]


class Called(BaseModel):
    """A type whose members a tool call may have, too."""

    name: Annotated[str, Field(max_length=3)]


class Mended(Loose):
    """A type that mends what was said before it is validated."""

    @model_validator(mode="before")
    @classmethod
    def cut(cls, data: dict[str, int]) -> dict[str, int]:
        """No score is too high."""
        return {name: min(value, 10) for name, value in data.items()}


LONG = "and so on, with other words each time: " + " ".join(map(str, range(400)))
WORDS = " ".join(f"word {number}" for number in range(9_000))


EXACT = Template("Essay score: {score:int}/10")
REST = Patch({"score": 1, "lines": [{"points": 1}]}, {"rest": Place(("lines",), appends=True)})


@dataclass(frozen=True)
class Answer:
    """A *text* that comes in answer to *target*, a character at a time."""

    text: str
    target: object = Grade
    mode: Mode = "json"
    early: EarlyStop = "auto"
    strict: bool = False
    max_chars: int | None = None
    patch: Patch | None = None
    guards: Guards | None = None


def scrutiny(answer: Answer) -> Scrutiny:
    """What *answer* is under."""
    target, constraint = compiled(answer.target), Constraint(answer.mode)
    contract = Contract(target, constraint, "", answer.strict, guards=answer.guards)
    request = Request(1, constraint=contract.constraint, patch=answer.patch)
    return Scrutiny(contract, request, early=answer.early, max_chars=answer.max_chars)


def stopped(answer: Answer, size: int = 1) -> tuple[str, list[str], str] | None:
    """The rule that stops *answer*, the paths of what is wrong, and all that had come by then."""
    under, text = scrutiny(answer), answer.text
    for start in range(0, len(text), size):
        under.follow(text[start : start + size])
        if under.reasons:
            reason = under.reasons[0]
            return reason.rule.name, [each.path for each in reason.violations], text[: start + size]
    return None


STOPPED = [
    pytest.param(
        Answer('{"score": 11, "feedback": "'),
        ("wrong member", ["$.score"], '"score": 11, "'),
        id="a number out of range, once no digit can follow",
    ),
    pytest.param(
        Answer('{"score": "eleven", "feedback": "'),
        ("wrong member", ["$.score"], '"eleven", "'),
        id="a number in words out of range",
    ),
    pytest.param(
        Answer('{"score": 1, "lines": [{"points": 3}, {"points": 12}, '),
        ("wrong member", ["$.lines[1].points"], '{"points": 12}'),
        id="a member of an item",
    ),
    pytest.param(
        Answer('{"lines": [{"points": 3, "level": "urgent"}'),
        ("wrong member", ["$.lines[0].level"], '"level": "urgent"}'),
        id="no label, once it is over",
    ),
    pytest.param(
        Answer('{"lines": [{"points": 3, "remark": "far too long a remark'),
        ("too long", ["$.lines[0].remark"], '"far too l'),
        id="one character more than a text may have",
    ),
    pytest.param(
        Answer('{"lines": [{"points": 3}, {"points": 4}, {"points": 5}'),
        ("too many items", ["$.lines"], '4}, {"points":'),
        id="one item more than a list may have",
    ),
    pytest.param(
        Answer(f'{{"lines": [{{"points": 3, "level": "{LONG}'),
        ("no label", ["$.lines[0].level"], "135 136 "),
        id="a story where a label is wanted",
    ),
    pytest.param(
        Answer(f'{{"score": 1, "explanation": "{LONG}'),
        ("extra member", ["$.explanation"], "136 137 13"),
        id="a member that the type refuses",
    ),
    pytest.param(
        Answer('Sure: {"score": 11, "feedback": ""}', strict=True, mode="prompt"),
        ("diverged", ["$"], 'Sure: {"score": '),
        id="words before what must be JSON alone",
    ),
    pytest.param(
        Answer("Essay grade is: 5/10", EXACT, "prompt", strict=True),
        ("diverged", ["$"], "Essay g"),
        id="other words than those of an exact template",
    ),
    pytest.param(
        Answer("maybe, maybe not", Choice("yes", "no"), "prompt", strict=True),
        ("diverged", ["$"], "m"),
        id="no option where it must be one letter by letter",
    ),
    pytest.param(
        Answer(
            "Report: " + WORDS[:9_000] + "\n\n" + LONG, Template("Report: {text}."), strict=True
        ),
        ("diverged", ["$"], None),
        id="other words than those of an exact template, behind a long text",
    ),
    pytest.param(
        Answer('{"score": 1, "feedback": "' + "the same " * 600, mode="prompt"),
        ("repetition", ["$"], None),
        id="the same words without end, in any mode",
    ),
    pytest.param(Answer(WORDS, mode="prompt"), ("prose", ["$"], None), id="words without a value"),
    pytest.param(
        Answer('{"score": 1, "feedback": "abc"}', early="never", max_chars=20),
        ("too much", ["$"], '"feedbac'),
        id="more than may be, whatever else is let pass",
    ),
    pytest.param(
        Answer('Sure: {"score": 11, "feedback"', mode="prompt", early="always"),
        ("wrong member", ["$.score"], 'Sure: {"score": 11, "'),
        id="where no correction is waited for",
    ),
    pytest.param(
        Answer('{"rest": [{"points": 99}, ', patch=REST),
        ("wrong member", ["$.lines[1].points"], '{"points": 99}'),
        id="a member of the rest, at its place in the whole",
    ),
    pytest.param(
        Answer('{"score": 99, "x": ', patch=Patch({"score": 11}, {"score": Place(("score",))})),
        ("wrong member", ["$.score"], '{"score": 99, "'),
        id="a member that was asked for again",
    ),
    pytest.param(
        Answer('{"a": 11, "b', Schema({"properties": {"a": {"type": "integer", "maximum": 10}}})),
        ("wrong member", ["$.a"], '{"a": 11, "'),
        id="a member of a document",
    ),
]


@pytest.mark.parametrize(("answer", "wanted"), STOPPED)
def test_an_answer_is_stopped(answer: Answer, wanted: tuple[str, list[str], str | None]):
    rule, paths, end = wanted
    found = stopped(answer)
    assert found is not None
    assert found[:2] == (rule, paths)
    assert end is None or found[2].endswith(end)


def test_every_rule_stops_an_answer():
    rules = {case.values[1][0] for case in STOPPED}  # type: ignore[index]  # a case of ours
    guarded = {LEFT_SCHEMA.name, NO_MATCH.name}  # in test_guarded.py
    assert rules | guarded == {rule.name for rule in RULES}


LEFT_ALONE = [
    pytest.param(Answer('{"score": 11'), id="a number that may have more digits"),
    pytest.param(Answer('{"score": 11,'), id="a comma that may be in a number"),
    pytest.param(Answer('{"score": "10", "'), id="a number in quotes"),
    pytest.param(Answer('{"score": "ten", "'), id="a number in words"),
    pytest.param(Answer('{"score": "8/10", "'), id="a ratio"),
    pytest.param(
        Answer('{"lines": [{"points": 3, "level": "Not_Urgent", "'), id="a label spelled otherwise"
    ),
    pytest.param(
        Answer(f'{{"lines": [{{"points": 3, "level": "low: {LONG}'), id="a label with its reason"
    ),
    pytest.param(
        Answer('{"lines": [{"points": 3, "level": "The final answer is clearly low.", "'),
        id="a label in a sentence",
    ),
    pytest.param(Answer('{"code": "  abcd      '), id="blanks that are stripped"),
    pytest.param(
        Answer(f'{{"score": 1, "explanation": "{LONG}', Loose), id="a member that is left out"
    ),
    pytest.param(Answer(f'{{"explanation": "{LONG}", "feedback'), id="an envelope, perhaps"),
    pytest.param(Answer(f'{{"Score": 1, "FEEDBACK": "{LONG}'), id="members spelled otherwise"),
    pytest.param(Answer('{"score": 11, "x"', mode="prompt"), id="a correction may follow"),
    pytest.param(Answer('{"score": 11, "x"', early="never"), id="nothing is to be stopped"),
    pytest.param(Answer('Sure: {"score": 11, "x"'), id="a server that holds to nothing"),
    pytest.param(Answer('```json\n{"score": 11, "x"'), id="a fence that nothing should let pass"),
    pytest.param(Answer("{'score': 11, 'x'"), id="what is no JSON"),
    pytest.param(Answer('[{"score": 11, "x"'), id="a list of one, perhaps"),
    pytest.param(Answer('{"response": {"score": 11, "feedback": "abc"}, "'), id="an envelope"),
    pytest.param(
        Answer('{"name": "far too long", "arguments": {"name": "a"', Called), id="a tool call"
    ),
    pytest.param(Answer('{"score": 99, "x"', Mended), id="a type that mends it"),
    pytest.param(Answer('{"score": 11}\n'), id="the whole is over"),
    pytest.param(Answer('{"score": 1, "score": 11, "'), id="a member that is said twice"),
    pytest.param(
        Answer(f"<think>{WORDS}", mode="prompt"), id="thinking, which may take as long as it will"
    ),
    pytest.param(Answer(WORDS, str, "prompt"), id="words, where any text will do"),
    pytest.param(Answer(WORDS, Template("Report: {text}"), "prompt"), id="words, in a template"),
    pytest.param(
        Answer(
            "Essay score: 8/10\n", Template("Essay score: {score:int}/10"), "prompt", strict=True
        ),
        id="an exact template",
    ),
    pytest.param(Answer("  yes", Choice("yes", "no"), strict=True), id="an exact option"),
    pytest.param(
        Answer("2026-01-02", Pattern(r"(?P<day>\d+-\d+-\d+)(?<=\d)"), strict=True),
        id="a pattern that looks back",
    ),
    pytest.param(
        Answer("a" * 40 + "c", Pattern("(?P<it>(?:a|aa)+b)", unsafe=True), strict=True),
        id="a pattern that takes too long",
    ),
    pytest.param(
        Answer("Report: " + WORDS, Template("Report: {text}"), strict=True), id="a long text"
    ),
    pytest.param(Answer('{"score": 10, "feedback": ""}', max_chars=29), id="as much as may be"),
    pytest.param(
        Answer('{"lines": [' + ", ".join(['{"points": 1}'] * 300), Schema({})),
        id="items, all alike",
    ),
]


@pytest.mark.untraced
@pytest.mark.parametrize("answer", LEFT_ALONE)
def test_an_answer_that_may_become_valid_is_left_alone(answer: Answer):
    assert stopped(answer) is None


CORRECTED = frozenset({"finding/several: an object that breaks a bound is no rival"})
"""Cases with a correction behind a first document that is wrong, where that one is the answer."""


THIRDS = [
    pytest.param(folder.name, start, marks=pytest.mark.slow if start else ())
    for folder in sorted(CASES.iterdir())
    if folder.is_dir()
    for start in range(3)
]


@pytest.mark.untraced
@pytest.mark.parametrize(("folder", "start"), THIRDS)
def test_no_text_that_is_read_is_stopped(folder: str, start: int):
    """Every third case of each folder in every run, the others with ``make test-all``."""
    for case in list(load(CASES / folder))[start::3]:
        if isinstance(run(case), Value):
            target = target_of(case.target)
            assert stopped(Answer(case.raw, target, "prompt"), 8) is None, case.id
            if case.id not in CORRECTED:
                assert stopped(Answer(case.raw, target, "native"), 8) is None, case.id


@pytest.mark.untraced
@given(seed=st.integers(0, 10**6))
def test_no_valid_answer_is_stopped(seed: int):
    random = Random(seed)  # noqa: S311  # draws examples
    kind = shape(random, 3)
    value: Any = kind.make(random)
    text = json.dumps(value, ensure_ascii=random.random() < 0.5, indent=random.choice([None, 2]))
    assert stopped(Answer(text, kind.type, "native"), random.randint(1, 9)) is None


PIECES = (
    "}",
    "]",
    ", ",
    '"',
    ": ",
    "1",
    "-",
    "e5",
    '"x"',
    "null",
    "true",
    "\\",
    "\n",
    " ",
    "a",
    "{",
    "[",
)


@given(seed=st.integers(0, 10**6))
@example(seed=42)  # nothing follows: what is closed of it is read, and told to be cut
def test_nothing_that_follows_makes_a_stopped_document_valid(seed: int):
    random = Random(seed)  # noqa: S311  # draws examples
    kind = shape(random, 3)
    value: Any = kind.make(random)
    text = text_of(broken(value, breaks(random, kind, value, 2)))
    found = stopped(Answer(text, kind.type, "native"))
    if found is None:
        return
    whole, start = text_of(value), found[2]
    for _ in range(8):
        cut = random.randint(0, len(whole))
        tokens = "".join(random.choices(PIECES, k=random.randint(0, 6)))
        following = random.choice([whole[cut:], tokens, tokens + whole[cut:], text[len(start) :]])
        # Behind a document that comes to nothing another may stand, and be the answer.
        with suppress(ResponseError):
            parsed = parse(start + following, kind.type)
            assert parsed.truncated or parsed.span[0] > 0


@pytest.mark.untraced
@given(seed=st.integers(0, 10**6))
def test_a_stopped_text_is_stopped_again_however_it_is_cut(seed: int):
    random = Random(seed)  # noqa: S311  # draws examples
    kind = shape(random, 3)
    value: Any = kind.make(random)
    answer = Answer(text_of(broken(value, breaks(random, kind, value, 2))), kind.type, "native")
    found = stopped(answer, random.randint(1, 9))
    if found is not None:
        again = scrutiny(answer).read(found[2])
        assert (again[0].rule.name, [each.path for each in again[0].violations]) == found[:2]


LABELS = (
    "low",
    "Not urgent",
    "very_high",
    "A) first",
    "B) second",
    "C++",
    "+",
    "Größe",
    "yes",
    "no",
)
SAID = (
    "{}", "{}.", "**{}**", "{}: because it is so", "The answer is {}.", "I would say {}", "({})",
    "A) {}", "1. {}", "{} (final)", "my rating: {}", "the priority level is clearly {}", "B",
)  # fmt: skip


@given(
    labels=st.lists(st.sampled_from(LABELS), min_size=1, max_size=4, unique=True),
    said=st.sampled_from(SAID),
    spell=st.sampled_from([str, str.upper, str.title, lambda text: text.replace("_", " ")]),
    data=st.data(),
)
def test_the_beginning_of_a_text_that_names_a_label_can_be_one(
    labels: list[str], said: str, spell: Any, data: st.DataObject
):
    text = said.replace("{}", spell(data.draw(st.sampled_from(labels))))
    named = LabelNode(labels, name="priority").bend(text, Trace())
    if named in labels:
        for end in range(len(text) + 1):
            assert can_be_label(text[:end], tuple(labels), "priority"), text[:end]
