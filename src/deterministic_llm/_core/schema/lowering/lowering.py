"""A schema goes in, what a backend takes comes out, with the losses and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.lowering.arrays import array
from deterministic_llm._core.schema.lowering.codecs import (
    VALUE,
    Climb,
    Codec,
    Fits,
    InexpressibleError,
    Wrapped,
    changes,
)
from deterministic_llm._core.schema.lowering.dialects import Dialect
from deterministic_llm._core.schema.lowering.editions import modern
from deterministic_llm._core.schema.lowering.intersections import (
    EmptyIntersection,
    intersection,
)
from deterministic_llm._core.schema.lowering.objects import record
from deterministic_llm._core.schema.lowering.parts import (
    flattened,
    is_reference,
    types_of,
    unwrapped,
)
from deterministic_llm._core.schema.lowering.references import name_at, references_in
from deterministic_llm._core.schema.lowering.scalars import CONDITIONS, constants, scalar
from deterministic_llm._core.schema.lowering.scope import (
    DEEPEST,
    Loss,
    Low,
    Place,
    Rule,
    Scope,
    key_of,
)
from deterministic_llm._core.schema.lowering.unions import alternatives, several_types
from deterministic_llm._core.schema.walking import rewritten, subschemas
from deterministic_llm.errors import SchemaError


class UnraisableError(ValueError):
    """An answer that has not the form of the lowered schema; *violations* say where."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__("; ".join(map(str, violations)))
        self.violations = violations


@frozen
class Lowered:
    """A *schema* that the dialect takes, what it does not hold an answer to, and the way back.

    *same* says that an answer to it is an answer to the original as it stands.
    """

    schema: JsonObject
    losses: tuple[Loss, ...]
    codec: Codec
    same: bool
    fits: Fits = field(repr=False)

    def raise_back(self, answer: JsonValue) -> JsonValue:
        """*answer*, which has the form of the lowered schema, in the form of the original one.

        Raises UnraisableError for what has two meanings or none. What comes back is not validated.
        """
        if self.same:
            return answer
        climb = Climb()
        raised = self.codec.up(answer, (), climb)
        if climb.problems:
            raise UnraisableError(tuple(climb.problems))
        return raised

    def push_down(self, instance: JsonValue) -> JsonValue:
        """*instance* of the original schema as an answer to the lowered one.

        Raises InexpressibleError for one that a recorded loss leaves no way to say.
        """
        answer = self.codec.down(instance)
        if not self.fits(answer):
            raise InexpressibleError
        return answer


def lower(schema: JsonObject, dialect: Dialect) -> Lowered:
    """Fit *schema* to *dialect*.

    Raises SchemaError for a schema that no value can fit, and for a ``$ref`` that leads outside.
    """
    root = modern(schema)
    scope = Scope(root, dialect, references_in(root), _lower)
    low = _lower(scope, {"$ref": "#"}, Place())
    if low is None:
        raise SchemaError("$", "no value can fit this schema", "correct its contradictions")
    scope.finish()
    name, top = _at_the_root(scope, low)
    scope.lowered |= {**top.schema, **_definitions(scope, top.schema)}
    whole = _without_copy(scope.lowered, name) if dialect.root_reference else scope.lowered
    fits = scope.answers(scope.lowered)
    return Lowered(whole, tuple(scope.losses), top.codec, not changes(top.codec), fits)


def _lower(scope: Scope, node: JsonValue, place: Place) -> Low | None:
    if node is False:
        return None
    if not isinstance(node, dict):
        return _anything(scope, {}, place)
    node = unwrapped(node)
    if is_reference(node):
        return _referred(scope, node, place)
    return _by_kind(scope, node, place)


def _by_kind(scope: Scope, node: JsonObject, place: Place) -> Low | None:
    """*node*, which is no bare reference, by what it is."""
    if place.depth > DEEPEST:
        return scope.text(node, place, "what is inside")
    if "allOf" in node or "$ref" in node:
        return _merged(scope, node, place)
    for keyword, rule in _BY_KEYWORD.items():
        if keyword in node:
            return rule(scope, node, place)
    kinds = types_of(node)
    if not kinds:
        return _anything(scope, node, place)
    if "type" not in node:
        scope.lose(place, "type", "narrowed")
    if len(kinds) > 1:
        return several_types(scope, {**node, "type": [*kinds]}, place)
    return _BY_TYPE[kinds[0]](scope, {**node, "type": kinds[0]}, place)


