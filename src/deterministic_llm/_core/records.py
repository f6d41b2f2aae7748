"""Frozen dataclasses that are declared and made quickly: a class goes in, its record comes out.

For a frozen class dataclasses write six functions and compile each when the class is declared: with
some hundreds of records that takes longer than all the rest of an import. Here one is written,
``__init__``, and the others are the same for all. And it fills a field without a call of
``object.__setattr__``, which halves what it takes to make a record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar, cast, dataclass_transform

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C")
T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(declared: type[C]) -> type[C]:
    """What ``dataclass(frozen=True, slots=True)`` makes of the class that is *declared*."""
    made = dataclass(init=False, repr=False, eq=False, slots=True)(declared)
    known: dict[str, object] = {}
    for each in _fields(made):
        known[f"store_{each.name}"] = getattr(made, each.name).__set__
    _complete(made, _initializer(made, known, lambda name: f"store_{name}(self, {name})"))
    _add(made, "__getstate__", _state)
    _add(made, "__setstate__", _restore)
    return made


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def quick(declared: type[C]) -> type[C]:
    """The same without slots, for records that are copied by ``changed`` or remember something.

    Their dict does not hold what is the default: the class has that already.
    """
    made = dataclass(init=False, repr=False, eq=False)(declared)
    defaults = {each.name: each.default for each in _fields(made) if each.default is not MISSING}

    def filling(name: str) -> str:
        stored = f"self.__dict__[{name!r}] = {name}"
        if name not in defaults:
            return stored
        same = "None" if defaults[name] is None else f"default_{name}"  # sooner than a global
        return f"if {name} is not {same}: {stored}"

    _complete(made, _initializer(made, {}, filling))
    return made


def changed(record: T, **members: object) -> T:
    """A copy of a quick *record* with other *members*: replace() takes ten times as long."""
    copy = object.__new__(type(record))
    own = copy.__dict__
    own.update(record.__dict__)
    own.update(members)
    return copy


def _initializer(
    made: type, known: dict[str, object], filling: Callable[[str], str]
) -> Callable[..., None]:
    """``__init__`` of *made*, with a statement for each field that looks up what is *known*."""
    known["MISSING"] = MISSING
    parameters, body = ["self"], ["pass"]
    for each in sorted(_fields(made), key=lambda each: each.kw_only is True):
        name, default = each.name, f"default_{each.name}"
        if each.kw_only and "*" not in parameters:
            parameters.append("*")
        if each.default is not MISSING:
            known[default] = each.default
            parameters.append(f"{name}={default}")
        elif each.default_factory is not MISSING:
            known[default] = each.default_factory
            parameters.append(f"{name}=MISSING")
            body.append(f"if {name} is MISSING: {name} = {default}()")
        else:
            parameters.append(name)
        body.append(filling(name))
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    source = f"def __init__({', '.join(parameters)}):\n  " + "\n  ".join(body)
    exec(source, known)  # noqa: S102  # as dataclasses make theirs
    initializer = cast("Callable[..., None]", known["__init__"])
    initializer.__qualname__ = f"{made.__qualname__}.__init__"
    initializer.__annotations__ = {each.name: each.type for each in _fields(made)}
    return initializer


def _complete(made: type, initializer: Callable[..., None]) -> None:
    """Give *made* what every frozen dataclass has."""
    compared, hashed = ["__class__"], ["__class__"]
    for each in _fields(made):
        if each.compare:
            compared.append(each.name)
        if each.compare if each.hash is None else each.hash:
            hashed.append(each.name)
    looked_at: Callable[[object], object] = attrgetter(*compared)
    counted: Callable[[object], object] = attrgetter(*hashed)

    def equal(self: object, other: object) -> object:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return looked_at(self) == looked_at(other)

    def hashing(self: object) -> int:
        return hash(counted(self))

    _add(made, "__init__", initializer)
    _add(made, "__repr__", _told)
    _add(made, "__eq__", equal)
    _add(made, "__hash__", hashing)
    _add(made, "__setattr__", _refuse_to_set)
    _add(made, "__delattr__", _refuse_to_delete)


def _add(made: type, name: str, function: Callable[..., object]) -> None:
    """Give *made* a *function*, unless it was declared with one of its own."""
    if vars(made).get(name) is None:
        setattr(made, name, function)


def _fields(record: object) -> tuple[Field[Any], ...]:
    return fields(cast("DataclassInstance", record))


@recursive_repr()
def _told(self: object) -> str:
    shown = [f"{each.name}={getattr(self, each.name)!r}" for each in _fields(self) if each.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_to_set(_: object, name: str, __: object) -> None:
    message = f"cannot assign to field {name!r}"
    raise FrozenInstanceError(message)


def _refuse_to_delete(_: object, name: str) -> None:
    message = f"cannot delete field {name!r}"
    raise FrozenInstanceError(message)


def _state(self: object) -> list[object]:
    """What is pickled and copied, as of other frozen dataclasses with slots."""
    return [getattr(self, each.name) for each in _fields(self)]


def _restore(self: object, state: list[object]) -> None:
    for each, value in zip(_fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
