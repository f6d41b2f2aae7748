"""Which call of a function it was: its arguments go in, a digest that tells them comes out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from inspect import Signature
from types import FunctionType, MethodType
from typing import cast

from deterministic_llm._core.digests import Digest, is_fixed
from deterministic_llm.enforcer.signatures import AnyFunction, plain, without_turn
from deterministic_llm.errors import ConfigurationError

_NO_KEY = "key=: {} (give what JSON can say, or a function of the arguments that does)"


class Calls:
    """Tells the calls of *function* from one another, by its arguments or by what *key* says.

    *key* is a function of the arguments, or what it would return.
    """

    def __init__(self, function: AnyFunction, turn_at: int | None, key: object = None) -> None:
        held: tuple[object, ...] = ()
        if isinstance(function, MethodType):
            held, function = (function.__self__,), function.__func__
        elif isinstance(function, (classmethod, staticmethod)):
            function = cast("AnyFunction", function.__func__)
        self._function = function
        self._held = held
        self._turn_at = turn_at if turn_at is None else turn_at + len(held)
        self._key = key
        self._is_fixed = isinstance(function, FunctionType) and not function.__closure__

    def digest(
        self,
        held: tuple[object, ...],
        arguments: tuple[object, ...],
        keywords: Mapping[str, object],
    ) -> Digest:
        """Of the call with *arguments* and *keywords*, as a method of what is *held*.

        It is made when it is asked for; only what may change until then is looked at now. Raises
        ConfigurationError when the key cannot be written as JSON.
        """
        if self._key is not None:
            return self._by_key(arguments, keywords)
        function: object = self._function if self._is_fixed else _taken(self._function)
        given = (*self._held, *held, *arguments)
        if not is_fixed(given):
            given = tuple(map(_taken, given))
        if not is_fixed(keywords.values()):
            keywords = {name: _taken(value) for name, value in keywords.items()}
        return Digest(partial(self._said, function, given, keywords))

    def _by_key(self, arguments: tuple[object, ...], keywords: Mapping[str, object]) -> Digest:
        key = self._key
        if callable(key):
            key = key(*arguments, **keywords)
        inner = plain(self._function)
        name = f"{getattr(inner, '__module__', '')}.{getattr(inner, '__qualname__', '')}"
        digest = Digest(lambda: {"function": name, "key": key}).take()
        if digest.problem is not None:
            raise ConfigurationError(_NO_KEY.format(digest.problem))
        return digest

    def _said(
        self, function: object, arguments: tuple[object, ...], keywords: Mapping[str, object]
    ) -> object:
        try:
            bound = self._signature.bind(*arguments, **keywords)
        except TypeError:  # the call itself says better what does not fit
            return {"function": function, "arguments": arguments, "keywords": keywords}
        for name, parameter in self._signature.parameters.items():
            if name not in bound.arguments and parameter.default is not parameter.empty:
                bound.arguments[name] = _taken(parameter.default)
        return {"function": function, "arguments": bound.arguments}

    @cached_property
    def _signature(self) -> Signature:
        return without_turn(self._function, self._turn_at)


def _taken(value: object) -> object:
    """*value* if it can never change, else its digest as it is now."""
    return value if is_fixed((value,)) else Digest(lambda: value).take()
