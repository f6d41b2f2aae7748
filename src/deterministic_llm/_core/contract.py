"""A target and the way it is put to the backend."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
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
from deterministic_llm._core.guards import Guards
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.envelopes import ENVELOPE, enveloped
from deterministic_llm._core.schema.forms import ChoiceForm
from deterministic_llm._core.schema.inlining import inlined
from deterministic_llm._core.schema.notations import notation_of
from deterministic_llm._core.schema.raising import fitted
from deterministic_llm._core.schema.target import JsonTarget, Target, TextTarget
from deterministic_llm._core.schema.wording import resolve
from deterministic_llm.errors import ConfigurationError

T_co = TypeVar("T_co", covariant=True)


@frozen
class Rung:
    """One way to hold an answer, and the words that go with it; empty where none are needed."""

    constraint: Constraint = UNCONSTRAINED
    instructions: str = ""


@frozen
class Contract(Generic[T_co]):
    """What the answer must be: *target*, held by *constraint*, read with or without repairs.

    *weaker* are the ways to hold it that are left where the backend does not take that one.
    *guards*, where there are any, tell early which answer cannot become it.
    """

    target: Target[T_co]
    constraint: Constraint
    instructions: str
    strict: bool = False
    weaker: tuple[Rung, ...] = ()
    guards: Guards | None = None


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
        return (*_fitting(target, abilities), UNCONSTRAINED)
    held = _held(target, mode, abilities)
    if held is None:
        message = f"mode={mode!r} cannot hold {target.name}: use mode='auto' or 'prompt'"
        raise ConfigurationError(message)
    return (held,)


def _fitting(target: Target[object], abilities: Abilities) -> Iterator[Constraint]:
    """What holds *target* in each mode, in both dialects where there are two."""
    dialects = [abilities]
    if abilities.fallback is not None:
        dialects.append(replace(abilities, dialect=abilities.fallback))
    before: Constraint | None = None
    for mode in _taken(target, abilities):
        for each in dialects:
            held = _held(target, mode, each)
            if held is not None and held != before:
                yield held
            before = held


def _taken(target: Target[object], abilities: Abilities) -> Iterator[Mode]:
    """The modes in which a backend of these *abilities* takes a schema such as that of *target*."""
    if not isinstance(target, JsonTarget):
        yield from _taken_of_text(target, abilities)
        return
    of_object = _is_object(target.schema)
    for mode in abilities.modes:
        by_fields = mode == "native" and abilities.fields
        if by_fields or of_object or _takes_other_roots(mode, target, abilities):
            yield mode


def _taken_of_text(target: TextTarget[object], abilities: Abilities) -> Iterator[Mode]:
    """A grammar in a notation that is taken, and then a schema with the text as a member."""
    notation = notation_of(target.form)
    said = any(getattr(notation, name, None) is not None for name in abilities.notations)
    if said and "grammar" in abilities.modes:
        yield "grammar"
    if "native" in abilities.modes:
        yield "native"


def _held(target: Target[object], mode: Mode, abilities: Abilities) -> Constraint | None:
    """What holds *target* in this *mode*; None where it does not fit it."""
    if mode == "prompt":
        return UNCONSTRAINED
    if isinstance(target, JsonTarget):
        hold = _BY_MODE.get(mode)
        return None if hold is None else hold(target, abilities.dialect)
    if mode == "native" and abilities.fields:
        return _by_fields(target)
    if mode == "native" and not abilities.envelopes:
        return None
    return _text_held(target, mode, abilities.dialect)


def _by_fields(target: TextTarget[object]) -> Constraint:
    """A text by what it says: the fields of one record, or one of the options."""
    form = target.form
    if isinstance(form, ChoiceForm):
        return Constraint("native", _identifier(target), {"enum": [*form.options]})
    members: JsonObject = {each.name: each.schema for each in form.fields}
    schema: JsonObject = {"type": "object", "properties": members, "required": [*members]}
    return Constraint("native", _identifier(target), schema)


def _text_held(target: TextTarget[object], mode: Mode, dialect: str | None) -> Constraint | None:
    if mode == "grammar":
        notation = notation_of(target.form)
        return None if notation is None else Constraint("grammar", grammar=notation)
    schema = enveloped(target.form, dialect) if mode == "native" else None
    if schema is None:
        return None
    return Constraint("native", schema=schema, strict=dialect is not None, dialect=ENVELOPE)


def _takes_other_roots(mode: Mode, target: Target[object], abilities: Abilities) -> bool:
    """Whether *target*, which is no object, is taken as it is, or in an object of its own."""
    if not isinstance(target, JsonTarget) or mode not in {"native", "tool"}:
        return False
    if mode == "native" and abilities.any_root:
        return True
    return abilities.dialect is not None and fitted(target, abilities.dialect) is not None


def _is_object(schema: JsonObject) -> bool:
    root = resolve(schema, root=schema)
    return isinstance(root, dict) and root.get("type") == "object"


@lru_cache(maxsize=1024)
def natively(target: JsonTarget[object], dialect: str | None = None) -> Constraint:
    """What holds an answer to the schema of *target*, to all of it where *dialect* can say that."""
    return _put("native", target, dialect)


def _put(mode: Mode, target: JsonTarget[object], dialect: str | None) -> Constraint:
    name, low = _identifier(target), None if dialect is None else fitted(target, dialect)
    if low is None:
        return Constraint(mode, name, inlined(target.schema))
    return Constraint(mode, name, low.schema, strict=True, dialect=None if low.same else dialect)


@lru_cache(maxsize=1024)
def _identifier(target: Target[object]) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", target.name)[:64].strip("_") or "answer"


def _as_tool(target: JsonTarget[object], dialect: str | None) -> Constraint:
    return _put("tool", target, dialect)


def _in_json(target: JsonTarget[object], dialect: str | None) -> Constraint:
    del target, dialect
    return Constraint("json")


_BY_MODE: Mapping[Mode, Callable[[JsonTarget[object], str | None], Constraint]] = {
    "native": natively,
    "tool": _as_tool,
    "json": _in_json,
}
"""What holds an answer to a schema, in each mode that can."""
