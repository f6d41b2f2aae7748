"""What asking again costs: scripted answers go in, the sizes of what was sent and said come out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field

from deterministic_llm import Attempt, JsonValue, Mode, Turn, Violation, enforce
from deterministic_llm._core.exchange import Abilities, JsonObject
from deterministic_llm._core.shapes import chat
from deterministic_llm.testing import ScriptedModel

Measure = Callable[[str], int]
"""The size of a text, in characters or in tokens."""


class Job(BaseModel):  # noqa: D101 - a docstring would be part of the schema
    company: str
    title: str
    seniority: Literal["junior", "senior", "lead", "principal"]
    start_year: int = Field(ge=1950, le=2100)
    end_year: int | None = None
    skills: list[str]


class Resume(BaseModel):  # noqa: D101
    name: str
    email: str | None = None
    jobs: list[Job]


@dataclass(frozen=True, slots=True)
class Question:
    """One call: the sizes of the *messages*, of the *schema* beside them and of what was *said*.

    *keeps_prompt* says that the caller's prompt is an unchanged prefix of the messages, *in_part*
    that some members alone were asked for.
    """

    messages: int
    schema: int
    said: int
    keeps_prompt: bool
    in_part: bool

    @property
    def sent(self) -> int:
        """All that was sent."""
        return self.messages + self.schema


@dataclass(frozen=True, slots=True)
class Story:
    """A run from its first question to the accepted answer; *whole* is the size of a whole one."""

    questions: tuple[Question, ...]
    whole: int

    @property
    def reasks(self) -> tuple[Question, ...]:
        """Every question but the first."""
        return self.questions[1:]

    @property
    def cost(self) -> int:
        """Prompts, and four times the answers: what is written costs at least that much more."""
        return sum(each.sent + 4 * each.said for each in self.questions)


def mended_one_by_one(mode: Mode, *, items: int = 20) -> Story:
    """A resume of *items* jobs of which 3 are broken at first, then 2, 1 and none, in characters.

    Each of them lacks its title and began in 1066. What is asked for is answered: the broken
    members alone, or the whole.
    """
    broken = (items // 5, items // 2, items - 1)
    drafts = [_resume(items, broken[mended:]) for mended in range(4)]
    parts = [_members(broken[mended], broken[mended + 1 :]) for mended in range(3)]
    told = "nothing was asked"
    for again in (parts, drafts[1:]):
        model = ScriptedModel(map(compact, (drafts[0], *again)), abilities=_able(mode))
        result = model.run(
            LONG_PROMPT, Resume, mode=mode, max_retries=3, on_exhausted="return_none"
        )
        if result.output == Resume.model_validate(drafts[-1]):
            return _story(result.attempts, LONG_PROMPT, drafts[-1], len)
        told = result.explain()
    raise AssertionError(told)


@dataclass(frozen=True, slots=True)
class Grading:
    """A grade to ask for: the *good* one has a score of 8, the *bad* one 11 of 10."""

    prompt: str
    grade: type[BaseModel]
    good: JsonObject
    bad: JsonObject


def asked_for_field(
    grading: Grading, mode: Mode, measure: Measure, *, answered: Literal["field", "whole"]
) -> Story:
    """The score alone is asked for; *answered* says what comes."""
    again: JsonObject = {"score": 8} if answered == "field" else grading.good
    model = ScriptedModel(map(compact, (grading.bad, again)), abilities=_able(mode))
    result = model.run(grading.prompt, grading.grade, mode=mode)
    return _story(result.attempts, grading.prompt, grading.good, measure)


def asked_for_whole(grading: Grading, mode: Mode, measure: Measure) -> Story:
    """A rule that names no member is broken: the whole is asked for."""
    first: JsonObject = {**grading.good, "score": 9}
    model = ScriptedModel(map(compact, (first, grading.good)), abilities=_able(mode))
    result = model.run(grading.prompt, grading.grade, mode=mode, validators=[_adds_up])
    return _story(result.attempts, grading.prompt, grading.good, measure)


def asked_with_own_schema(grading: Grading, measure: Measure, *, mode: Mode = "auto") -> Story:
    """A function makes its own call, and sends the schema of the first one each time."""
    schemas: list[str] = []

    @enforce(grading.grade, mode=mode)
    def grade(turn: Turn) -> str:
        schemas.append(compact(turn.response_format))
        return compact(grading.bad if turn.number == 1 else grading.good)

    attempts = grade.run().attempts
    return _story(attempts, grading.prompt, grading.good, measure, always=schemas[0])


def _adds_up(grade: BaseModel) -> Violation | None:
    if (score := grade.model_dump()["score"]) == 8:
        return None
    return Violation("$", "range", "expected the sum of all points, 8", str(score))


def _story(
    attempts: Iterable[Attempt[object]],
    prompt: str,
    good: JsonValue,
    measure: Measure,
    *,
    always: str | None = None,
) -> Story:
    """The sizes of *attempts*; *always* is what the caller sends instead of our constraint."""
    questions: list[Question] = []
    for attempt in attempts:
        request = attempt.request
        messages = request.messages if request.prompt else ({"content": prompt}, *request.additions)
        said = [str(message["content"]) for message in messages]
        ours = [compact(each) for each in chat.told(request.constraint).values()]
        held = ours if always is None else [always]
        questions.append(
            Question(
                messages=sum(map(measure, said)),
                schema=sum(map(measure, held)),
                said=measure(attempt.text or ""),
                keeps_prompt=said[0].startswith(prompt),
                in_part=request.patch is not None,
            )
        )
    return Story(tuple(questions), measure(compact(good)))


def _able(mode: Mode) -> Abilities:
    native = mode == "native"
    return Abilities((mode,), shows_schema=native)


def compact(value: JsonValue) -> str:
    """*value* as a provider would write it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _resume(items: int, broken: Sequence[int]) -> JsonObject:
    jobs: list[JsonValue] = []
    for number in range(items):
        job: JsonObject = {
            "company": f"Company {number:02} of Rotterdam",
            "title": _title(number),
            "seniority": ("junior", "senior", "lead", "principal")[number % 4],
            "start_year": _year(number),
            "end_year": _year(number) + 1,
            "skills": ["python", "technical writing", f"machine number {number:02}"],
        }
        if number in broken:
            del job["title"]
            job["start_year"] = 1066
        jobs.append(job)
    return {"name": "Ann Example", "email": "ann@example.org", "jobs": jobs}


def _members(mended: int, broken: Sequence[int]) -> JsonObject:
    """The answer that brings one job into order, and says the same as before of the others."""
    members: JsonObject = {
        f"jobs[{mended}].title": _title(mended),
        f"jobs[{mended}].start_year": _year(mended),
    }
    members |= {f"jobs[{number}].start_year": 1066 for number in broken}
    return members


def _title(number: int) -> str:
    return f"Engineer of division {number:02}"


def _year(number: int) -> int:
    return 1980 + number


_YEARS = "\n".join(
    f"In {_year(number)} she joined company {number:02} of Rotterdam as the engineer of its "
    f"division {number:02}, where she wrote manuals, taught Python to others and looked after the "
    f"machine number {number:02} for a year, until they sold it to another one. The people there "
    "often spoke well of her work for long after."
    for number in range(20)
)
LONG_PROMPT = f"List every job in the following life of an engineer.\n\n{_YEARS}"[:5400]
"""As long as the one that the field was measured with."""
