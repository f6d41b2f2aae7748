"""What one lowering knows and has used up so far: definitions, losses, budgets, validators."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeAlias, cast

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.kinds import ALL_KINDS
from deterministic_llm._core.schema.lowering.clauses import clause, joined
from deterministic_llm._core.schema.lowering.codecs import SAME, Codec, Fits, Reference, Text
from deterministic_llm._core.schema.lowering.dialects import Dialect
from deterministic_llm._core.schema.lowering.intersections import RESIDUE
from deterministic_llm._core.schema.lowering.references import References, name_at
from deterministic_llm._core.schema.wording import describe

UNROLLED = 3
"""How often a part that holds itself is written out where a backend has no recursion."""
MOST_WRITTEN = 500
"""Definitions that are written out where a backend has no references; of a part in two places,
which has parts in two places, there would soon be thousands."""
NESTED = 15
"""Definitions inside definitions that are lowered at once; the others wait for their turn."""
DEEPEST = 60
"""Nested objects and lists after which the rest is JSON text, whatever the dialect."""


class Checker(Protocol):
    """What of a validator of jsonschema is used here."""

    def evolve(self, *, schema: JsonValue) -> Checker:
        """The same for a part of the schema."""
        ...

    def is_valid(self, instance: JsonValue) -> bool:
        """Whether *instance* is valid."""
        ...


LossKind: TypeAlias = Literal["described", "closed", "null", "narrowed", "text"]
"""What is lost: a rule that is only described; members without a name; the difference between null
and nothing; values of other types; the form inside a JSON text."""


@frozen
class Loss:
    """What an answer is not held to: *keyword* at *pointer* of the original schema."""

    pointer: str
    keyword: str
    kind: LossKind


@frozen
class Place:
    """Where a node stands: its *pointer*, how *deep* in its definition, how often *unrolled*."""

    pointer: str = "#"
    depth: int = 1
    unrolled: int = 0

    def below(self, *tokens: str, deeper: bool = False) -> Place:
        """The place that *tokens* lead to."""
        path = "/".join(each.replace("~", "~0").replace("/", "~1") for each in tokens)
        depth = self.depth + 1 if deeper else self.depth
        return replace(self, pointer=f"{self.pointer}/{path}", depth=depth)


@frozen
class Low:
    """A lowered node, its way down and up, and the types of JSON that it can be below.

    *shifted* says that it is below of another type than above.
    """

    schema: JsonObject
    codec: Codec = SAME
    kinds: frozenset[str] = ALL_KINDS
    shifted: bool = False


@dataclass(slots=True)
class Definition:
    """A part that has a name, and may be referred to before it is lowered."""

    name: str
    codec: Reference
    low: Low | None = None
    used: bool = False


@dataclass(slots=True)
class Spent:
    """What the limits of a dialect count."""

    properties: int = 0
    enum: int = 0
    characters: int = 0
    optional: int = 0
    unions: int = 0
    written: int = 0


Rule: TypeAlias = "Callable[[Scope, JsonObject, Place], Low | None]"
"""How one kind of node is lowered; None where no value can fit it."""


@dataclass(slots=True)
class Scope:
    """One lowering of *root* for *dialect*; *lower* is how any node inside is lowered."""

    root: JsonObject
    dialect: Dialect
    references: References
    lower: Callable[[Scope, JsonValue, Place], Low | None]
    losses: dict[Loss, None] = field(default_factory=dict[Loss, None])
    definitions: dict[tuple[str, int], Definition] = field(
        default_factory=dict[tuple[str, int], Definition]
    )
    spent: Spent = field(default_factory=Spent)
    nesting: int = 0
    waiting: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    lowered: JsonObject = field(default_factory=dict[str, JsonValue])
    above: Checker | None = None
    below: Checker | None = None

    def low(self, node: JsonValue, place: Place) -> Low | None:
        """*node* lowered; None where no value can fit it."""
        return self.lower(self, node, place)

    def lose(self, place: Place, keyword: str, kind: LossKind) -> None:
        """Record that *keyword* is not held to at *place*."""
        self.losses[Loss(place.pointer, keyword, kind)] = None

    def closed(self, members: JsonObject, required: Sequence[JsonValue]) -> JsonObject:
        """An object of these *members* and no others."""
        stated: JsonObject = {"additionalProperties": False} if self.dialect.states_closed else {}
        return {"type": "object", "properties": members, "required": [*required], **stated}

    def takes_union(self) -> bool:
        """Whether there is room for one more union, which is taken then."""
        most = self.dialect.max_unions
        if most is not None and self.spent.unions >= most:
            return False
        self.spent.unions += 1
        return True

    def has_characters(self, count: int) -> bool:
        """Whether there is room for *count* characters more of names and constants."""
        most = self.dialect.max_characters
        return most is None or self.spent.characters + count <= most

    def told(self, node: JsonObject, dropped: Mapping[str, JsonValue], place: Place) -> JsonObject:
        """The description of *node* with a clause for what is *dropped*, all of it recorded."""
        for keyword in dropped:
            self.lose(place, "allOf" if keyword == RESIDUE else keyword, "described")
        kind = node.get("type")
        said = clause(dropped, kind if isinstance(kind, str) else "") if dropped else ""
        return described(node, said)

    def text(self, node: JsonObject, place: Place, said: str) -> Low:
        """Any value as JSON text, which is to be *said*."""
        self.lose(place, "type", "text")
        words = f"JSON text of {said}" if said else "JSON text"
        schema: JsonObject = {"type": "string", **described(node, words)}
        return Low(schema, Text(), frozenset({"string"}), shifted=True)

    def defined(
        self,
        key: str,
        place: Place,
        lower: Callable[[Place], Low | None],
        *,
        name: str,
        shared: bool,
    ) -> Low | None:
        """What *lower* makes of the part known by *key*, in a definition where that is needed.

        It is when the part is *shared* or holds itself. Where a dialect has no recursion, or no
        references, the part is written out some times, and then JSON text.
        """
        known = self.definitions.get((key, place.unrolled))
        recurs = known is not None and known.low is None and not self.dialect.recursion
        if (recurs and place.unrolled >= UNROLLED) or (known is None and not self._has_room()):
            return self.text({}, place, "the same again")
        if recurs:
            again = replace(place, unrolled=place.unrolled + 1)
            return self.defined(key, again, lower, name=name, shared=shared)
        if known is not None:
            return self._referred(known)
        made = Definition(self._free_name(name), Reference())
        self.definitions[key, place.unrolled] = made
        inner = replace(place, depth=1) if shared and self.dialect.references else place
        if shared and self.dialect.references and self.nesting >= NESTED:
            self.waiting.append(lambda: self._complete(made, lower(inner), inner))
            return self._referred(made)
        self.nesting += 1
        low = lower(inner)
        self.nesting -= 1
        if low is not None and (made.used or (shared and self.dialect.references)):
            made.low, made.codec.inner = low, low.codec
            return self._referred(made)
        del self.definitions[key, place.unrolled]
        return low

    def _has_room(self) -> bool:
        """Whether one more part is written out where there are no references."""
        self.spent.written += not self.dialect.references
        return self.spent.written <= MOST_WRITTEN

    def finish(self) -> None:
        """Lower the definitions that wait for their turn."""
        while self.waiting:
            self.waiting.pop(0)()

    def _complete(self, made: Definition, low: Low | None, place: Place) -> None:
        made.low = self.text({}, place, "nothing that fits") if low is None else low
        made.codec.inner = made.low.codec

    def too_deep(self, place: Place) -> bool:
        """Whether an object or list at *place* is deeper than the dialect takes."""
        return self.dialect.max_depth is not None and place.depth > self.dialect.max_depth

    def hoisted(self, node: JsonObject, place: Place) -> Low | None:
        """*node* in a definition of its own, from which its depth is counted anew."""
        if not self.dialect.references:
            return self.text(node, place, describe(node, root=self.root))

        def lower_there(inside: Place) -> Low | None:
            return self.low(node, inside)

        name = name_at(place.pointer)
        return self.defined(key_of(node), place, lower_there, name=name, shared=True)

    def _referred(self, known: Definition) -> Low:
        known.used = True
        schema: JsonObject = {"$ref": f"#/$defs/{known.name}"}
        if known.low is None:
            return Low(schema, known.codec)
        return Low(schema, known.codec, known.low.kinds, known.low.shifted)

    def definition(self, reference: str) -> JsonObject | None:
        """What *reference* leads to in the lowered schema; None while that is not lowered."""
        name = reference.removeprefix("#/$defs/")
        found = [each.low for each in self.definitions.values() if each.name == name]
        return found[0].schema if found and found[0] is not None else None

    def _free_name(self, name: str) -> str:
        taken = {each.name for each in self.definitions.values()}
        free, number = name, 1
        while free in taken:
            number += 1
            free = f"{name}{number}"
        return free

    def fits(self, node: JsonValue) -> Fits:
        """Whether a value is valid for *node* of the original schema."""
        whole = _with_residue(node)

        def valid(value: JsonValue) -> bool:
            if self.above is None:
                self.above = validator_of(self.root)
            return self.above.evolve(schema=whole).is_valid(value)

        return valid

    def answers(self, schema: JsonObject) -> Fits:
        """Whether a value is valid for *schema*, a part of the lowered one."""

        def valid(value: JsonValue) -> bool:
            if self.below is None:
                self.below = validator_of(self.lowered)
            return self.below.evolve(schema=schema).is_valid(value)

        return valid


def described(node: JsonObject, said: str) -> JsonObject:
    """The description of *node* with *said* behind it, as a part of a schema."""
    words = joined(node.get("description"), said)
    return {} if words is None else {"description": words}


def _with_residue(node: JsonValue) -> JsonValue:
    if not isinstance(node, dict) or RESIDUE not in node:
        return node
    return {**{key: node[key] for key in node if key != RESIDUE}, "allOf": node[RESIDUE]}


def validator_of(schema: JsonObject) -> Checker:
    """What checks values of *schema*, formats included, and fetches nothing."""
    from deterministic_llm._core.schema.choosing import newest  # noqa: PLC0415  # jsonschema

    plain: JsonObject = {key: schema[key] for key in schema if key != "$schema"}
    return cast("Checker", newest(plain))


def key_of(node: JsonValue) -> str:
    """One text for one node."""
    return json.dumps(node, sort_keys=True)
