"""Records read back: JSON goes in, attempts come out, or the place that is not as it should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias, cast, get_args

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import (
    Accepted,
    Answered,
    Attempt,
    Checked,
    Code,
    Failed,
    Loss,
    Rejected,
    Repair,
    Request,
    Violation,
)
from deterministic_llm._core.digests import Digest
from deterministic_llm._core.drafts import Draft, Patch, Place
from deterministic_llm._core.exchange import (
    Allowance,
    AnswerOutcome,
    CallFailure,
    Completion,
    Constraint,
    FailureKind,
    Finish,
    JsonObject,
    JsonValue,
    Mode,
    Notation,
    Origin,
    Quota,
    Token,
    ToolCall,
    Usage,
)
from deterministic_llm._core.schema.envelopes import FORMS
from deterministic_llm._core.schema.wording import quote
from deterministic_llm._core.shapes.chat import CHAT_MEMBERS, ChatConstraint
from deterministic_llm.errors import RecordError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
Read: TypeAlias = Callable[[JsonValue, str], T]
"""What reads one JSON value, given its path for when it is not as it should be."""


def decoded(record: JsonValue, at: str) -> tuple[Attempt[JsonValue], ...]:
    """The attempts that *record*, which stands at the path *at*, says; raises RecordError."""
    return cast("tuple[Attempt[JsonValue], ...]", _ATTEMPTS(record, at))


def completion_from(record: JsonValue, at: str = "$") -> Completion:
    """The completion that *record* says, as recorded() wrote it; raises RecordError."""
    return cast("Completion", _COMPLETION(record, at))


def call_failure_from(record: JsonValue, at: str = "$") -> CallFailure:
    """The failure that *record* says, as recorded() wrote it; raises RecordError."""
    return cast("CallFailure", _FAILURE(record, at))


class _Reader:
    """Reads an object as a dataclass of ours; members that are not known are passed over."""

    def __init__(self, kind: type[DataclassInstance], /, **members: Read[object]) -> None:
        self._kind = kind
        self._members = members
        self._needed = [
            each.name
            for each in fields(kind)
            if each.default is MISSING and each.default_factory is MISSING
        ]

    def __call__(self, value: JsonValue, at: str) -> object:
        record = _object(value, at)
        for name in self._needed:
            if name not in record:
                raise RecordError(f"{at}.{name}", "is missing")
        return self._kind(
            **{
                name: read(record[name], f"{at}.{name}")
                for name, read in self._members.items()
                if name in record
            }
        )


def _either(value: JsonValue, at: str) -> object:
    """An attempt: a failed one is told by its failure."""
    return (_FAILED if "failure" in _object(value, at) else _ANSWERED)(value, at)


def _verdict(value: JsonValue, at: str) -> object:
    """A verdict: a rejected one is told by its outcome."""
    return (_REJECTED if "outcome" in _object(value, at) else _ACCEPTED)(value, at)


def _place(value: JsonValue, at: str) -> object:
    """A place: only what is appended may go to the whole itself."""
    place = _PLACE(value, at)
    if place == Place(()):
        return _refuse("a path", [], f"{at}.location")
    return place


def _constraint(value: JsonValue, at: str) -> object:
    """A constraint; those of the first records are in the words of chat completions."""
    record = _object(value, at)
    if isinstance(record.get("grammar"), str) or not record.keys().isdisjoint(CHAT_MEMBERS):
        return cast("ChatConstraint", _CHAT_CONSTRAINT(value, at)).read()
    return _CONSTRAINT(value, at)


def _attempts(value: JsonValue, at: str) -> object:
    return _several(_either)(value, at)


def _form(value: JsonValue, at: str) -> str:
    """The name of a dialect; what was written in one that nobody knows cannot be read back."""
    if isinstance(value, str) and value in FORMS:
        return value
    return _refuse("the name of a dialect", value, at)


def _object(value: JsonValue, at: str) -> JsonObject:
    if isinstance(value, dict):
        return value
    return _refuse("an object", value, at)


def _json(value: JsonValue, at: str) -> JsonValue:
    del at
    return value


def _text(value: JsonValue, at: str) -> str:
    if isinstance(value, str):
        return value
    return _refuse("a string", value, at)


def _count(value: JsonValue, at: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return _refuse("an integer", value, at)


def _seconds(value: JsonValue, at: str) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if value in ("inf", "-inf", "nan"):
        return float(value)
    return _refuse("a number", value, at)


def _truth(value: JsonValue, at: str) -> bool:
    if isinstance(value, bool):
        return value
    return _refuse("true or false", value, at)


def _dollars(value: JsonValue, at: str) -> Decimal:
    try:
        return Decimal(_text(value, at))
    except InvalidOperation:
        _refuse("a decimal number as a string", value, at)


def _token(value: JsonValue, at: str) -> Token:
    match value:
        case [str() as text, float() | int() as logprob]:
            return Token(text, logprob)
        case [str() as text, float() | int() as logprob, list() as others]:
            return Token(text, logprob, tuple(_other(each, at) for each in others))
        case _:
            return _refuse("a token: its text, its logarithm, and others", value, at)


def _other(value: JsonValue, at: str) -> tuple[str, float]:
    match value:
        case [str() as text, float() | int() as logprob]:
            return text, logprob
        case _:
            return _refuse("another token: its text and its logarithm", value, at)


def _digest(value: JsonValue, at: str) -> Digest:
    record = _object(value, at)
    if "problem" in record:
        return Digest.untold(_text(record["problem"], f"{at}.problem"))
    return Digest.made(_text(record.get("sha256"), f"{at}.sha256"))


def _step(value: JsonValue, at: str) -> str | int:
    return value if isinstance(value, str) else _count(value, at)


def _one_of(*literals: object) -> Read[object]:
    words = frozenset(word for literal in literals for word in get_args(literal))

    def read(value: JsonValue, at: str) -> object:
        if isinstance(value, str) and value in words:
            return value
        _refuse(f"one of {', '.join(sorted(words))}", value, at)

    return read


def _optional(inner: Read[object]) -> Read[object]:
    return lambda value, at: None if value is None else inner(value, at)


def _several(inner: Read[object]) -> Read[tuple[object, ...]]:
    def read(value: JsonValue, at: str) -> tuple[object, ...]:
        if not isinstance(value, list):
            _refuse("a list", value, at)
        return tuple(inner(item, f"{at}[{index}]") for index, item in enumerate(value))

    return read


def _by_name(inner: Read[object]) -> Read[Mapping[str, object]]:
    def read(value: JsonValue, at: str) -> Mapping[str, object]:
        members = _object(value, at).items()
        return {name: inner(member, f"{at}.{name}") for name, member in members}

    return read


def _refuse(wanted: str, value: JsonValue, at: str) -> NoReturn:
    raise RecordError(at, f"expected {wanted}, got {quote(value)}")


_VIOLATION = _Reader(
    Violation,
    path=_text,
    code=_one_of(Code),
    expected=_text,
    got=_optional(_text),
    fix=_optional(_text),
    involved=_several(_text),
)
_REPAIR = _Reader(
    Repair,
    rule=_text,
    path=_text,
    before=_json,
    after=_json,
    loss=_one_of(Loss),
    count=_count,
    places=_several(_count),
)
_DRAFT = _Reader(
    Draft, value=_json, truncated=_truth, open_paths=_several(_text), begun=_several(_text)
)
_PLACE = _Reader(Place, location=_several(_step), appends=_truth, begun=_truth)
_PATCH = _Reader(Patch, base=_json, places=_by_name(_place))
_CONSTRAINT = _Reader(
    Constraint,
    mode=_one_of(Mode),
    name=_text,
    schema=_optional(_object),
    strict=_truth,
    dialect=_optional(_form),
    grammar=_optional(
        _Reader(
            Notation,
            gbnf=_optional(_text),
            lark=_optional(_text),
            regex=_optional(_text),
            choices=_optional(_several(_text)),
        )
    ),
)
_CHAT_CONSTRAINT = _Reader(
    ChatConstraint,
    mode=_one_of(Mode),
    response_format=_optional(_object),
    grammar=_optional(_text),
    tool=_optional(_object),
)
_REQUEST = _Reader(
    Request,
    number=_count,
    prompt=_several(_object),
    feedback=_text,
    violations=_several(_VIOLATION),
    constraint=_constraint,
    parameters=_object,
    patch=_optional(_PATCH),
    model=_count,
    timeout=_optional(_seconds),
    name=_optional(_text),
    idle_timeout=_optional(_seconds),
    sample=_count,
    first_token_timeout=_optional(_seconds),
    call_timeout=_optional(_seconds),
    server=_optional(_text),
)
_USAGE = _Reader(Usage, **{each.name: _count for each in fields(Usage)})
_ALLOWANCE = _Reader(Allowance, left=_count, limit=_optional(_count), renewed=_optional(_seconds))
_QUOTA = _Reader(Quota, requests=_optional(_ALLOWANCE), tokens=_optional(_ALLOWANCE))
_COMPLETION = _Reader(
    Completion,
    text=_optional(_text),
    finish=_one_of(Finish),
    refusal=_optional(_text),
    model=_optional(_text),
    fingerprint=_optional(_text),
    usage=_USAGE,
    seconds=_seconds,
    calls=_several(_Reader(ToolCall, name=_text, arguments=_text)),
    reasoning=_optional(_text),
    first_token=_optional(_seconds),
    cost=_optional(_dollars),
    saved_tokens=_optional(_count),
    origin=_one_of(Origin),
    quota=_optional(_QUOTA),
    tokens=_several(_token),
    drift=_optional(_text),
    decided=_truth,
)
_FAILURE = _Reader(
    CallFailure,
    message=_text,
    kind=_one_of(FailureKind),
    final=_truth,
    status=_optional(_count),
    code=_optional(_text),
    retry_after=_optional(_seconds),
    seconds=_seconds,
    sent=_truth,
    partial=_optional(_text),
    origin=_one_of(Origin),
    quota=_optional(_QUOTA),
    parameter=_optional(_text),
)
_ACCEPTED = _Reader(Accepted, output=_json, repairs=_several(_REPAIR), span=_several(_count))
_REJECTED = _Reader(
    Rejected,
    outcome=_one_of(AnswerOutcome),
    violations=_several(_VIOLATION),
    repairs_tried=_several(_REPAIR),
    draft=_optional(_DRAFT),
)
_CHECKED = _Reader(
    Checked,
    validator=_text,
    severity=_one_of(Literal["error", "warning"]),
    violations=_several(_VIOLATION),
    repair=_optional(_REPAIR),
    value=_json,
    seconds=_seconds,
    attempts=_attempts,
    about=_digest,
)
_ANSWERED = _Reader(
    Answered,
    request=_REQUEST,
    completion=_COMPLETION,
    verdict=_verdict,
    checks=_several(_CHECKED),
    ended=_seconds,
    arguments=_digest,
)
_FAILED = _Reader(Failed, request=_REQUEST, failure=_FAILURE, ended=_seconds, arguments=_digest)
_ATTEMPTS = _several(_either)
