"""Functions that make their own call: one goes in, and what tells it apart in a key comes out.

The prompt is made inside the function, where nobody sees it. So a function is known by its name, by
its code, and by the texts and numbers that this uses from outside: who edits a prompt asks anew.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial
from types import CodeType, FunctionType, MethodType
from typing import cast

from deterministic_llm._core.canonical import digest
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.telling import Unknown, UntoldError, by_repr, enclosed, told
from deterministic_llm.enforcer.signatures import AnyFunction, turn_position, without_turn
from deterministic_llm.errors import ConfigurationError

_NO_KEY = (
    "cache= of {}: the argument {!r} is of the type {}, of which no key can be made: "
    "pass key=lambda ...: the part of the arguments that decides the answer, as JSON"
)


def arguments_of(
    call: partial[object], key: Callable[..., object] | None, unknown: Unknown
) -> JsonValue:
    """The arguments of *call*, defaults included, or what *key* makes of them.

    Raises ConfigurationError for one of which no key can be made.
    """
    function, name = call.func, name_of(call.func)
    if key is not None:
        return _told("key=", key(*held_by(function), *call.args, **call.keywords), unknown, name)
    bound = without_turn(function, turn_position(function)).bind(*call.args, **call.keywords)
    bound.apply_defaults()
    arguments: JsonObject = {
        "self": [_told("self", each, unknown, name) for each in held_by(function)],
        **{each: _told(each, value, unknown, name) for each, value in bound.arguments.items()},
    }
    return {each: value for each, value in arguments.items() if each != "self" or value}


def name_of(function: AnyFunction) -> str:
    """Where *function* is found: its module and its qualified name."""
    plain = plain_of(function)
    return f"{plain.__module__}.{plain.__qualname__}"


def code_of(function: AnyFunction) -> str:
    """A digest of the code of *function* and of the constants that it uses from outside."""
    plain = plain_of(function)
    if not isinstance(plain, FunctionType):
        return ""
    code = _coded(plain.__code__)
    known = {name: plain.__globals__.get(name) for name in code.loaded}
    known |= enclosed(plain)
    constants = {name: told(each) for name, each in known.items() if _is_constant(each)}
    return digest([code.digest, {name: constants[name] for name in constants.keys() - code.stored}])


@frozen
class _Coded:
    """What a piece of code does, and which names from outside it reads and writes.

    A name that is written is a state and no constant.
    """

    digest: str
    loaded: frozenset[str]
    stored: frozenset[str]


@lru_cache(maxsize=1024)
def _coded(code: CodeType) -> _Coded:
    inner = [_coded(const) for const in code.co_consts if isinstance(const, CodeType)]
    consts = [const for const in code.co_consts if not isinstance(const, CodeType)]
    said = [code.co_code.hex(), code.co_names, [told(each, by_repr) for each in consts]]
    steps = [(step.opname, str(step.argval)) for step in dis.get_instructions(code)]
    loaded = frozenset(name for operation, name in steps if operation in _LOADS)
    stored = frozenset(name for operation, name in steps if operation in _STORES)
    return _Coded(
        digest([said, [each.digest for each in inner]]),
        loaded.union(*(each.loaded for each in inner)),
        stored.union(*(each.stored for each in inner)),
    )


_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
_STORES = frozenset({"STORE_GLOBAL", "STORE_DEREF", "DELETE_GLOBAL", "DELETE_DEREF"})


def _is_constant(value: object) -> bool:
    if isinstance(value, (tuple, frozenset)):
        return all(map(_is_constant, cast("Iterable[object]", value)))
    return isinstance(value, (str, bytes, int, float, Decimal, Enum))


def _told(name: str, value: object, unknown: Unknown, function: str) -> JsonValue:
    try:
        return told(value, unknown)
    except UntoldError as error:
        kind = type(error.value).__qualname__
        raise ConfigurationError(_NO_KEY.format(function, name, kind)) from error


def held_by(function: AnyFunction) -> tuple[object, ...]:
    """What *function* holds besides its code: a method's instance, what a partial was given."""
    if isinstance(function, MethodType):
        return (*held_by(cast("AnyFunction", function.__func__)), function.__self__)
    if isinstance(function, partial):
        given = cast("partial[object]", function)
        return (*held_by(given.func), *given.args, *given.keywords.values())
    return () if isinstance(function, FunctionType) else (function,)


def plain_of(function: AnyFunction) -> FunctionType | type:
    """The function behind a method or partial; the type of another callable object."""
    if isinstance(function, MethodType):
        return plain_of(cast("AnyFunction", function.__func__))
    if isinstance(function, partial):
        return plain_of(cast("partial[object]", function).func)
    if isinstance(function, (FunctionType, type)):
        return function
    return cast("type", type(function))
