"""The members of an output, whatever holds them: models, dataclasses, mappings and lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias, cast

from pydantic import BaseModel

from deterministic_llm._core.regexes import expression
from deterministic_llm.errors import SchemaError

Steps: TypeAlias = tuple[str | int, ...]
"""Keys and indices; ``*`` is every item."""

_STEP = expression(r"\.?([^\W\d]\w*)|\[(\d+|\*)\]")


def compiled_path(path: str, owner: str) -> Steps:
    """The steps of *path*, such as ``$.items[*].name``; SchemaError when it is none."""
    at = 1 if path.startswith("$") else 0
    steps: list[str | int] = []
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            raise SchemaError(owner, f"{path!r} is no path", "write it as items[*].name")
        name, index = found.groups()
        steps.append(name or (int(index) if index.isdecimal() else "*"))
        at = found.end()
    return tuple(steps)


def selected(value: object, steps: Steps) -> Iterator[tuple[Steps, object]]:
    """Each member of *value* at *steps* with its location in JSON; none where it is absent."""
    if not steps:
        yield (), value
        return
    for token, inner in _members(value, steps[0]):
        for location, found in selected(inner, steps[1:]):
            yield (token, *location), found


def items_of(value: object) -> list[object]:
    """The items of a list, tuple or set; TypeError for all else."""
    known: object = value  # not narrowed, so that its type can be named
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Collection):
        message = f"this rule reads lists, got {type(known).__name__}"
        raise TypeError(message)
    return list(cast("Collection[object]", value))


def _members(value: object, step: str | int) -> Iterator[tuple[str | int, object]]:
    if step == "*":
        mapping = isinstance(value, Mapping)
        known = cast("Mapping[str, object]", value) if mapping else dict(enumerate(items_of(value)))
        yield from cast("Mapping[str | int, object]", known).items()
    elif isinstance(step, int):
        items = items_of(value)
        if step < len(items):
            yield step, items[step]
    elif isinstance(value, Mapping):
        known = cast("Mapping[str, object]", value)
        if step in known:
            yield step, known[step]
    elif hasattr(value, step):
        yield _json_name(value, step), cast("object", getattr(value, step))


def _json_name(value: object, name: str) -> str:
    """The name of a member in JSON, where the model writes it."""
    field = type(value).model_fields.get(name) if isinstance(value, BaseModel) else None
    known = None if field is None else field.validation_alias
    return known if isinstance(known, str) else name
