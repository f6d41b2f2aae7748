"""The only member of an object, said by itself: a list for the object around it, or a value.

In: the target, and what a text says where the member alone is looked for. Out: what it says of the
object. Only lists and values that stand for themselves are taken: a name before them may be that of
something else, and any text would do where the member is a text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Repair, Violation
from deterministic_llm._core.drafts import Draft
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.goals import Goal, goal_of
from deterministic_llm._core.reading.judging import bend, outside_thinking
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.syntax.documents import Document
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.kinds import kinds, kinds_of_items
from deterministic_llm._core.schema.walking import subschemas
from deterministic_llm._core.schema.wording import resolve
from deterministic_llm.errors import SchemaError

T = TypeVar("T")


@frozen
class Lone:
    """The member *name* of an object that has no other, and what its value must be."""

    name: str
    goal: Goal[JsonValue]


@lru_cache(maxsize=1024)
def lone_member(goal: Goal[object]) -> Lone | None:
    """The only member of the objects that are wanted, if it is required and no free text."""
    root = goal.target.schema
    node = resolve(root, root=root)
    properties = node.get("properties") if isinstance(node, dict) else None
    if not isinstance(node, dict) or not isinstance(properties, dict) or len(properties) != 1:
        return None
    (name,) = properties
    closed = node.get("additionalProperties", False) is False and not node.keys() & _OTHERS
    alone = closed and node.get("required") == [name]
    if kinds(root) != frozenset({"object"}) or not alone or goal.target.keyed or goal.ascent:
        return None
    member = resolve(properties[name], root=root)
    if not isinstance(member, dict) or not kinds(member) <= _KINDS or _is_free_text(member):
        return None
    from deterministic_llm._core.schema.document import (  # noqa: PLC0415  # loads jsonschema
        schema_target,
    )

    schema: JsonObject = {**{key: root[key] for key in _KEPT if key in root}, **member}
    if any(_leads_out(node) for _, node in subschemas(schema)):
        return None
    try:
        return Lone(name, goal_of(schema_target(schema, name=goal.target.name)))
    except SchemaError:  # a type may have patterns that no document may have
        return None


def read_alone(
    text: str,
    lone: Lone,
    reading: Unread,
    goal: Goal[T],
    context: object,
    read: Callable[[str, Goal[JsonValue], object], Parsed[JsonValue] | Unread],
) -> Parsed[T] | Unread:
    """What *text* says of the *lone* member by itself; *reading* where it says nothing."""
    if not _may_be_alone(text, lone):
        return reading
    said = read(text, lone.goal, context)
    if isinstance(said, Unread):
        return _unread(said, lone, reading)
    start, end = said.span
    if said.truncated or _has_words(text[:start], lone) or _has_words(text[end:], lone):
        return reading
    wrapped = Repair("only member", f"$.{lone.name}", None, None, "format")
    document = Document({lone.name: said.output}, end, (*said.repairs, wrapped))
    whole = bend(document, goal, context, start=start)
    return replace(whole, draft=None) if isinstance(whole, Unread) else whole


def _unread(said: Unread, lone: Lone, reading: Unread) -> Unread:
    """What is wrong with the items of a list, which is more than that no object is there."""
    if said.draft is None or not isinstance(said.draft.value, list) or said.draft.truncated:
        return reading
    violations = tuple(_within(lone.name, each) for each in said.violations)
    return Unread(violations, said.repairs_tried, Draft({lone.name: said.draft.value}))


def _may_be_alone(text: str, lone: Lone) -> bool:
    """Whether no object, and no name, stands in *text* before what may be the member."""
    visible = outside_thinking(text)
    first = _BRACKET.search(visible)
    if not _is_list(lone):
        return first is None and _SAYS.search(visible) is None
    return first is None or first[0] == "["


def _has_words(said: str, lone: Lone) -> bool:
    """Whether words stand there that may name another thing, or say it of it."""
    records = _is_list(lone) and kinds_of_items(lone.goal.target.schema) == frozenset({"object"})
    return not records and _WORD.search(_FENCE.sub("", outside_thinking(said))) is not None


def _leads_out(node: JsonObject) -> bool:
    """Whether *node* refers to what is not there where the member is the whole."""
    said = [node[key] for key in ("$ref", "$dynamicRef", "$recursiveRef") if key in node]
    return not all(str(each).startswith(("#/$defs/", "#/definitions/")) for each in said)


def _is_list(lone: Lone) -> bool:
    return kinds(lone.goal.target.schema) == frozenset({"array"})


def _is_free_text(member: JsonObject) -> bool:
    said = {"enum", "const"} & member.keys() or member.get("format") in _MOMENTS
    return kinds(member) == frozenset({"string"}) and not said


def _within(name: str, violation: Violation) -> Violation:
    """*violation* of the member, as one of the object around it."""
    return replace(violation, path=f"$.{name}{violation.path[1:]}")


_KEPT = ("$schema", "$defs", "definitions")
_KINDS = frozenset({"array", "integer", "number", "boolean", "string"})
_OTHERS = frozenset({"patternProperties", "anyOf", "oneOf", "allOf", "if", "propertyNames"})
"""Keywords by which an object may have more members than it names."""
_MOMENTS = ("date", "date-time", "time", "duration")
_BRACKET = expression(r"[\[{]")
_SAYS = expression(r"[:=\uff1a]")
_WORD = expression(r"\w")
_FENCE = expression(r"```\w*")
