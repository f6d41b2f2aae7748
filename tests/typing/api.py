"""What both type checkers must see of the public surface: checked, never run.

`assert_type` says what they infer; an ignore comment marks a line that must be an error, and is
itself an error when it is not.
"""

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, assert_type

from anthropic import Anthropic
from anthropic.types import Message
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from deterministic_llm import (
    Accepted,
    Adaptive,
    AsyncEnforcer,
    AsyncItemStream,
    AsyncStream,
    Breaker,
    Budget,
    Cache,
    Calibrator,
    CallFinished,
    Cassette,
    Choice,
    Curtailed,
    EnforcementError,
    Enforcer,
    Event,
    Evidence,
    FieldClosed,
    Final,
    FirstTo,
    Item,
    ItemStream,
    JsonValue,
    Limits,
    Median,
    Model,
    ModelRetry,
    NoConsensus,
    OutputRejected,
    Parsed,
    Pattern,
    Price,
    Record,
    Restarted,
    Result,
    Schema,
    Spend,
    Stream,
    StreamEvent,
    Template,
    TextGrown,
    Turn,
    Violation,
    Votes,
    Voting,
    attempts_from_json,
    enforce,
    parse,
    weigh,
)

T = TypeVar("T")


class Grade(BaseModel):
    score: Annotated[int, Field(ge=0, le=10)]


@dataclass
class Point:
    x: int


class Row(TypedDict):
    name: str


class Pair(NamedTuple):
    left: int
    right: int


class Colour(Enum):
    RED = "red"


Answer = Literal["yes", "no"]


# The function makes its own call, and takes no turn: its signature stays as it is.


@enforce(Grade)
def grade(essay: str, *, words: int = 250) -> str:
    return f"{essay} {words}"


