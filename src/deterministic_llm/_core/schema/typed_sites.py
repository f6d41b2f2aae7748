"""The places of a Python type: pydantic's own schema goes in, the validators of members come out.

A member is validated by itself only where its own validators decide: nothing before it may change
what it is, as a validator that runs before its model's could, or one of several alternatives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import cast

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.complaints import Complaints
from deterministic_llm._core.schema.cores import Node, below, changed
from deterministic_llm._core.schema.exactness import validator_of
from deterministic_llm._core.schema.kinds import has_floats
from deterministic_llm._core.schema.losses import may_lose
from deterministic_llm._core.schema.plainness import is_plain
from deterministic_llm._core.schema.sites import (
    FORBIDDEN,
    IGNORED,
    UNBOUNDED,
    UNKNOWN,
    Bounds,
    LooksAround,
    Members,
    Site,
    Token,
    labels_of,
)
from deterministic_llm._core.schema.twins import twins_of
from deterministic_llm._core.schema.validating import TypeDecoder
from deterministic_llm._core.schema.violations import member


def site_of_type(core_schema: object, schema: JsonObject) -> Site:
    """The place of the whole of a type, whose JSON Schema is *schema*."""
    whole, definitions = cast("Node", core_schema), dict[str, Node]()
    if whole["type"] == "definitions":
        listed = cast("Sequence[Node]", whole["definitions"])
        definitions = {str(each["ref"]): each for each in listed}
        whole = cast("Node", whole["schema"])
    return _Sites(schema, definitions).site(_Spot(whole, _NO_CONFIG, schema, ""))


_NO_CONFIG: Node = {}


@frozen
class _Spot:
    """A *core* schema with the *config* of what it stands in, its JSON Schema, and its *name*."""

    core: Node
    config: Node
    node: JsonValue
    name: str


class _Sites:
    """Makes the places of one type, those of a recursive one once."""

    def __init__(self, root: JsonObject, definitions: Mapping[str, Node]) -> None:
        self._root = root
        self._definitions = definitions
        # Each with its spot, so that no other object is given the identity of a part of it.
        self._made: dict[tuple[int, int], tuple[_Spot, Site]] = {}

    def site(self, spot: _Spot) -> Site:
        key = id(spot.core), id(spot.config)
        if key not in self._made:
            carrier = self._carrier(spot)
            bounds = UNBOUNDED if carrier is None else self._bounds(carrier)
            open_ = partial(self._members, carrier)
            made = Site(partial(self._decoder, spot), open_, bounds=bounds)
            self._made[key] = spot, made
        return self._made[key][1]

    def _carrier(self, spot: _Spot) -> _Spot | None:
        """What holds the members at *spot*; None where something else decides what they are."""
        core, config = spot.core, spot.config
        while (kind := str(core["type"])) not in _HOLDERS:
            if kind == "definition-ref":
                core = self._definitions[str(core["schema_ref"])]
                continue
            if kind in {"model", "dataclass"}:
                config = cast("Node", core.get("config", _NO_CONFIG))
            if kind not in _SEEN_THROUGH or core.get("custom_init") or _mends(core):
                return None
            core = cast("Node", core[_SEEN_THROUGH[kind]])
        if kind == "typed-dict":
            config = cast("Node", core.get("config") or config)
        return _Spot(core, config, spot.node, spot.name)

    def _members(self, carrier: _Spot | None) -> Members:
        if carrier is None:
            return _NOWHERE
        return _OPENERS.get(str(carrier.core["type"]), _nothing)(self, carrier)

    def inner(self, holder: _Spot, core: object, token: Token) -> Site:
        """The place of the member *token* of *holder*."""
        node = member(holder.node, token, self._root)
        name = token if isinstance(token, str) else holder.name
        return self.site(_Spot(cast("Node", core), holder.config, node, name))

    def _bounds(self, carrier: _Spot) -> Bounds:
        core, config = carrier.core, carrier.config
        kind = core["type"]
        if kind == "str":
            most = core.get("max_length", config.get("str_max_length"))
            strips = core.get("strip_whitespace", config.get("str_strip_whitespace"))
            return Bounds(cast("int | None", most), stripped=bool(strips))
        if kind == "list":
            return Bounds(most_items=cast("int | None", core.get("max_length")))
        if kind in {"literal", "enum"} and "missing" not in core:
            return Bounds(labels=labels_of(carrier.node, self._root))
        return UNBOUNDED

    def _decoder(self, spot: _Spot) -> TypeDecoder[object] | None:
        """What validates a value at *spot*, with the definitions that it refers to."""
        core = _sealed(spot.core, spot.name)
        needed = self._needed(core)
        whole = {"type": "definitions", "schema": core, "definitions": needed} if needed else core
        validator = validator_of(whole, spot.config)
        node = spot.node if isinstance(spot.node, dict) else {}
        shared = {key: self._root[key] for key in ("$defs",) if key in self._root}
        schema: JsonObject = {**shared, **node}
        twins = twins_of(whole, spot.config)
        plain = twins is None and is_plain(whole)  # no other member is refused here
        validate = validator.validate_python if plain else None
        floats, loses = has_floats(schema), may_lose(whole)
        return TypeDecoder(validator, Complaints(schema), floats, validate, twins, loses)

    def _needed(self, core: Node) -> list[Node]:
        """The definitions that *core* refers to, and those that they do."""
        found: dict[str, Node] = {}
        pending = [*_references(core)]
        while pending:
            name = pending.pop()
            if name not in found and name in self._definitions:
                found[name] = _sealed(self._definitions[name], "")
                pending += _references(found[name])
        return [*found.values()]


def _mends(core: Node) -> bool:
    """Whether a wrong value is replaced by a default."""
    return core.get("on_error", "raise") != "raise"


_SEEN_THROUGH: Mapping[str, str] = {
    "dataclass": "schema",
    "default": "schema",
    "function-after": "schema",
    "json-or-python": "json_schema",
    "lax-or-strict": "strict_schema",
    "model": "schema",
    "nullable": "schema",
}
"""What leaves a value as it is until its members are valid, and where its own schema stands."""
_HOLDERS = frozenset(
    {
        "dataclass-args",
        "dict",
        "enum",
        "frozenset",
        "list",
        "literal",
        "model-fields",
        "named-tuple",
        "set",
        "str",
        "tuple",
        "typed-dict",
    }
)


_NOWHERE = Members({}, UNKNOWN, UNKNOWN)


def _nothing(sites: _Sites, holder: _Spot) -> Members:
    del sites, holder
    return _NOWHERE


def _of_fields(sites: _Sites, holder: _Spot) -> Members:
    """The members of a model, a dataclass or a typed dictionary, by the names they have in JSON."""
    fields = list(_fields(holder.core))
    aliases = [(name, field, field.get("validation_alias")) for name, field in fields]
    named: dict[Token, Site] = {name: UNKNOWN for name, _ in fields}  # it may go by name, too
    named |= {
        alias: sites.inner(holder, field["schema"], alias)
        for name, field, said in aliases
        if isinstance(alias := name if said is None else said, str)
    }
    if not all(said is None or isinstance(said, str) for _, _, said in aliases):
        return Members(named, UNKNOWN, UNKNOWN)
    kept = holder.core.get("extra_behavior") or holder.config.get("extra_fields_behavior")
    others = {"allow": UNKNOWN, "forbid": FORBIDDEN}.get(str(kept), IGNORED)
    return Members(named, others, UNKNOWN)


def _fields(core: Node) -> Iterator[tuple[str, Node]]:
    fields = core["fields"]
    if isinstance(fields, Mapping):
        yield from cast("Mapping[str, Node]", fields).items()
    else:
        for field in cast("Sequence[Node]", fields):
            if field.get("init", True):
                yield str(field["name"]), field


def _of_items(sites: _Sites, holder: _Spot) -> Members:
    return Members({}, UNKNOWN, _child(sites, holder, "items_schema", 0))


def _of_values(sites: _Sites, holder: _Spot) -> Members:
    if holder.core.get("keys_schema", _TEXT) != _TEXT:
        return _NOWHERE  # two keys may be one
    return Members({}, _child(sites, holder, "values_schema", ""), UNKNOWN)


def _child(sites: _Sites, holder: _Spot, key: str, token: Token) -> Site:
    core = holder.core.get(key)
    return UNKNOWN if core is None else sites.inner(holder, core, token)


def _of_tuple(sites: _Sites, holder: _Spot) -> Members:
    items = cast("Sequence[Node]", holder.core["items_schema"])
    if holder.core.get("variadic_item_index") is None:
        return Members(_numbered(sites, holder, items), UNKNOWN, UNKNOWN)
    return Members({}, UNKNOWN, sites.inner(holder, items[0], 0) if len(items) == 1 else UNKNOWN)


def _of_named_tuple(sites: _Sites, holder: _Spot) -> Members:
    fields = cast("Sequence[Node]", holder.core["fields"])
    items = [cast("Node", each["schema"]) for each in fields]
    return Members(_numbered(sites, holder, items), UNKNOWN, UNKNOWN)


def _numbered(sites: _Sites, holder: _Spot, items: Sequence[Node]) -> Mapping[Token, Site]:
    return {index: sites.inner(holder, core, index) for index, core in enumerate(items)}


_TEXT: Node = {"type": "str"}
_OPENERS: Mapping[str, Callable[[_Sites, _Spot], Members]] = {
    "dataclass-args": _of_fields,
    "dict": _of_values,
    "frozenset": _of_items,
    "list": _of_items,
    "model-fields": _of_fields,
    "named-tuple": _of_named_tuple,
    "set": _of_items,
    "tuple": _of_tuple,
    "typed-dict": _of_fields,
}


class _Alone:
    """What a validator is told of the run when its member is validated by itself."""

    def __init__(self, info: object, name: str) -> None:
        self._info = info
        self.field_name = name

    @property
    def data(self) -> object:
        """The members beside it, which may not have come yet."""
        raise LooksAround

    def __getattr__(self, name: str) -> object:
        return getattr(self._info, name)


def _sealed(core: Node, name: str) -> Node:
    """*core* with its validators told of no other members, down to what has members itself."""
    return changed(core, partial(_told_of_none, name), keeps=_OWN_MEMBERS)


def _told_of_none(name: str, node: Node) -> Node:
    if node.get("type") == "with-info" and callable(function := node["function"]):
        return {**node, "function": partial(_told_alone, function, name)}
    return node


def _told_alone(function: Callable[..., object], name: str, /, *given: object) -> object:
    *values, info = given
    return function(*values, _Alone(info, name))


_OWN_MEMBERS = frozenset({"model-fields", "dataclass-args", "typed-dict"})


def _references(core: Node) -> Iterator[str]:
    pending = [core]
    while pending:
        node = pending.pop()
        if node.get("type") == "definition-ref":
            yield str(node["schema_ref"])
        pending += below(node)
