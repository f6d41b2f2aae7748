"""Pydantic's core schemas as trees: a node goes in, the nodes below it come out, or a changed one.

A name of a member is no word of the core schema, also where it is spelled like one.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from typing import TypeAlias, cast

Node: TypeAlias = Mapping[str, object]
"""A part of pydantic's core schema."""


def below(node: Node) -> Iterator[Node]:
    """The nodes right below *node* that validate, or hold one that does."""
    pending = [_by_name(key, each) for key, each in node.items() if key not in _SETTLED]
    while pending:
        each = pending.pop()
        if isinstance(each, list | tuple):
            pending += cast("list[object]", each)
        elif isinstance(each, dict):
            yield cast("Node", each)


def _by_name(key: str, value: object) -> object:
    """What stands there by names, where *value* holds nodes by those."""
    if key in _NAMED and isinstance(value, dict):
        return [*cast("Node", value).values()]
    return value


def changed(node: Node, change: Callable[[Node], Node], *, keeps: Container[object] = ()) -> Node:
    """*node* with every node in it as *change* makes it, inner ones first; itself if none is.

    Of the types that it *keeps*, it changes neither a node nor what stands in it.
    """
    if node.get("type") in keeps:
        return node

    def made(value: object) -> object:
        if isinstance(value, dict):
            return changed(cast("Node", value), change, keeps=keeps)
        if isinstance(value, list | tuple):
            return _items(cast("list[object]", value), made)
        return value

    return change(_members(node, partial(_value, made)))


def _value(made: Callable[[object], object], key: str, value: object) -> object:
    """The *value* of a node's *key*, with what stands in it *made*."""
    if key in _SETTLED:
        return value
    if key in _NAMED and isinstance(value, dict):
        return _members(cast("Node", value), lambda _, each: made(each))
    return made(value)


def _members(node: Node, made: Callable[[str, object], object]) -> Node:
    found = {key: made(key, each) for key, each in node.items()}
    return node if all(found[key] is each for key, each in node.items()) else found


def _items(items: list[object], made: Callable[[object], object]) -> object:
    found = [made(each) for each in items]
    same = all(a is b for a, b in zip(found, items, strict=True))
    return items if same else type(items)(found)


_NAMED = ("fields", "choices")
"""Keys whose value may hold nodes by names, or by tags."""
_SETTLED = frozenset({"config", "default", "expected", "members", "metadata", "serialization"})
"""Keys under which no node stands that validates."""