_BY_KEYWORD: Mapping[str, Rule] = {
    "const": constants,
    "enum": constants,
    "anyOf": alternatives,
    "oneOf": alternatives,
}
_BY_TYPE: Mapping[str, Rule] = {
    "object": record,
    "array": array,
    "string": scalar,
    "number": scalar,
    "integer": scalar,
    "boolean": scalar,
    "null": scalar,
}


def _referred(scope: Scope, node: JsonObject, place: Place) -> Low | None:
    """What a ``$ref`` leads to; what is said beside it stands around it."""
    pointer = scope.references.pointer(str(node["$ref"]))
    target = scope.references.target(pointer)

    def lower_there(inside: Place) -> Low | None:
        there = replace(inside, pointer=pointer)
        return scope.low(target, there)

    shared = pointer in scope.references.shared
    low = scope.defined(pointer, place, lower_there, name=name_at(pointer), shared=shared)
    said = node.get("description")
    if low is None or not isinstance(said, str) or not said.strip():
        return low
    if "$ref" in low.schema:
        if not scope.dialect.unions or not scope.takes_union():
            return low
        return replace(low, schema={"anyOf": [low.schema], "description": said})
    known = low.schema.get("description")
    words = said if not isinstance(known, str) or known in said else f"{said.rstrip('. ')}; {known}"
    return replace(low, schema={**low.schema, "description": words})


def _merged(scope: Scope, node: JsonObject, place: Place) -> Low | None:
    """A node with parts that must all hold, as one."""

    def lower_whole(inside: Place) -> Low | None:
        try:
            whole = intersection(flattened(scope.references, node))
        except EmptyIntersection:
            return None
        return scope.low(whole, inside)

    name = name_at(place.pointer)
    return scope.defined(key_of(node), place, lower_whole, name=name, shared=False)


def _anything(scope: Scope, node: JsonObject, place: Place) -> Low:
    """A value of any type: as it is where the dialect has that, else as JSON text."""
    dropped = {key: node[key] for key in node if key in CONDITIONS}
    said = scope.told(node, dropped, place)
    if scope.dialect.untyped:
        return Low({**said})
    return scope.text(said, place, "any value")


def _at_the_root(scope: Scope, low: Low) -> tuple[str | None, Low]:
    """*low* as the top of a schema: no reference, and an object where the dialect wants one.

    With it comes the name of the definition that it is a copy of, if it is one.
    """
    name: str | None = None
    while "$ref" in low.schema:
        name = str(low.schema["$ref"]).removeprefix("#/$defs/")
        known = next(each for each in scope.definitions.values() if each.name == name)
        if known.low is None:
            break
        low = replace(known.low, codec=low.codec)
    if not scope.dialect.object_root or low.schema.get("type") == "object":
        return name, low
    return None, Low(scope.closed({VALUE: low.schema}, [VALUE]), Wrapped(low.codec))


def _without_copy(schema: JsonObject, name: str | None) -> JsonObject:
    """*schema* with its top in the place of the definition *name*, which is the same."""
    definitions = schema.get("$defs")
    if not isinstance(definitions, dict) or name not in definitions:
        return schema
    others = {key: definitions[key] for key in definitions if key != name}
    kept: JsonObject = {key: schema[key] for key in schema if key != "$defs"}
    whole = rewritten(kept | ({"$defs": others} if others else {}), _to_the_top(name))
    return whole if isinstance(whole, dict) else schema


def _to_the_top(name: str) -> Callable[[JsonObject], JsonObject]:
    pointer = f"#/$defs/{name}"
    return lambda node: {**node, "$ref": "#"} if node.get("$ref") == pointer else node


def _definitions(scope: Scope, top: JsonObject) -> JsonObject:
    """The definitions that *top* needs, in the order of their first use."""
    known = {each.name: each.low.schema for each in scope.definitions.values() if each.low}
    kept: JsonObject = {}
    pending = [top]
    while pending:
        for name in _names_in(pending.pop()):
            if name not in kept and name in known:
                kept[name] = known[name]
                pending.append(known[name])
    return {"$defs": kept} if kept else {}


def _names_in(schema: JsonObject) -> Iterator[str]:
    for _, node in subschemas(schema):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix("#/$defs/")
