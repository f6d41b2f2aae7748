"""A function seen from outside: its colour, where its Turn goes, and what is left without it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from types import MethodType
from typing import cast, get_args

from deterministic_llm.enforcer.turn import Turn

AnyFunction = Callable[..., object]
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def waits(function: object) -> bool:
    """Whether calling *function* gives something to await or to iterate asynchronously."""
    inner = plain(function)
    return inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner)


def turn_position(function: AnyFunction) -> int | None:
    """Where the Turn goes: the first parameter annotated so, with at most one (self) before it.

    Raises TypeError for a Turn anywhere else, where it could not be given.
    """
    parameters = list(_signature(function).parameters.values())
    turns = [at for at, each in enumerate(parameters) if _is_turn(each.annotation)]
    if not turns:
        return None
    first = turns[0]
    if len(turns) > 1 or first > 1 or parameters[first].kind not in _BY_PLACE:
        name = parameters[turns[-1]].name
        message = f"parameter {name!r} is a Turn: only the first one (after self) can be that"
        raise TypeError(message)
    return first


def without_turn(function: AnyFunction, turn_at: int | None) -> inspect.Signature:
    """The signature that callers see."""
    signature = _signature(function)
    kept = [each for at, each in enumerate(signature.parameters.values()) if at != turn_at]
    return signature.replace(parameters=kept)


def plain(function: object) -> object:
    """The function behind partials, bound, class and static methods and callable objects."""
    while True:
        if isinstance(function, partial):
            function = cast("object", function.func)
        elif isinstance(function, classmethod | staticmethod | MethodType):
            function = cast("object", function.__func__)
        elif inspect.isroutine(function) or inspect.isclass(function):
            return function
        else:
            function = cast("object", type(function).__call__)


def _signature(function: AnyFunction) -> inspect.Signature:
    if isinstance(function, classmethod | staticmethod):
        function = cast("AnyFunction", function.__func__)
    try:
        return inspect.signature(function, eval_str=True)
    except NameError:  # annotations that only a type checker imports stay text
        return inspect.signature(function)
    except ValueError as error:  # a class that is built in
        message = f"{function!r} does not say what it takes: decorate a function of your own"
        raise TypeError(message) from error


def _is_turn(annotation: object) -> bool:
    if isinstance(annotation, str):
        return any(
            part.strip("'\" ").rpartition(".")[2] == Turn.__name__ for part in annotation.split("|")
        )
    return annotation is Turn or Turn in get_args(annotation)
