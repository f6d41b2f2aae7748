"""A parsed JSON value bent to a schema: value and schema go in, the value and its edits come out.

Each edit is made by a named rule and recorded. What fits already is returned untouched; what no
rule can bend is left as it is, for the validator that runs afterwards; where a rule can say better
than a validator why there is no value, a violation says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from deterministic_llm._core.attempts import Repair, Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.arrays import ArrayNode
from deterministic_llm._core.reading.alignment.bending import Compile, Event, Node, Path, Trace
from deterministic_llm._core.reading.alignment.bends import Rule
from deterministic_llm._core.reading.alignment.leaves import (
    Anything,
    BooleanNode,
    LabelNode,
    Nothing,
    NullNode,
    NumberNode,
    TextNode,
)
from deterministic_llm._core.reading.alignment.objects import ObjectNode
from deterministic_llm._core.reading.alignment.scalars import Wanted
from deterministic_llm._core.reading.alignment.subschemas import flat
from deterministic_llm._core.reading.alignment.tags import tags_of
from deterministic_llm._core.reading.alignment.unions import UnionNode
from deterministic_llm._core.records import quick
from deterministic_llm._core.remembering import remembered
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.schema.wording import quote

_UNSHARED = ("discriminator", "title", "default", "examples", "x-aliases")
_DECIMAL_PATTERN = "^(?!^[-+.]*$)"
_IMPLIED = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "prefixItems": "array",
    "items": "array",
}


@quick
class Aligned:
    """The *value* after all edits, each edit, and what could not be told to be one value."""

    value: JsonValue
    repairs: tuple[Repair, ...]
    violations: tuple[Violation, ...]


class Plan:
    """A schema compiled for alignment; its nodes are made when a value first reaches them."""

    __slots__ = ("_keeps_others", "_nodes", "_open_unions", "_root", "_start")

    def __init__(self, schema: JsonObject, *, root: JsonObject, keeps_others: bool) -> None:
        self._root = root
        self._keeps_others = keeps_others
        self._nodes: dict[tuple[int, str], tuple[JsonValue, Node]] = {}
        self._open_unions: set[int] = set()
        self._start = self._node(schema, "")
        if isinstance(self._start, NumberNode | LabelNode):
            self._start.kind = "whole"
        elif isinstance(self._start, BooleanNode):
            self._start.whole = True

    @property
    def start(self) -> Node:
        """The node of the whole."""
        return self._start

    def align(self, value: JsonValue) -> Aligned:
        """*value* bent to the schema. Never raises; linear in the value."""
        if type(value) in self._start.plain:
            return Aligned(value, (), ())
        trace = Trace()
        try:
            bent = self._start.bend(value, trace)
            return _aligned(bent, trace.events) if trace.events else Aligned(bent, (), ())
        except (RecursionError, ValueError):
            # A stack that the caller had nearly used up, or an integer too long for Python to
            # write: such a value is left to the validator.
            return Aligned(value, (), ())

    def _node(self, schema: JsonValue, name: str) -> Node:
        """The node of *schema* under *name*, made once: a reference leads back to the same node."""
        key = (id(schema), name)
        if key not in self._nodes:
            self._nodes[key] = (schema, self._made(flat(schema, self._root), name))
        return self._nodes[key][1]

    def _made(self, schema: JsonObject | None, name: str) -> Node:
        if schema is None:
            return Nothing()
        if "const" in schema:
            return LabelNode([schema["const"]], name=name)
        labels = schema.get("enum")
        if isinstance(labels, list):
            return LabelNode(labels, name=name)
        for keyword in ("anyOf", "oneOf"):
            members = schema.get(keyword)
            if isinstance(members, list) and members:
                return self._union(schema, keyword, members, name)
        return self._typed(schema, name)

    def _union(self, schema: JsonObject, keyword: str, members: list[JsonValue], name: str) -> Node:
        base = {key: schema[key] for key in schema if key not in (keyword, *_UNSHARED)}
        if _is_decimal(schema, members):
            bounded = next((each for each in members if isinstance(each, dict)), base)
            return NumberNode(Wanted("decimal", {**bounded, **base}, name))
        if id(members) in self._open_unions:
            return Nothing()  # alternatives that contain themselves add nothing to themselves
        self._open_unions.add(id(members))
        parts: list[JsonValue] = [{"allOf": [each, base]} if base else each for each in members]
        nodes = [self._node(part, name) for part in parts]
        self._open_unions.remove(id(members))
        flats = [each for part in parts if isinstance(each := flat(part, self._root), dict)]
        tagged = len(flats) > 1 and all(isinstance(node, ObjectNode) for node in nodes)
        tags = tags_of(flats, nodes, _tag_name(schema)) if tagged else None
        return UnionNode(nodes, tags, keeps_others=self._keeps_others)

    def _typed(self, schema: JsonObject, name: str) -> Node:
        kind = schema.get("type")
        if isinstance(kind, list):
            return UnionNode([self._typed({**schema, "type": each}, name) for each in kind], None)
        if kind is None:
            kind = next((_IMPLIED[key] for key in schema if key in _IMPLIED), None)
        make = _MAKERS.get(kind) if isinstance(kind, str) else None
        return Anything() if make is None else make(schema, name, self._node)


def compile_schema(
    schema: JsonObject, *, root: JsonObject | None = None, keeps_others: bool = True
) -> Plan:
    """The plan that aligns values to *schema*; references are looked up in *root*, or in itself.

    *keeps_others* says whether the output has members of a value that the schema does not name.
    """
    return Plan(schema, root=schema if root is None else root, keeps_others=keeps_others)


def _aligned(value: JsonValue, events: Sequence[Event]) -> Aligned:
    repairs: list[Repair] = []
    violations: list[Violation] = []
    for path, what, before, after in events:
        where = _where(path)
        if isinstance(what, Rule):
            repairs.append(Repair(what.name, where, before, after, what.loss))
        else:
            violations.append(Violation(where, what.code, what.reason, quote(before), what.fix))
    return Aligned(value, tuple(repairs), tuple(violations))


@remembered(1024)
def _where(path: Path) -> str:
    tokens: list[str | int] = []
    while path is not None:
        token, path = path
        tokens.append(token)
    return json_path(tokens)


_MAKERS: Mapping[str, Callable[[JsonObject, str, Compile], Node]] = {
    "object": lambda schema, _, compile_node: ObjectNode(schema, compile_node),
    "array": lambda schema, _, compile_node: ArrayNode(schema, compile_node),
    "integer": lambda schema, name, _: NumberNode(Wanted("integer", schema, name)),
    "number": lambda schema, name, _: NumberNode(Wanted("number", schema, name)),
    "string": lambda schema, name, _: TextNode(schema, name=name),
    "boolean": lambda _, name, __: BooleanNode(name=name),
    "null": lambda _, __, ___: NullNode(),
}


def _tag_name(schema: JsonObject) -> str | None:
    discriminator = schema.get("discriminator")
    name = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
    return name if isinstance(name, str) else None


def _is_decimal(schema: JsonObject, members: Sequence[JsonValue]) -> bool:
    """Whether a number or text stands for one decimal: so pydantic writes it, with a pattern."""
    if schema.get("format") == "decimal":
        return True
    patterns = [each.get("pattern") for each in members if isinstance(each, dict)]
    return len(members) == 2 and any(
        isinstance(pattern, str) and pattern.startswith(_DECIMAL_PATTERN) for pattern in patterns
    )
