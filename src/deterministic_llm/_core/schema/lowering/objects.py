"""Objects: members that must be, may be, and have no name; what is left is closed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.lowering.codecs import VALUE, Codec
from deterministic_llm._core.schema.lowering.conditions import conditional
from deterministic_llm._core.schema.lowering.intersections import RESIDUE, both, other_member
from deterministic_llm._core.schema.lowering.optional import left_out, optional_text
from deterministic_llm._core.schema.lowering.patterns import fitted
from deterministic_llm._core.schema.lowering.records import KEY, REST, Entries, Record
from deterministic_llm._core.schema.lowering.scalars import honoured
from deterministic_llm._core.schema.lowering.scope import Low, Place, Scope
from deterministic_llm._core.schema.wording import resolve

_RULES = (
    "properties",
    "patternProperties",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "not",
    "if",
    "then",
    "else",
    RESIDUE,
)


@frozen
class _Others:
    """The members without a name: none, any, or those of a *schema* (None where not asked for)."""

    schema: JsonValue
    stated: bool
    pattern: str | None = None


_NONE = _Others(schema=False, stated=True)


def record(scope: Scope, node: JsonObject, place: Place) -> Low | None:
    """An object, in a definition of its own where it stands too deep."""
    if scope.too_deep(place):
        return scope.hoisted(node, place)
    named = _named(node)
    if named is None:
        return None
    if (
        "patternProperties" in node
        and not {"additionalProperties", "unevaluatedProperties"} & node.keys()
    ):
        scope.lose(place, "additionalProperties", "closed")
    others = _others(node, named)
    node = _less(scope, node, named, others)
    if not named and others.schema is not False:
        return _map(scope, node, others, place)
    if others.schema is True:
        named |= {name: each for name, each in conditional(node).items() if name not in named}
    if not _has_room(scope, named):
        return scope.text(node, place, f"an object with the members {', '.join(named)}")
    return _with_members(scope, node, named, others, place)


def _named(node: JsonObject) -> dict[str, JsonValue] | None:
    """The members that have a name, each with all that holds for it; None when one cannot be."""
    listed, names = node.get("properties"), node.get("required")
    known = listed if isinstance(listed, dict) else {}
    required = [each for each in names if isinstance(each, str)] if isinstance(names, list) else []
    patterns = {key: node[key] for key in node if key == "patternProperties"}
    named: dict[str, JsonValue] = {
        name: both(each, other_member(patterns, name)) for name, each in known.items()
    }
    for name in required:
        if name not in named:
            named[name] = other_member(node, name)
        if named[name] is False:
            return None
    return {name: each for name, each in named.items() if each is not False}


def _less(
    scope: Scope, node: JsonObject, named: Mapping[str, JsonValue], others: _Others
) -> JsonObject:
    """*node* without what *named* and *others* say: the rest of it is only described."""
    kept = {key: node[key] for key in node if key not in {"properties", "patternProperties"}}
    if others.schema is False or (_is_any(others) and not _stays_open(scope, others)):
        return kept
    listed, patterns = node.get("properties"), node.get("patternProperties")
    known = listed if isinstance(listed, dict) else {}
    forbidden: JsonObject = {name: known[name] for name in known if name not in named}
    kept |= {"properties": forbidden} if forbidden else {}
    if isinstance(patterns, dict) and patterns:
        is_held_to = others.pattern is not None and not (named and scope.dialect.maps)
        kept |= {} if is_held_to else {"patternProperties": patterns}
    return kept


def _is_any(others: _Others) -> bool:
    return others.schema is True or others.schema == {}


def _stays_open(scope: Scope, others: _Others) -> bool:
    return others.stated and scope.dialect.open_objects


def _others(node: JsonObject, named: Mapping[str, JsonValue]) -> _Others:
    patterns = node.get("patternProperties")
    stated = [key for key in ("additionalProperties", "unevaluatedProperties") if key in node]
    rest: JsonValue = node[stated[0]] if stated else True
    if not isinstance(patterns, dict) or not patterns:
        return _Others(rest, bool(stated) or not named)
    schemas = [each for each in patterns.values() if each is not False]
    if stated and rest is not False:
        schemas.append(rest)
    if not schemas:
        return _NONE
    only = next(iter(patterns)) if len(patterns) == 1 and (not stated or rest is False) else None
    distinct = [each for index, each in enumerate(schemas) if each not in schemas[:index]]
    schema: JsonValue = distinct[0] if len(distinct) == 1 else {"anyOf": distinct}
    return _Others(True if schema == {} else schema, stated=True, pattern=only)


def _has_room(scope: Scope, named: Mapping[str, JsonValue]) -> bool:
    dialect, spent = scope.dialect, scope.spent
    characters = sum(map(len, named))
    if (
        dialect.max_properties is not None
        and spent.properties + len(named) > dialect.max_properties
    ):
        return False
    if not scope.has_characters(characters):
        return False
    spent.properties += len(named)
    spent.characters += characters
    return True


def _map(scope: Scope, node: JsonObject, others: _Others, place: Place) -> Low | None:
    """An object whose keys are data: as it is, or as a list of keys and values."""
    inner = place.below("additionalProperties", deeper=True)
    if not scope.dialect.maps:
        return _entries(scope, node, others, place)
    low = scope.low(others.schema, inner)
    if low is None:
        return _with_members(scope, node, {}, _NONE, place)
    schema: JsonObject = {"type": "object"}
    rules = {name: node[name] for name in _RULES if name in node}
    if "propertyNames" in rules:  # in words, where no reference leads anywhere
        rules["propertyNames"] = resolve(rules["propertyNames"], root=scope.root)
    written = _key_pattern(scope, others)
    if written is not None:
        schema |= {"patternProperties": {written: low.schema or True}}
        schema["additionalProperties"] = False
    else:
        schema["additionalProperties"] = low.schema or True
        if others.pattern is not None:
            wanted: JsonValue = {"pattern": others.pattern}
            rules["propertyNames"] = both(rules.get("propertyNames", True), wanted)
    codec = Record({}, others=low.codec)
    return Low({**schema, **_told(scope, node, rules, place)}, codec, frozenset({"object"}))


def _key_pattern(scope: Scope, others: _Others) -> str | None:
    """The pattern of the keys, where the dialect holds them to it."""
    if others.pattern is None or "patternProperties" not in scope.dialect.keeps["object"]:
        return None
    return fitted(others.pattern, scope.dialect.patterns)


def _entries(scope: Scope, node: JsonObject, others: _Others, place: Place) -> Low | None:
    """Keys and values as a list, for dialects in which every member has a name."""
    inner = place.below("additionalProperties", deeper=True)
    names = node.get("propertyNames", True)
    key_rule: JsonValue = (
        {"type": "string"}
        if others.pattern is None
        else {"type": "string", "pattern": others.pattern}
    )
    key = scope.low(both(key_rule, names), inner)
    low = scope.low(others.schema, inner.below(VALUE, deeper=True))
    if key is None or low is None:
        return _with_members(scope, node, {}, _NONE, place)
    item = scope.closed({KEY: key.schema, VALUE: low.schema}, [KEY, VALUE])
    scope.spent.properties += 2
    rules = {name: node[name] for name in _RULES if name in node and name != "propertyNames"}
    counts = {_COUNTS[name]: rules.pop(name) for name in _COUNTS if name in rules}
    known = scope.dialect.keeps["array"]
    kept = {
        name: counts[name] for name in counts if name in known and honoured(scope, name, counts)
    }
    rules |= {name: counts[name] for name in counts if name not in kept}
    told = scope.told({**node, "type": "array"}, rules, place)
    schema: JsonObject = {"type": "array", "items": item, **kept, **told}
    return Low(schema, Entries(low.codec, key.codec), frozenset({"array"}), shifted=True)


_COUNTS: Mapping[str, str] = {"minProperties": "minItems", "maxProperties": "maxItems"}


def _told(scope: Scope, node: JsonObject, rules: JsonObject, place: Place) -> JsonObject:
    """The rules that are kept, and a description of the others."""
    known = scope.dialect.keeps["object"] & _COUNTS.keys()
    kept = {name: rules[name] for name in rules if name in known and honoured(scope, name, rules)}
    dropped = {name: rules[name] for name in rules if name not in kept}
    return {**kept, **scope.told({**node, "type": "object"}, dropped, place)}


@dataclass(slots=True)
class _Members:
    """The lowered members of one object, as they are put together."""

    schemas: JsonObject
    codecs: dict[str, tuple[str, Codec]]
    required: list[JsonValue]

    def add(self, name: str, above: str, low: Low, *, required: bool) -> None:
        """One more member, called *name* below."""
        self.schemas[name] = low.schema
        self.codecs[name] = (above, low.codec)
        self.required += [name] if required else []


def _with_members(
    scope: Scope,
    node: JsonObject,
    named: Mapping[str, JsonValue],
    others: _Others,
    place: Place,
) -> Low | None:
    members = _members(scope, node, named, place)
    if members is None:
        return None
    listed, kept_open = _rest(scope, others, place)
    rest = REST
    while rest in members.schemas:
        rest += "_"
    if listed is not None:
        members.schemas[rest] = listed.schema
        members.required.append(rest)
    schema = scope.closed(members.schemas, members.required)
    if kept_open is not None:
        schema["additionalProperties"] = kept_open.schema or True
    schema |= _told(scope, node, {name: node[name] for name in _RULES if name in node}, place)
    if not members.required and not scope.dialect.all_required:
        del schema["required"]
    codec = Record(
        members.codecs,
        None if kept_open is None else kept_open.codec,
        None if listed is None else listed.codec,
        rest,
        plain=listed is None and all(name == above for name, (above, _) in members.codecs.items()),
    )
    return Low(schema, codec, frozenset({"object"}))


def _members(
    scope: Scope, node: JsonObject, named: Mapping[str, JsonValue], place: Place
) -> _Members | None:
    """The members that have a name, lowered; None when one that there must be cannot be."""
    listed = node.get("required")
    required = listed if isinstance(listed, list) else []
    members = _Members({}, {}, [])
    for above, each in named.items():
        inner = place.below("properties", above, deeper=True)
        low, must = scope.low(each, inner), above in required
        if low is None and must:
            return None
        if low is None:
            continue
        if not must:
            low, must = left_out(scope, low, each, inner)
        members.add(_name(scope, above, (members.schemas, named)), above, low, required=must)
    if scope.dialect.one_required and members.schemas and not members.required:
        _require_one(scope, members, named, place)
    return members


def _require_one(
    scope: Scope, members: _Members, named: Mapping[str, JsonValue], place: Place
) -> None:
    """Make the first member required: null, as JSON text, leaves it out."""
    name, (above, codec) = next(iter(members.codecs.items()))
    low = Low(cast("JsonObject", members.schemas[name]), codec)
    text = optional_text(scope, low, named[above], place.below("properties", above))
    members.add(name, above, text, required=True)


def _name(scope: Scope, above: str, taken: Sequence[Mapping[str, object]]) -> str:
    """The name of a member below: as it is, unless the dialect does not take such names."""
    if scope.dialect.names is None or re.fullmatch(scope.dialect.names, above):
        return above
    name = free = re.sub(r"[^A-Za-z0-9_.-]+", "_", above)[:60] or "_"
    number = 1
    while any(free in each for each in taken):
        number += 1
        free = f"{name}{number}"
    return free


def _rest(scope: Scope, others: _Others, place: Place) -> tuple[Low | None, Low | None]:
    """How members without a name are said beside those that have one: listed, or as they are."""
    if others.schema is False:
        return None, None
    dialect = scope.dialect
    if _is_any(others):
        if _stays_open(scope, others):
            return None, Low({})
        scope.lose(place, "additionalProperties", "closed")
        return None, None
    if dialect.maps:
        inner = place.below("additionalProperties", deeper=True)
        return None, scope.low(others.schema, inner)
    return _entries(scope, {}, others, place.below("additionalProperties", deeper=True)), None
