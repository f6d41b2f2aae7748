"""The record of a run as JSON text: attempts go in, and they come out again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import TYPE_CHECKING, NoReturn, cast, get_args

from deterministic_llm._core.attempts import (
    Accepted,
    Answered,
    Attempt,
    Checked,
    Code,
    Failed,
    Loss,
    Request,
)
from deterministic_llm._core.canonical import jsonable
from deterministic_llm._core.checks import Severity
from deterministic_llm._core.decoding import decoded
from deterministic_llm._core.digests import Digest
from deterministic_llm._core.exchange import (
    AnswerOutcome,
    CallFailure,
    Completion,
    FailureKind,
    Finish,
    JsonObject,
    JsonValue,
    Mode,
    Origin,
    Token,
)
from deterministic_llm._core.schema.envelopes import FORMS
from deterministic_llm._core.secrecy import hidden, masked, secrets_of, without_secrets
from deterministic_llm.errors import RecordError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

VERSION = 1
"""Of the format: what has another one is refused."""


def attempts_to_json(attempts: Sequence[Attempt[object]], *, end: str) -> str:
    """*attempts* as the JSON text that attempts_from_json() reads; *end* says how the run ended.

    Headers, and parameters whose names say key, token or password, are left out. What is secret in
    them is hidden wherever else it stands. Members at their defaults are left out, too.
    """
    sent = (request.parameters for request in _requests(attempts))
    secrets = frozenset(secret for each in sent for secret in secrets_of(each)) - _WORDS
    record: JsonObject = {
        "version": VERSION,
        "end": end,
        "attempts": [_attempt(attempt, secrets) for attempt in attempts],
    }
    return json.dumps(record, separators=(",", ":"), allow_nan=False)


def attempts_from_json(text: str | bytes) -> tuple[Attempt[JsonValue], ...]:
    """The attempts of ``result.to_json()`` or ``error.to_json()``, to look at or to resume.

    Every accepted output is the JSON that says it. Raises RecordError, a ValueError, that names
    the place, for *text* that is no such record.
    """
    try:
        record: JsonValue = json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise RecordError("$", "is nested too deeply to be a record") from error
    except ValueError as error:
        raise RecordError("$", f"is no JSON: {error}") from error
    if not isinstance(record, dict):
        raise RecordError("$", "expected an object with version and attempts")
    version = record.get("version")
    if version != VERSION:
        raise RecordError("$.version", f"expected {VERSION}, got {json.dumps(version)[:40]}")
    return decoded(record.get("attempts"), "$.attempts")


def recorded(answer: Completion | CallFailure) -> JsonObject:
    """What one call came to as JSON; members at their defaults are left out.

    The tokens are a part of it, each as a list of text, logarithm and others: who asks again wants
    them again. The record of a run does without: they take a hundred times the room of the text.
    """
    record = _record(answer)
    if isinstance(answer, Completion) and answer.tokens:
        record["tokens"] = [_token(token) for token in answer.tokens]
    return record


def _no_number(constant: str) -> NoReturn:
    message = f"{constant} is no number of JSON"
    raise ValueError(message)


def _requests(attempts: Sequence[Attempt[object]]) -> Iterator[Request]:
    for attempt in attempts:
        yield attempt.request
        for check in attempt.checks:
            yield from _requests(check.attempts)


def _attempt(attempt: Attempt[object], secrets: frozenset[str]) -> JsonObject:
    """*attempt*; its outcome and the digest are there for whoever reads the file."""
    request: JsonObject = {
        "digest": attempt.request.digest,
        **_record(attempt.request, secrets),
    }
    return {"outcome": attempt.outcome, **_record(attempt, secrets), "request": request}


def _record(value: DataclassInstance, secrets: frozenset[str] = frozenset()) -> JsonObject:
    """The members of one of our records that are not at their defaults, without the *secrets*."""
    record: JsonObject = {}
    for each in fields(value):
        member = cast("object", getattr(value, each.name))
        if not _is_default(each, member) and (type(value), each.name) != _TOKENS:
            write = _WRITERS.get((type(value), each.name))
            record[each.name] = (
                _written(member, secrets) if write is None else hidden(write(member), secrets)
            )
    return record


def _is_default(field: Field[object], member: object) -> bool:
    if field.default_factory is not MISSING:
        return not member
    default = field.default
    return member is default or (type(member) is type(default) and member == default)


def _written(member: object, secrets: frozenset[str]) -> JsonValue:
    """*member*, whose own names, numbers and words stay what they are, whatever is secret."""
    if is_dataclass(member) and not isinstance(member, type):
        if isinstance(member, (Answered, Failed)):
            return _attempt(cast("Attempt[object]", member), secrets)
        return _record(member, secrets)
    if isinstance(member, Digest):
        return {"problem": member.problem} if member.hex is None else {"sha256": member.hex}
    if isinstance(member, tuple):
        return [_written(each, secrets) for each in cast("tuple[object, ...]", member)]
    if isinstance(member, Mapping):
        members = cast("Mapping[object, object]", member)
        return {
            str(hidden(str(key), secrets)): _written(each, secrets) for key, each in members.items()
        }
    written = jsonable(member)
    return written if isinstance(written, (int, float)) else hidden(written, secrets)


def _token(token: Token) -> JsonValue:
    others: list[JsonValue] = [[text, logprob] for text, logprob in token.others]
    return [token.text, token.logprob, *([others] if others else [])]


def _told(message: object) -> JsonValue:
    return masked(str(message))


def _open_parameters(parameters: object) -> JsonValue:
    return jsonable(without_secrets(cast("Mapping[str, object]", parameters)))


_TOKENS = (Completion, "tokens")
_WRITERS: Mapping[tuple[type, str], Callable[[object], JsonValue]] = {
    (Request, "prompt"): jsonable,
    (Request, "parameters"): _open_parameters,
    (Accepted, "output"): jsonable,
    (Checked, "value"): jsonable,
    (CallFailure, "message"): _told,
}
"""How members are written that hold what is the user's or the server's."""
_WORDS = frozenset[str](
    word
    for words in (AnswerOutcome, Code, FailureKind, Finish, Loss, Mode, Origin, Severity)
    for word in get_args(words)
).union(FORMS)
"""Our own, which every record may hold: that one of them is a key says nothing."""
