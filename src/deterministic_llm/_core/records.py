"""Records that are made often: a frozen dataclass goes in, the same comes out, made faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C")
T = TypeVar("T")


def quick(record: type[C]) -> type[C]:
    """*record*, a frozen dataclass without slots, with an ``__init__`` that is three times as fast.

    What dataclasses write for a frozen class calls ``object.__setattr__`` once a field. This one
    fills the instance's dict, and leaves out what is the default: the class has that already.
    """
    known: dict[str, object] = {"MISSING": MISSING}
    parameters, body = ["self"], ["members = self.__dict__"]
    for each in fields(cast("type[DataclassInstance]", record)):
        name, default = each.name, f"default_{each.name}"
        stored = f"members[{name!r}] = {name}"
        if each.default is not MISSING:
            known[default] = each.default
            parameters.append(f"{name}={default}")
            same = "None" if each.default is None else default  # looked up faster than a global
            body.append(f"if {name} is not {same}: {stored}")
        elif each.default_factory is not MISSING:
            known[default] = each.default_factory
            parameters.append(f"{name}=MISSING")
            body += [f"if {name} is MISSING: {name} = {default}()", stored]
        else:
            parameters.append(name)
            body.append(stored)
    source = f"def __init__({', '.join(parameters)}) -> None:\n  " + "\n  ".join(body)
    exec(source, known)  # noqa: S102  # as dataclasses make theirs
    made = cast("Callable[..., None]", known["__init__"])
    made.__qualname__ = f"{record.__qualname__}.__init__"
    setattr(record, "__init__", made)  # noqa: B010  # mypy lets nobody assign it
    return record


def changed(record: T, **members: object) -> T:
    """A copy of a quick *record* with other *members*: replace() takes ten times as long."""
    copy = object.__new__(type(record))
    own = copy.__dict__
    own.update(record.__dict__)
    own.update(members)
    return copy
