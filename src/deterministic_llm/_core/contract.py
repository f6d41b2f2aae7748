"""A target and the way it is put to the backend."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic

from typing_extensions import TypeVar

from deterministic_llm._core.exchange import (
    UNCONSTRAINED,
    Abilities,
    Constraint,
    JsonObject,
    Mode,
)
from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm._core.schema.lowering.lowering import lower
from deterministic_llm._core.schema.notations import notation_of
from deterministic_llm._core.schema.target import JsonTarget, Target, TextTarget
from deterministic_llm._core.schema.walking import subschemas
from deterministic_llm._core.schema.wording import resolve
from deterministic_llm.errors import ConfigurationError, SchemaError

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to hold an answer, and the words that go with it; empty where none are needed."""

    constraint: Constraint = UNCONSTRAINED
    instructions: str = ""


@dataclass(frozen=True, slots=True)
class Contract(Generic[T_co]):
    """What the answer must be: *target*, held by *constraint*, read with or without repairs.

    *weaker* are the ways to hold it that are left where the backend does not take that one.
    """

    target: Target[T_co]
    constraint: Constraint
    instructions: str
    strict: bool = False
    weaker: tuple[Rung, ...] = ()


def constrain(
    target: Target[object],
    mode: Mode,
    abilities: Abilities = Abilities(),  # noqa: B008  # frozen
) -> Constraint:
    """How *target* is held: by *mode*, or by the strongest one that *abilities* admit.

    A mode that is asked for is sent, whatever is known of the backend; ConfigurationError says when
    the target itself does not fit it.
    """
    return ladder(target, mode, abilities)[0]


def ladder(target: Target[object], mode: Mode, abilities: Abilities) -> tuple[Constraint, ...]:
    """All ways to hold *target*, strongest first; a *mode* other than auto is the only one.

    Raises ConfigurationError when *target* does not fit that.
    """
    if mode == "auto":
        fitting = (_held(target, each, abilities) for each in _taken(target, abilities))
        return (*(held for held in fitting if held is not None), UNCONSTRAINED)
    held = _held(target, mode, abilities)
    if held is None:
        message = f"mode={mode!r} cannot hold {target.name}: use mode='auto' or 'prompt'"
        raise ConfigurationError(message)
    return (held,)


def _taken(target: Target[object], abilities: Abilities) -> Iterator[Mode]:
    """The modes in which a backend of these *abilities* takes a schema such as that of *target*."""
    of_object = isinstance(target, JsonTarget) and _is_object(target.schema)
    for mode in abilities.modes:
        if mode == "grammar" or of_object or (mode == "native" and abilities.any_root):
            yield mode


def _held(target: Target[object], mode: Mode, abilities: Abilities) -> Constraint | None:
    """What holds *target* in this *mode*; None where it does not fit it."""
    if mode == "prompt":
        return UNCONSTRAINED
    if isinstance(target, JsonTarget):
        hold = _BY_MODE.get(mode)
        return None if hold is None else hold(target, abilities.dialect)
    return _by_grammar(target, abilities) if mode == "grammar" else None


def _by_grammar(target: TextTarget[object], abilities: Abilities) -> Constraint | None:
    notation = notation_of(target.form)
    if all(getattr(notation, name, None) is None for name in abilities.notations):
        return None
    return Constraint("grammar", grammar=notation)


def _is_object(schema: JsonObject) -> bool:
    root = resolve(schema, root=schema)
    return isinstance(root, dict) and root.get("type") == "object"


def natively(target: JsonTarget[object], dialect: str | None = None) -> Constraint:
    """What holds an answer to the schema of *target*.

    It is strict where *dialect* can say the schema in such a way that an answer to it is an answer
    to the target as it stands: it is read, and streamed, like any other.
    """
    fitted = None if dialect is None else _fitted(target, dialect)
    schema = target.schema if fitted is None else fitted
    return Constraint("native", _identifier(target), schema, strict=fitted is not None)


@lru_cache(maxsize=1024)
def _fitted(target: JsonTarget[object], dialect: str) -> JsonObject | None:
    """The schema of *target* in *dialect*; None where an answer would have another form.

    Nor is it used where members without a name are asked for: a strict schema has none.
    """
    if any(node.get("additionalProperties") is True for _, node in subschemas(target.schema)):
        return None
    try:
        lowered = lower(target.schema, DIALECTS[dialect])
    except SchemaError:
        return None  # validation will say what is wrong with an answer
    return lowered.schema if lowered.same else None


@lru_cache(maxsize=1024)
def _identifier(target: Target[object]) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", target.name)[:64].strip("_") or "answer"


def _as_tool(target: JsonTarget[object], dialect: str | None) -> Constraint:
    del dialect
    return Constraint("tool", _identifier(target), target.schema)


def _in_json(target: JsonTarget[object], dialect: str | None) -> Constraint:
    del target, dialect
    return Constraint("json")


_BY_MODE: Mapping[Mode, Callable[[JsonTarget[object], str | None], Constraint]] = {
    "native": natively,
    "tool": _as_tool,
    "json": _in_json,
}
"""What holds an answer to a schema, in each mode that can."""
