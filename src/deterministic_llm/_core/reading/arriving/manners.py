"""How a value may be shown before it is complete: a schema node goes in, its manner comes out."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

from deterministic_llm._core.reading.alignment.arrays import ArrayNode
from deterministic_llm._core.reading.alignment.bending import Node
from deterministic_llm._core.reading.alignment.keys import folded
from deterministic_llm._core.reading.alignment.leaves import Anything
from deterministic_llm._core.reading.alignment.numerals import LONGEST
from deterministic_llm._core.reading.alignment.objects import ObjectNode
from deterministic_llm._core.reading.alignment.unions import UnionNode
from deterministic_llm._core.reading.alignment.vocabulary import (
    ENVELOPES,
    NULL_WORDS,
    TOOL_NAMES,
    TOOL_PAYLOADS,
    TOOL_REST,
)
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

Pace: TypeAlias = Literal["at once", "once it is no word for null", "closed"]
"""From when on a text is shown."""


@frozen
class Manner:
    """How the kinds of values of one node arrive.

    *text* says when the pieces of a string may be shown. *mapping* and *listing* are the nodes that
    an object and a list are shown by, member by member; without one, they are shown as a whole.
    """

    text: Pace
    mapping: ObjectNode | Anything | None = None
    listing: ArrayNode | Anything | None = None


@lru_cache(maxsize=4096)
def manner_of(node: Node) -> Manner:
    """How values of *node* arrive; worked out once."""
    match node:
        case Anything():
            return Manner("at once", node, node)
        case ObjectNode():
            return Manner("closed", mapping=node)
        case ArrayNode():
            return Manner("closed", listing=node)
        case UnionNode():
            return _of_union(node)
        case _:
            return Manner("at once" if str in node.plain else "closed")


def _of_union(union: UnionNode) -> Manner:
    """Alternatives close as a whole; null beside one other member is none."""
    pace: Pace = "closed"
    if str in union.settled:
        pace = "at once" if str in union.plain else "once it is no word for null"
    if union.sole is None:
        return Manner(pace)
    sole = manner_of(union.sole)
    return Manner(pace, sole.mapping, sole.listing)


@lru_cache(maxsize=4096)
def settles(node: ObjectNode, key: str) -> bool:
    """Whether an object with *key* is itself what *node* wants, whatever else comes in it.

    Without a key of the target it may be an envelope, or the call of a tool.
    """
    if node.others is not None:
        return True
    known = node.is_free or node.declared(key) is not None
    return known and folded(key) not in _OF_TOOLS


def wraps(node: ObjectNode | ArrayNode | Anything, key: str, *, listed: bool) -> bool:
    """Whether what stands under *key* is likely to be what *node* wants, in an envelope.

    It is a list or not, as *listed* says.
    """
    if isinstance(node, Anything) or listed != isinstance(node, ArrayNode):
        return False
    names = node.names
    return folded(key) in ENVELOPES and (names is None or key not in names)


def can_be_null(text: str) -> bool:
    """Whether a string that begins with *text* may come to be a word for null."""
    if len(text) > LONGEST:
        return False
    letters = _NO_LETTERS.sub("", text.casefold())
    return any(word.startswith(letters) for word in _NULL_LETTERS)


_OF_TOOLS = TOOL_NAMES | TOOL_PAYLOADS | TOOL_REST | {"function"}
_NO_LETTERS = expression(r"[\W_]++")
_NULL_LETTERS = {_NO_LETTERS.sub("", word) for word in NULL_WORDS}