assert_type(grade("text"), Grade)
assert_type(grade(essay="text", words=3), Grade)
assert_type(grade.run("text", words=3), Result[Grade])
assert_type(grade.run("text").output, Grade)
grade(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
grade()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
grade("text", word=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
grade.run(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@enforce(Grade)
def no_parameters() -> str:
    return ""


assert_type(no_parameters, Enforcer[[], Grade])
assert_type(no_parameters(), Grade)
no_parameters(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


# A Turn in front goes, with defaults and names of the rest kept.


@enforce(Grade)
def with_turn(turn: Turn, essay: str, *, words: int = 250) -> str:
    return f"{turn.messages} {essay} {words}"


assert_type(with_turn("text"), Grade)
assert_type(with_turn(essay="text", words=3), Grade)
assert_type(with_turn.run("text"), Result[Grade])
with_turn(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@enforce(Grade)
def only_turn(turn: Turn) -> str:
    return str(turn.messages)


assert_type(only_turn, Enforcer[[], Grade])
assert_type(only_turn(), Grade)


def by_hand(turn: Turn) -> None:
    with_turn(turn, "text")  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]
    with_turn(turn=turn, essay="text")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    only_turn(turn)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Grader().method(turn, "text")  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]


def by_turn(turn: Turn) -> None:
    assert_type(turn.request("anthropic"), dict[str, Any])
    assert_type(turn.seed, int | None)
    turn.request("mistral")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# Only a Turn goes: a parameter that would also take one stays.


@enforce(Grade)
def object_first(item: object, essay: str = "") -> str:
    return f"{item} {essay}"


@enforce(Grade)
def object_second(essay: str, item: object) -> str:
    return f"{item} {essay}"


@enforce(Grade)
def turn_then_object(turn: Turn, item: object) -> str:
    return f"{turn} {item}"


@enforce(Grade)
def any_first(item: Any, essay: str) -> str:
    return f"{item} {essay}"


@enforce(Grade)
def everything(*items: object, **named: object) -> str:
    return f"{items} {named}"


@enforce(Grade)
def generic(items: Sequence[T], key: T) -> str:
    return f"{items} {key}"


@enforce(Grade)
def generic_first(item: T, items: Sequence[T]) -> str:
    return f"{items} {item}"


@enforce(Grade)
async def async_object_first(item: object, essay: str) -> str:
    return f"{item} {essay}"


assert_type(object_first(1), Grade)
assert_type(object_first(item=1, essay="text"), Grade)
object_first()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
object_first("text", 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
assert_type(object_second("text", 1), Grade)
assert_type(object_second(essay="text", item=1), Grade)
object_second("text")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
assert_type(turn_then_object(1), Grade)
assert_type(turn_then_object(item=1), Grade)
any_first(1, "text")
any_first(item=1, essay="text")
assert_type(everything(), Grade)
assert_type(everything(1, "text", key=2), Grade)
assert_type(generic([1], 2), Grade)
assert_type(generic(items=[1], key=2), Grade)
assert_type(generic_first(1, [2]), Grade)
assert_type(generic_first(item=1, items=[2]), Grade)


# The function's colour decides: async functions, generators, async generators.


@enforce(Grade)
async def async_grade(essay: str) -> str:
    return essay


@enforce(Grade)
async def async_with_turn(turn: Turn, essay: str) -> str:
    return f"{turn.messages} {essay}"


@enforce(Grade)
def chunks(turn: Turn, essay: str) -> Iterator[str]:
    yield f"{turn.messages} {essay}"


@enforce(Grade)
async def async_chunks(turn: Turn, essay: str) -> AsyncIterator[str]:
    yield f"{turn.messages} {essay}"


async def colours() -> None:
    assert_type(await async_grade("text"), Grade)
    assert_type(await async_grade(essay="text"), Grade)
    waiting: Coroutine[Any, Any, Grade] = async_grade("text")
    assert_type(await waiting, Grade)
    assert_type(await async_grade.run("text"), Result[Grade])
    assert_type(await async_with_turn("text"), Grade)
    assert_type(await async_with_turn(essay="text"), Grade)
    assert_type(await async_object_first(1, "text"), Grade)
    assert_type(chunks("text"), Grade)
    assert_type(await async_chunks("text"), Grade)
    assert_type(await async_chunks.run(essay="text"), Result[Grade])
    await async_grade(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await async_object_first(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await grade("text")  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]


# A response of any readable shape may be returned.


@enforce(Grade)
def returns_dict(essay: str) -> dict[str, Any]:
    return {"content": essay}


@enforce(Grade)
def returns_any(essay: str) -> Any:
    return essay


assert_type(returns_dict("text"), Grade)
returns_any("text")


# Methods, class methods and static methods.


class Grader:
    @enforce(Grade)
    def plain(self, essay: str) -> str:
        return essay

    @enforce(Grade)
    def method(self, turn: Turn, essay: str, *, words: int = 250) -> str:
        return f"{turn.messages} {essay} {words}"

    @enforce(Grade)
    def only_self(self) -> str:
        return ""

    @enforce(Grade)
    def takes_object(self, item: object) -> str:
        return str(item)

    @enforce(Grade)
    async def async_method(self, turn: Turn, essay: str) -> str:
        return f"{turn.messages} {essay}"

    @enforce(Grade)
    @classmethod
    def of_class(cls, turn: Turn, essay: str) -> str:
        return f"{turn.messages} {essay}"

    @enforce(Grade)
    @staticmethod
    def static(turn: Turn, essay: str) -> str:
        return f"{turn.messages} {essay}"

    @enforce(Grade)
    @staticmethod
    async def async_static(essay: str) -> str:
        return essay

    def uses_them(self) -> None:
        assert_type(self.method("text"), Grade)
        assert_type(self.plain(essay="text"), Grade)


class StrictGrader(Grader):
    pass


assert_type(Grader().plain("text"), Grade)
assert_type(Grader().plain(essay="text"), Grade)
assert_type(Grader().plain.run("text"), Result[Grade])
assert_type(Grader.plain(Grader(), "text"), Grade)
assert_type(Grader().method("text"), Grade)
assert_type(Grader().method(essay="text", words=3), Grade)
assert_type(Grader().method.run("text"), Result[Grade])
assert_type(Grader().only_self(), Grade)
assert_type(Grader().takes_object(1), Grade)
assert_type(Grader().takes_object(item=1), Grade)
assert_type(StrictGrader().method("text"), Grade)
assert_type(Grader.of_class("text"), Grade)
assert_type(Grader.of_class.run(essay="text"), Result[Grade])
assert_type(Grader().of_class("text"), Grade)
assert_type(StrictGrader.of_class("text"), Grade)
assert_type(Grader.static("text"), Grade)
assert_type(Grader().static("text"), Grade)
assert_type(Grader().static.run(essay="text"), Result[Grade])
Grader().plain(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Grader().only_self(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Grader().takes_object()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Grader.of_class(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Grader().static(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def async_methods(grader: Grader) -> None:
    assert_type(await grader.async_method("text"), Grade)
    assert_type(await grader.async_method.run(essay="text"), Result[Grade])
    assert_type(await Grader.async_static("text"), Grade)
    assert_type(await grader.async_static(essay="text"), Grade)


# Anything that can be called: partials, bound methods, closures, objects.


class Caller:
    def __call__(self, turn: Turn, essay: str) -> str:
        return f"{turn.messages} {essay}"

    async def later(self, essay: str) -> str:
        return essay


def plain_function(turn: Turn, essay: str, words: int) -> str:
    return f"{turn.messages} {essay} {words}"


assert_type(enforce(Grade)(Caller())("text"), Grade)
assert_type(enforce(Grade)(plain_function)(essay="text", words=3), Grade)
assert_type(enforce(Grade)(partial(plain_function, words=3))("text"), Grade)
assert_type(enforce(Grade)(lambda: "text")(), Grade)


async def async_bound() -> None:
    assert_type(await enforce(Grade)(Caller().later)("text"), Grade)


# Targets.


def targets(llm: Model) -> None:
    assert_type(llm.generate("ask", Grade), Grade)
    assert_type(llm.generate("ask", Point), Point)
    assert_type(llm.generate("ask", Row), Row)
    assert_type(llm.generate("ask", Pair), Pair)
    assert_type(llm.generate("ask", Colour), Colour)
    assert_type(llm.generate("ask", int), int)
    assert_type(llm.generate("ask", Literal["a", "b"]), Literal["a", "b"])
    assert_type(llm.generate("ask", Answer), Answer)
    assert_type(llm.generate("ask", Grade | Point), Grade | Point)
    assert_type(llm.generate("ask", Grade | None), Grade | None)
    assert_type(llm.generate("ask", list[Grade]), list[Grade])
    assert_type(llm.generate("ask", dict[str, Grade | int]), dict[str, Grade | int])
    assert_type(llm.generate("ask", tuple[int, str]), tuple[int, str])
    assert_type(llm.generate("ask", Annotated[int, Field(ge=0)]), int)
    assert_type(llm.generate("ask", Template("Score: {score:int}/10")), Record)
    assert_type(llm.generate("ask", Template("Score: {score}/10", score=int)), Record)
    assert_type(llm.generate("ask", Template("{a}", a=Annotated[int, Field(ge=0)])), Record)
    assert_type(llm.generate("ask", Template("{a}", a=Literal["x", "y"])), Record)
    assert_type(llm.generate("ask", Template("{a}", a=Choice("x", "y"))), Record)
    assert_type(llm.generate("ask", Template("Score: {score}/10", Grade)), Grade)
    assert_type(llm.generate("ask", Template.lines("{name}", Grade)), list[Grade])
    assert_type(llm.generate("ask", Template.lines("{name}")), list[Record])
    assert_type(llm.generate("ask", Pattern(r"(?P<score>\d+)", Grade)), Grade)
    assert_type(llm.generate("ask", Choice("yes", "no")), str)
    assert_type(llm.generate("ask", Schema({"type": "object"})), JsonValue)
    assert_type(llm.generate("ask", Schema.from_file("grade.json")), JsonValue)
    llm.generate("ask", 3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


@enforce(Literal["a", "b"])
def literal(essay: str) -> str:
    return essay


@enforce(Grade | Point)
def union(turn: Turn, essay: str) -> str:
    return f"{turn.messages} {essay}"


@enforce(list[Grade])
async def many(turn: Turn, essay: str) -> str:
    return f"{turn.messages} {essay}"


@enforce(Template("Essay score: {score:int}/10"))
def record(essay: str) -> str:
    return essay


@enforce(Template("Essay score: {score}/10", Grade))
def template(essay: str) -> str:
    return essay


@enforce(Schema({"type": "object"}))
def schema(essay: str) -> str:
    return essay


assert_type(literal("text"), Literal["a", "b"])
assert_type(union("text"), Grade | Point)
assert_type(record("text"), Record)
assert_type(template("text"), Grade)
assert_type(schema("text"), JsonValue)


async def async_target() -> None:
    assert_type(await many("text"), list[Grade])


# What happens when the run ends without a value is part of the type.


def fallback(error: EnforcementError) -> Point:
    raise error


@enforce(Grade, on_exhausted="raise")
def raises(essay: str) -> str:
    return essay


@enforce(Grade, on_exhausted="return_none", max_retries=1)
def or_none(essay: str) -> str:
    return essay


@enforce(Grade, on_exhausted=fallback)
def or_point(turn: Turn, essay: str) -> str:
    return f"{turn.messages} {essay}"


@enforce(Choice("yes", "no"), on_exhausted="return_none")
async def async_or_none(essay: str) -> str:
    return essay


@enforce(Choice("yes", "no"), on_exhausted=lambda _error: 0)
def or_zero(essay: str) -> str:
    return essay


assert_type(raises("text"), Grade)
assert_type(or_none("text"), Grade | None)
assert_type(or_none.run("text").output, Grade | None)
assert_type(or_point("text"), Grade | Point)
assert_type(or_zero("text"), str | int)
assert_type(grade.with_options(max_retries=0)(essay="text"), Grade)
assert_type(grade.with_options(key=str)(essay="text"), Grade)
assert_type(grade.with_options(on_exhausted="return_none")("text"), Grade | None)
assert_type(grade.with_options(on_exhausted=fallback)("text"), Grade | Point)
assert_type(Grader().method.with_options(max_retries=0)("text"), Grade)
enforce(Grade, on_exhausted="ignore")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
enforce(Grade, max_retry=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
enforce(Grade, mode="yaml")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
enforce(Grade, max_retries="3")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
enforce(Grade, temperature=0.5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
grade.with_options(max_retry=0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


async def async_widening() -> None:
    assert_type(await async_or_none("text"), str | None)
    assert_type(await async_grade.with_options(max_retries=0)(essay="text"), Grade)
    assert_type(await async_grade.with_options(on_exhausted=fallback)("text"), Grade | Point)


# A model of the library's: functions return the prompt.

llm = Model("local:smollm2-135m", temperature=0)


@llm.enforce(Grade)
def ask(essay: str) -> str:
    return f"Grade this essay.\n{essay}"


@llm.enforce(Grade | Point, on_exhausted="return_none", temperature=0.5)
async def async_ask(essay: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": essay}]


@llm.enforce(Template("Score: {score:int}/10"))
def ask_anything(item: object) -> list[dict[str, object]]:
    return [{"role": "user", "content": item}]


@llm.enforce(Choice("yes", "no"), on_exhausted=fallback)
def ask_any(item: str) -> Any:
    return item


class Asker:
    @llm.enforce(Grade)
    def ask(self, essay: str) -> str:
        return essay

    @llm.enforce(Grade)
    async def async_ask(self, essay: str) -> str:
        return essay


async def prompts(asker: Asker) -> None:
    assert_type(ask("text"), Grade)
    assert_type(ask.run(essay="text"), Result[Grade])
    assert_type(await async_ask("text"), Grade | Point | None)
    assert_type((await async_ask.run(essay="text")).output, Grade | Point | None)
    assert_type(ask_anything(item=1), Record)
    assert_type(asker.ask("text"), Grade)
    assert_type(await asker.async_ask(essay="text"), Grade)
    ask(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(await llm.agenerate("ask", Grade | Point), Grade | Point)
    assert_type(await llm.agenerate("ask", Grade, on_exhausted="return_none"), Grade | None)
    assert_type(llm.run("ask", Literal["a", "b"]), Result[Literal["a", "b"]])
    assert_type(llm.run("ask", Choice("a", "b"), on_exhausted=fallback), Result[str | Point])
    assert_type(await llm.arun("ask", list[Grade], seed=1), Result[list[Grade]])
    assert_type(llm.generate("ask", Grade, on_exhausted=fallback, mode="prompt"), Grade | Point)
    assert_type(llm.generate([{"role": "user", "content": "ask"}], int), int)
    governed = llm.run(
        "ask",
        Grade,
        timeout=30,
        call_timeout=10.5,
        budget=Budget(usd="0.50", tokens=10_000, calls=5),
        limits=Limits(rpm=60, tpm=100_000, concurrency=8),
        breaker=Breaker(failures=5),
        prices={"small": Price(0.25, 2)},
        reserve=Spend(0.01, 500, 1),
        validators=[no_zero, waits_for_a_rule],
        context={"source": "text"},
        cache=Cache("answers.sqlite", max_age=3600.0, max_bytes=1_000_000),
        fallback=[llm, "openai:gpt-5"],
        max_tokens_ceiling=4096,
        key=str,
        hooks=[on_event, Timing(), waits_for_events],
    )
    assert_type(governed, Result[Grade])
    record = attempts_from_json(governed.to_json())
    assert_type(llm.run("ask", Grade, resume=record), Result[Grade])
    assert_type(llm.generate("ask", Grade, resume=governed.attempts), Grade)
    assert_type(governed.canonical_json(), bytes)
    assert_type(governed.determinism, Literal["shape", "pinned", "consensus", "replay"] | None)
    assert_type(llm.generate("ask", Grade, resume=governed.to_json()), Grade)
    llm.generate("ask", Grade, resume=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert_type(governed.cost, Decimal | None)
    assert_type(governed.warnings, tuple[Violation, ...])
    llm.run("ask", Grade, budget=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def on_event(event: Event) -> None:
    if isinstance(event, OutputRejected):
        assert_type(event.attempt.violations, tuple[Violation, ...])
    elif isinstance(event, Accepted):
        assert_type(event.result, Result[object])


async def waits_for_events(event: Event) -> None:
    assert_type(event.run, int)


class Timing:
    def call_finished(self, event: CallFinished) -> None:
        assert_type(event.attempt.seconds, float)


def no_zero(grade: Grade) -> bool:
    return grade.score > 0


async def waits_for_a_rule(grade: Grade, context: object) -> None:
    if context is None and not grade.score:
        raise ModelRetry("what is it about?", path="score")


def no_prompt(essay: str) -> int:
    return len(essay)


llm.enforce(Grade)(no_prompt)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]


# No model: text in, value out.

assert_type(parse("9", int), Parsed[int])
assert_type(parse("9", Grade | Point).output, Grade | Point)
assert_type(parse("a", Literal["a", "b"]).output, Literal["a", "b"])
assert_type(parse("9/10", Template("{score:int}/10")).output, Record)
assert_type(parse("yes", Choice("yes", "no")).output, str)
assert_type(parse("{}", Schema({})).output, JsonValue)
parse(9, int)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


# Enforcers can be named in annotations, and pass where a function is wanted.


def takes_enforcer(enforcer: Enforcer[..., Grade | None]) -> None:
    assert_type(enforcer("text"), Grade | None)


async def takes_async(enforcer: AsyncEnforcer[..., object]) -> None:
    assert_type(await enforcer("text"), object)


def takes_function(
    function: Callable[[str], Grade | None], waits: Callable[[str], Awaitable[Grade]]
) -> None:
    assert_type(function("text"), Grade | None)
    assert_type(waits("text"), Awaitable[Grade])


takes_enforcer(with_turn)
takes_enforcer(async_grade)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
takes_function(with_turn, async_with_turn)
takes_function(only_turn, async_grade)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def votes() -> None:
    result = llm.run("ask", Grade, votes=Adaptive(0.9, cap=15, parallel=True), abstain_below=0.6)
    assert_type(result, Result[Grade])
    assert_type(result.votes, Votes | None)
    rules: list[Voting] = [
        FirstTo(2),
        Curtailed(9, voters=[llm, "openai:gpt-5"], keys={"$.items": "id"}),
        Median(),
    ]
    assert_type(llm.generate("ask", Grade, votes=rules[0]), Grade)
    llm.generate("ask", Grade, votes="many")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    try:
        llm.generate("ask", Grade, votes=5)
    except NoConsensus as error:
        assert_type(error.votes, Votes)


def kept() -> None:
    with Cassette(Path("calls.jsonl"), mode="replay") as cassette:
        assert_type(cassette, Cassette)
    Cassette("calls.jsonl", mode="always")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(llm.generate("ask", Grade, cache=True), Grade)
    assert_type(llm.generate("ask", Grade, cache=Path("answers.sqlite")), Grade)
    llm.generate("ask", Grade, cache=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


# A stream yields typed events, and ends with the result.


def streams(asked: Model) -> None:
    with grade.stream("text", words=3) as events:
        assert_type(events, Stream[Grade])
        for event in events:
            assert_type(event, FieldClosed | TextGrown | Item[object] | Restarted | Final[Grade])
            if isinstance(event, Final):
                assert_type(event.result, Result[Grade])
            elif isinstance(event, FieldClosed):
                assert_type((event.path, event.value, event.changed), tuple[str, object, bool])
            elif isinstance(event, TextGrown):
                assert_type((event.path, event.delta, event.anew), tuple[str, str, bool])
            elif isinstance(event, Item):
                assert_type((event.index, event.changed), tuple[int, bool])
            else:
                assert_type((event.reason, event.discarded), tuple[str, JsonValue])
        assert_type(events.snapshot(), JsonValue)
        assert_type(events.result, Result[Grade])
        events.close()
    assert_type(with_turn.stream(essay="text"), Stream[Grade])
    assert_type(or_none.stream("text"), Stream[Grade | None])
    assert_type(Grader().method.stream("text", words=3), Stream[Grade])
    grade.stream(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    whole = asked.stream("ask", Grade, early_stop="never")
    iterator: Iterator[StreamEvent[Grade]] = whole
    assert_type(next(iterator), StreamEvent[Grade])
    assert_type(asked.stream("ask", Grade | Point), Stream[Grade | Point])
    assert_type(
        asked.stream("ask", Choice("a", "b"), on_exhausted="return_none"), Stream[str | None]
    )
    assert_type(asked.stream("ask", Template("{a}"), on_exhausted=fallback), Stream[Record | Point])
    options = asked.stream("ask", Grade, idle_timeout=5, first_token_timeout=30, max_chars=4000)
    assert_type(options, Stream[Grade])
    asked.stream("ask", Grade, early_stop="yes")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def item_streams(asked: Model) -> None:
    with graded.stream_items("text") as items:
        assert_type(items, ItemStream[Grade])
        for item in items:
            assert_type(item, Item[Grade])
            assert_type((item.index, item.output), tuple[int, Grade])
        assert_type(items.result, Result[list[Grade]])
    assert_type(asked.stream_items("ask", list[Grade | Point]), ItemStream[Grade | Point])
    assert_type(asked.stream_items("ask", Template.lines("{a}")), ItemStream[Record])
    grade.stream_items("text")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    asked.stream_items("ask", Grade)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]


@enforce(list[Grade])
def graded(essay: str) -> str:
    return essay


async def async_streams(asked: Model) -> None:
    async with async_grade.stream("text") as events:
        assert_type(events, AsyncStream[Grade])
        async for event in events:
            assert_type(event, StreamEvent[Grade])
        assert_type(events.result, Result[Grade])
        assert_type(events.snapshot(), JsonValue)
        await events.close()
    async with many.stream_items("text") as items:
        assert_type(items, AsyncItemStream[Grade])
        async for item in items:
            assert_type(item.output, Grade)
    assert_type(async_or_none.stream("text"), AsyncStream[str | None])
    assert_type(async_chunks.stream(essay="text"), AsyncStream[Grade])
    assert_type(asked.astream("ask", Grade, on_exhausted=fallback), AsyncStream[Grade | Point])
    assert_type(asked.astream("ask", Literal["a", "b"]), AsyncStream[Literal["a", "b"]])
    assert_type(asked.astream_items("ask", list[Grade]), AsyncItemStream[Grade])
    async_grade.stream(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    async_grade.stream_items("text")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


def evidence(model: Model) -> None:
    sure = model.run("ask", Grade, confidence=True, on_drift="raise")
    assert_type(sure, Result[Grade])
    assert_type(sure.confidence, Mapping[str, Evidence] | None)
    assert_type(weigh(model, "ask", ["yes", "no"]), Evidence)
    assert_type(Calibrator.fit([(0.9, True)])(0.8), float)
    model.run("ask", Grade, on_drift="panic")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


# What a Turn says is passed to each SDK as it is: none takes anything but its own types.
@enforce(Grade)
def of_openai(turn: Turn, essay: str) -> ChatCompletion:
    return OpenAI().chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": essay}, *turn.messages],
        response_format=turn.response_format,
    )


@enforce(Grade)
def of_openai_in_pieces(turn: Turn, essay: str) -> Iterator[ChatCompletionChunk]:
    yield from OpenAI().chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": essay}, *turn.messages],
        response_format=turn.response_format,
        stream=True,
    )


@enforce(Grade)
def of_responses(turn: Turn, essay: str) -> Response:
    return OpenAI().responses.create(
        model="m", input=[{"role": "user", "content": essay}, *turn.messages]
    )


@enforce(Grade)
def of_anthropic(turn: Turn, essay: str) -> Message:
    return Anthropic().messages.create(
        model="m", max_tokens=9, messages=[{"role": "user", "content": essay}, *turn.messages]
    )


assert_type(of_openai("..."), Grade)
assert_type(of_openai_in_pieces("..."), Grade)
assert_type(of_responses("..."), Grade)
assert_type(of_anthropic("..."), Grade)
