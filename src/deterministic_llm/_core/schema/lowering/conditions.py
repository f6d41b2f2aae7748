"""Members that only a condition names: where all others are closed, they must be said, too."""

from __future__ import annotations

from collections.abc import Iterator

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.lowering.intersections import RESIDUE

_ALTERNATIVE = ("then", "else", "anyOf", "oneOf", "allOf", RESIDUE)
"""Keywords whose schemas say what a member is where they hold."""


def conditional(node: JsonObject) -> dict[str, JsonValue]:
    """The members that the conditions of *node* name, each as one of those that they say it is.

    It may be anything where they say no more than its name.
    """
    found: dict[str, list[JsonValue]] = {}
    for name, said in _named_in(node):
        known = found.setdefault(name, [])
        if said is not None and said not in known:
            known.append(said)
    members = {name: _one_of(said) for name, said in found.items()}
    return {name: each for name, each in members.items() if each is not False}


def _one_of(said: list[JsonValue]) -> JsonValue:
    if len(said) > 1:
        return {"anyOf": [each for each in said if each is not False]}
    return said[0] if said else True


def _named_in(node: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    """The names in the conditions of *node*, each with what is said of it; None for no more."""
    asked = node.get("if")
    if isinstance(asked, dict):
        yield from ((name, None) for name, _ in _members(asked))
    by_name = node.get("dependentRequired")
    for name, names in by_name.items() if isinstance(by_name, dict) else ():
        yield from ((each, None) for each in [name, *_texts(names)])
    by_schema = node.get("dependentSchemas")
    for name, each in by_schema.items() if isinstance(by_schema, dict) else ():
        yield name, None
        yield from _members(each)
    for keyword in _ALTERNATIVE:
        inner = node.get(keyword)
        for each in inner if isinstance(inner, list) else [inner]:
            yield from _members(each)


def _members(node: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """The members that *node*, a condition, names, and those that the ones in it do."""
    if not isinstance(node, dict):
        return
    properties = node.get("properties")
    if isinstance(properties, dict):
        yield from properties.items()
    yield from ((name, None) for name in _texts(node.get("required")))
    yield from _named_in(node)


def _texts(names: JsonValue) -> list[str]:
    return [each for each in names if isinstance(each, str)] if isinstance(names, list) else []
