"""Types whose values may be one of several models, one of which may lose what another one names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from pydantic_core import SchemaValidator, core_schema

from deterministic_llm._core.schema.cores import Node, below

_HOLDERS = frozenset({"model-fields", "typed-dict", "dataclass-args", "definition-ref"})
"""What names members, or may stand for it."""


def may_lose(core: Node) -> bool:
    """Whether pydantic may take a model for a value of which another one names more members.

    It does where the other has a validator that refuses the value. A tag says which is meant, and
    where a model keeps what it does not name nothing is lost.
    """
    every = [*_nodes(core)]
    if not CAN_FORBID or any(map(_keeps_extras, every)):
        return False
    return any(each.get("type") == "union" and _holders(each) > 1 for each in every)


def _holders(union: Node) -> int:
    """How many of the choices of *union* name members."""
    choices = below({"choices": union["choices"]})
    return sum(any(node.get("type") in _HOLDERS for node in _nodes(each)) for each in choices)


def _keeps_extras(node: Node) -> bool:
    config = cast("Node", node.get("config") or {})
    return "allow" in (node.get("extra_behavior"), config.get("extra_fields_behavior"))


def _nodes(core: Node) -> Iterator[Node]:
    pending = [core]
    while pending:
        node = pending.pop()
        yield node
        pending += below(node)


def _can_forbid() -> bool:
    """Whether pydantic is told in a call to refuse members that a type does not name."""
    try:
        SchemaValidator(core_schema.int_schema()).validate_python(1, extra="forbid")
    except TypeError:
        return False
    return True


CAN_FORBID = _can_forbid()
