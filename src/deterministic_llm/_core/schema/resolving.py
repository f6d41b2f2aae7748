"""References that lead nowhere, or back to where they stand: a schema goes in, it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import cast

from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import SchemaRegistry, SchemaResource, specification_with

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.walking import subschemas
from deterministic_llm._core.schema.wording import quote
from deterministic_llm.errors import SchemaError

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
"""Keywords whose schemas judge the very value that the schema around them does."""


def check_resolved(schema: JsonObject, *, dialect: str, name: str) -> None:
    """Refuse a reference of *schema* that its *dialect* cannot follow, or never has done with."""
    pointers = {id(node): pointer for pointer, node in subschemas(schema)}
    graph: dict[int, set[int]] = {}
    for node, targets, lost in _resolved(schema, dialect):
        where = f"{name} {pointers.get(id(node), '#')}"
        if lost is not None:
            problem = f"refers to {quote(lost)}, which is not there"
            raise SchemaError(where, problem, "refer to '#/$defs/...'")
        graph[id(node)] = {id(each) for each in [*_in_place(node), *targets]}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        where = f"{name} {pointers.get(error.args[1][0], '#')}"
        problem = "leads back to itself before any part of a value is looked at"
        raise SchemaError(where, problem, "let it go on in a member or an item") from None


def _resolved(
    schema: JsonObject, dialect: str
) -> Iterator[tuple[JsonObject, list[JsonValue], str | None]]:
    """Each object in *schema*, what it refers to as a validator finds it, and what is not there."""
    root: SchemaResource = specification_with(dialect).create_resource(schema)
    registry: SchemaRegistry = Registry()
    pending = [(registry.resolver_with_root(root), root)]
    while pending:
        resolver, resource = pending.pop()
        node = cast("JsonValue", resource.contents)
        if isinstance(node, dict):
            targets, lost = list[JsonValue](), None
            for reference in _references(node):
                try:
                    targets.append(cast("JsonValue", resolver.lookup(reference).contents))
                except Unresolvable:
                    lost = reference
            yield node, targets, lost
        pending += [(resolver.in_subresource(each), each) for each in resource.subresources()]


def _references(node: JsonObject) -> list[str]:
    found = map(node.get, _REFERENCES)
    return [each for each in found if isinstance(each, str)]


def _in_place(node: JsonObject) -> Iterator[JsonValue]:
    for keyword in _IN_PLACE:
        value = node.get(keyword)
        yield from value if isinstance(value, list) else [value]
    by_key = node.get("dependentSchemas")
    yield from by_key.values() if isinstance(by_key, dict) else ()
