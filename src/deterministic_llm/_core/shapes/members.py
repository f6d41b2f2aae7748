"""Members of a foreign object or of its JSON, by name, narrowed to what is expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast


def get(holder: object, name: str) -> object:
    """The member *name*, by key or by attribute; None when there is none, or none to be had."""
    if isinstance(holder, Mapping):
        return cast("Mapping[str, object]", holder).get(name)
    try:
        return cast("object", getattr(holder, name, None))
    except RuntimeError:  # the body of a response that was not read, in httpx and in requests
        return None


def has(holder: object, name: str) -> bool:
    """Whether there is a member *name*, be it None."""
    return name in holder if isinstance(holder, Mapping) else hasattr(holder, name)


def items(value: object) -> Sequence[object]:
    """*value* if it is a list, else nothing."""
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()


def first(value: object) -> object:
    """The first item of the list *value*; None when there is none."""
    return next(iter(items(value)), None)


def text(value: object) -> str | None:
    """*value* if it is a str that says something."""
    return value if isinstance(value, str) and value else None


def count(holder: object, *names: str) -> int:
    """The first of the members *names* that counts something, else 0."""
    values = (get(holder, name) for name in names)
    return next((value for value in values if type(value) is int and value > 0), 0)


def joined(parts: Iterable[object], name: str = "text") -> str | None:
    """The members *name* of content *parts* put together; None when there are none."""
    return "".join(filter(None, (text(get(part, name)) for part in parts))) or None
