"""A target and the way it is put to the backend."""

from __future__ import annotations

import re
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
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm._core.schema.walking import subschemas
from deterministic_llm._core.schema.wording import resolve
from deterministic_llm.errors import ConfigurationError, SchemaError

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Contract(Generic[T_co]):
    """What the answer must be: *target*, held by *constraint*, read with or without repairs."""

    target: Target[T_co]
    constraint: Constraint
    instructions: str
    strict: bool = False


def constrain(
    target: Target[object],
    mode: Mode,
    abilities: Abilities = Abilities(),  # noqa: B008  # frozen
) -> Constraint:
    """How *target* is held: by *mode*, or by the strongest one that *abilities* admit.

    A mode that is asked for is sent, whatever is known of the backend; ConfigurationError says when
    the target itself does not fit it.
    """
    wanted = _strongest(target, abilities) if mode == "auto" else mode
    if wanted == "prompt":
        return UNCONSTRAINED
    if isinstance(target, JsonTarget):
        if wanted == "native":
            return natively(target, abilities.dialect)
        if wanted == "tool":
            return Constraint("tool", _identifier(target), target.schema)
        if wanted == "json":
            return _IN_JSON
    elif wanted == "grammar" and (grammar := notation_of(target.form)) is not None:
        return Constraint("grammar", _identifier(target), grammar=grammar)
    message = f"mode={wanted!r} cannot hold {target.name}: use mode='auto' or 'prompt'"
    raise ConfigurationError(message)


def _strongest(target: Target[object], abilities: Abilities) -> Mode:
    if isinstance(target, JsonTarget):
        fits = abilities.json_schema and (abilities.any_root or _is_object(target.schema))
        return "native" if fits else "prompt"
    return "grammar" if abilities.grammar and notation_of(target.form) else "prompt"


def _is_object(schema: JsonObject) -> bool:
    root = resolve(schema, root=schema)
    return isinstance(root, dict) and root.get("type") == "object"


_IN_JSON = Constraint("json")


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
