"""Which call of a function it was: its arguments go in, a digest that tells them comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from inspect import Signature
from types import CellType, FunctionType, MappingProxyType, MethodType
from typing import TypeAlias, cast

from deterministic_llm._core.digests import Digest, UntellableError, is_fixed
from deterministic_llm._core.telling import enclosed
from deterministic_llm.enforcer.identities import code_of, name_of
from deterministic_llm.enforcer.signatures import AnyFunction, without_turn

_UNFIT = ("what was given", "is not what the function takes")
_Key: TypeAlias = Callable[..., object]
_Given: TypeAlias = tuple[object, ...]
_Cells: TypeAlias = tuple[tuple[str, CellType], ...]


class Calls:
    """Tells the calls of *function* from one another: by its arguments, or by what *key* says."""

    def __init__(self, function: AnyFunction, turn_at: int | None, key: _Key | None = None) -> None:
        held: _Given = ()
        if isinstance(function, MethodType):
            held, function = (function.__self__,), function.__func__
        elif isinstance(function, (classmethod, staticmethod)):
            function = cast("AnyFunction", function.__func__)
        self._function = function
        self._held = held
        self._turn_at = turn_at if turn_at is None else turn_at + len(held)
        self._key = key
        self._cells: _Cells | None = None
        self._seen: tuple[Sequence[tuple[CellType, object]], Mapping[str, object]] | None = None
        if isinstance(function, FunctionType):
            names = function.__code__.co_freevars
            self._cells = tuple(zip(names, function.__closure__ or (), strict=True))

    def digest(self, held: _Given, arguments: _Given, keywords: Mapping[str, object]) -> Digest:
        """Of the call with *arguments* and *keywords*, as a method of what is *held*.

        It is made when it is asked for; only what may change until then is looked at now.
        """
        given = arguments
        if held or self._held:
            given = (*self._held, *held, *arguments)
        if self._key is not None:
            key = self._key(*given, **keywords)
            return Digest(partial(self._by_key, _now(key)))
        around = _NOTHING if self._cells == () else self._around()
        if given and not is_fixed(given):
            given = tuple(map(_now, given))
        if keywords and not is_fixed(keywords.values()):
            keywords = {name: _now(value) for name, value in keywords.items()}
        return Digest(partial(self._by_arguments, around, given, keywords))

    def _around(self) -> Mapping[str, object]:
        """What the function holds besides its code, as it is now."""
        function = self._function
        if self._cells is None or not isinstance(function, FunctionType):
            return {"self": _now(function)}  # a partial, or another object that can be called
        try:
            if self._seen is not None:
                for cell, value in self._seen[0]:
                    if cell.cell_contents is not value:
                        break
                else:
                    return self._seen[1]
            around: Mapping[str, object] = {name: cell.cell_contents for name, cell in self._cells}
        except ValueError:  # one has no value yet
            return {name: _now(value) for name, value in enclosed(function).items()}
        if not is_fixed(around.values()):
            return {name: _now(value) for name, value in around.items()}
        self._seen = [(cell, around[name]) for name, cell in self._cells], around
        return around

    def _by_key(self, key: object) -> object:
        return {"function": name_of(self._function), "key": _then("what key= gives", key)}

    def _by_arguments(
        self,
        around: Mapping[str, object],
        arguments: _Given,
        keywords: Mapping[str, object],
    ) -> object:
        named = {name: _then(f"the variable {name!r}", value) for name, value in around.items()}
        said = {"function": self._name, "around": named}
        try:
            bound = self._signature.bind(*arguments, **keywords)
        except TypeError as error:  # the call itself says better what does not fit
            raise UntellableError(*_UNFIT) from error
        for name, parameter in self._signature.parameters.items():
            if name not in bound.arguments and parameter.default is not parameter.empty:
                bound.arguments[name] = _now(parameter.default)
        given = {
            name: _then(f"the argument {name!r}", value) for name, value in bound.arguments.items()
        }
        return {**said, "arguments": given}

    @cached_property
    def _name(self) -> Sequence[str]:
        """Many have the name of a lambda: they are told by their code, too."""
        name = name_of(self._function)
        return (name, code_of(self._function)) if name.endswith("<lambda>") else (name,)

    @cached_property
    def _signature(self) -> Signature:
        return without_turn(self._function, self._turn_at)


def _now(value: object) -> object:
    """*value* if it can never change, else its digest as it is now."""
    return value if is_fixed((value,)) else Digest(lambda: value).take()


def _then(where: str, value: object) -> object:
    """What stands for *value*, which was looked at before; raises UntellableError if in vain."""
    if isinstance(value, Digest):
        if value.problem is not None:
            raise UntellableError(where, value.problem)
        return {"sha256": value.hex}
    if type(value) is tuple:  # of a variable number of arguments
        return [_then(where, each) for each in cast("_Given", value)]
    if type(value) is dict:
        members = cast("dict[str, object]", value)
        return {name: _then(where, each) for name, each in members.items()}
    return value


_NOTHING: Mapping[str, object] = MappingProxyType({})
