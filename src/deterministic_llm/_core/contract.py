"""A target, the way it is put to the backend, and the verdict on a completion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Accepted, AnswerOutcome, Rejected, Violation
from deterministic_llm._core.exchange import (
    Abilities,
    Completion,
    Constraint,
    JsonObject,
    Mode,
)
from deterministic_llm._core.reading.reader import Parsed, read
from deterministic_llm._core.schema.grammar import gbnf
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm._core.schema.wording import quote, resolve
from deterministic_llm.errors import ConfigurationError

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Contract(Generic[T_co]):
    """What the answer must be: *target*, held by *constraint*, read with or without repairs."""

    target: Target[T_co]
    constraint: Constraint
    instructions: str
    strict: bool = False


def constrain(target: Target[object], mode: Mode, abilities: Abilities) -> Constraint:
    """How *target* is held: by *mode*, or by the strongest one that *abilities* admit.

    A mode that is asked for is sent, whatever is known of the backend; ConfigurationError says when
    the target itself does not fit it.
    """
    wanted = _strongest(target, abilities) if mode == "auto" else mode
    if wanted == "prompt":
        return Constraint()
    if isinstance(target, JsonTarget):
        if wanted == "native":
            return Constraint("native", response_format=response_format(target))
        if wanted == "json":
            return Constraint("json", response_format={"type": "json_object"})
    elif wanted == "grammar" and (grammar := gbnf(target.form)) is not None:
        return Constraint("grammar", grammar=grammar)
    message = f"mode={wanted!r} cannot hold {target.name}: use mode='auto' or 'prompt'"
    raise ConfigurationError(message)


def _strongest(target: Target[object], abilities: Abilities) -> Mode:
    if isinstance(target, JsonTarget):
        fits = abilities.json_schema and (abilities.any_root or _is_object(target.schema))
        return "native" if fits else "prompt"
    return "grammar" if abilities.grammar and gbnf(target.form) is not None else "prompt"


def _is_object(schema: JsonObject) -> bool:
    root = resolve(schema, root=schema)
    return isinstance(root, dict) and root.get("type") == "object"


def response_format(target: Target[object]) -> JsonObject:
    """The ``response_format`` of an OpenAI-style request for *target*."""
    if not isinstance(target, JsonTarget):
        return {"type": "text"}
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", target.name)[:64].strip("_") or "answer"
    return {"type": "json_schema", "json_schema": {"name": name, "schema": target.schema}}


def judge_completion(contract: Contract[T_co], completion: Completion) -> Accepted[T_co] | Rejected:
    """The verdict on *completion*: the output, or what it came to and why."""
    if completion.finish == "refusal":
        return _turned_away("refused", completion.refusal)
    if completion.finish == "filter":
        return _turned_away("filtered", None)
    text = completion.text
    cut = completion.finish == "length"
    if text is None or not text.strip():
        return _CUT if cut else _EMPTY
    reading = read(text, contract.target, strict=contract.strict)
    if not isinstance(reading, Parsed):
        refused = any(violation.code == "refusal" for violation in reading.violations)
        outcome: AnswerOutcome = "refused" if refused else "truncated" if cut else "invalid"
        return Rejected(outcome, reading.violations, reading.repairs_tried)
    # In prompt mode a correction may still have followed the cut; elsewhere the first document
    # is the whole answer.
    more_to_come = cut and contract.constraint.mode == "prompt" and text[reading.span[1] :].strip()
    if more_to_come or (reading.truncated and completion.finish != "stop"):
        return Rejected("truncated", _CUT.violations, reading.repairs)
    return Accepted(reading.output, reading.repairs, reading.span)


def _turned_away(outcome: AnswerOutcome, said: str | None) -> Rejected:
    got = None if said is None else quote(said)
    return Rejected(outcome, (Violation("$", "refusal", "expected an answer", got),))


_EMPTY = Rejected("empty", (Violation("$", "empty", "expected an answer", "nothing"),))
_CUT = Rejected(
    "truncated",
    (Violation("$", "truncated", "expected the whole answer", "one cut at the token limit"),),
)
