"""The compiled schema node of an object: each member comes out under its property's own name."""

from __future__ import annotations

from collections.abc import Mapping

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.bending import DEEPEST, Compile, Node, Trace, Trial
from deterministic_llm._core.reading.alignment.bends import (
    KEY_ALIAS,
    KEY_SPELLING,
    KEY_TWICE,
    NULL_DROPPED,
    NUMBER_MONEY,
    Refused,
)
from deterministic_llm._core.reading.alignment.keys import Names, folded, is_misspelled, revised
from deterministic_llm._core.reading.alignment.numerals import bare
from deterministic_llm._core.reading.alignment.openings import (
    called,
    echoes_schema,
    from_text,
    opened,
)
from deterministic_llm._core.reading.alignment.units import currencies_named, money
from deterministic_llm._core.reading.alignment.vocabulary import CURRENCY_KEYS
from deterministic_llm._core.reading.syntax.documents import same


class ObjectNode:
    """An object: its properties by name, and what it says about other members."""

    __slots__ = (
        "_closed",
        "_compile",
        "_members",
        "_others",
        "_required",
        "_schema",
        "names",
        "plain",
    )

    def __init__(self, schema: JsonObject, compile_node: Compile) -> None:
        self.plain: frozenset[type] = frozenset()
        self._schema = schema
        self._compile = compile_node
        required = schema.get("required")
        named = required if isinstance(required, list) else []
        self._required = frozenset(each for each in named if isinstance(each, str))
        self.names: Names = names_of(schema)
        self._members: dict[str, Node] | None = None
        self._others: Node | None = None
        self._closed = False

    def bend(self, value: JsonValue, trace: Trace) -> JsonValue:
        """*value* with its members under their own names, each as its schema wants it."""
        if not isinstance(value, dict):
            return from_text(self, value, "{", trace)
        if trace.depth >= DEEPEST:
            return value
        trace.depth += 1
        mark, extras = len(trace.events), trace.extras
        result: JsonValue
        bent, strays = self._bent(value, trace)
        if len(trace.events) > mark:
            _check_currencies(value, trace, mark)
        result = bent
        if strays:
            trace.extras += strays
            trial = self._unwrapped(value, bent, trace, known=len(bent) > strays)
            if trial is not None:
                del trace.events[mark:]
                trace.extras = extras
                result = trace.take(trial)
        trace.depth -= 1
        return result

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """Whether *value* has what is required and nothing that is wrong."""
        if not isinstance(value, dict) or trace.depth >= DEEPEST:
            return False
        if not all(name in value for name in self._required):
            return False
        members, others = self._opened(), self._others
        if self.is_others_alone(value, depth=trace.depth):
            return False
        trace.depth += 1
        fitting = True
        for key, member in value.items():
            node = members.get(key, others)
            if self._closed if node is None else not node.fits(member, trace):
                fitting = False
                break
        trace.depth -= 1
        return fitting

    @property
    def members(self) -> Mapping[str, Node]:
        """The nodes of the properties by their names."""
        return self._opened()

    @property
    def others(self) -> Node | None:
        """The node of members that no property names, if the schema has one."""
        self._opened()
        return self._others

    @property
    def is_free(self) -> bool:
        """Whether the schema names no member, and so asks for none and refuses none."""
        return not (self._opened() or self._required or self._closed)

    @property
    def keeps_others(self) -> bool:
        """Whether a member that no property names is a part of the value for certain."""
        return self.is_free or self._schema.get("additionalProperties") is True

    def declared(self, key: str) -> str | None:
        """The property that *key* means."""
        return key if key in self._opened() else self.names.meant(key)

    def leaves_out_null(self, name: str) -> bool:
        """Whether null for the property *name* is as good as no value."""
        node = self._opened().get(name)
        return node is not None and name not in self._required and not node.fits(None, Trace())

    @property
    def is_loose(self) -> bool:
        """Whether it names members, and takes an object that has none of them."""
        free = self._others is not None or "patternProperties" in self._schema
        return bool(self._opened()) and not self._required and not self._closed and not free

    def knows(self, value: JsonObject) -> bool:
        """Whether some member of *value* is one that is named here, in whatever spelling."""
        return any(self.names.meant(key) is not None for key in value)

    def names_one_of(self, value: JsonObject) -> bool:
        """Whether some member of *value* has the very name that it has here."""
        return not self._opened().keys().isdisjoint(value)

    def is_others_alone(self, value: JsonObject, *, depth: int) -> bool:
        """Whether *value* has members, and none that was asked for, although none must be.

        It would be read as an object that says nothing. Where others are data they are one that
        says something, but the whole answer, at *depth* 0, is still none.
        """
        if not value or not self.is_loose or (depth and self.keeps_others):
            return False
        return not self.names_one_of(value)

    def _opened(self) -> dict[str, Node]:
        """The nodes of the members, made when a first value arrives."""
        if self._members is None:
            properties = self._schema.get("properties")
            named = properties if isinstance(properties, dict) else {}
            self._members = {name: self._compile(node, name) for name, node in named.items()}
            others = self._schema.get("additionalProperties")
            if isinstance(others, dict):
                self._others = self._compile(others, "")
                self._members.update(dict.fromkeys(_key_labels(self._schema), self._others))
            self._closed = others is False and "patternProperties" not in self._schema
        return self._members

    def _bent(self, value: JsonObject, trace: Trace) -> tuple[JsonObject, int]:
        """*value* with its members bent, and how many of them no property means."""
        changed: JsonObject = {}
        unknown: list[str] = []
        events, members = trace.events, self._opened()
        for key, member in value.items():
            node = members.get(key)
            if node is None:
                unknown.append(key)
            elif type(member) not in node.plain:
                mark = len(events)
                bent = node.bend(member, trace)
                if bent is not member:
                    changed[key] = bent
                if len(events) > mark:
                    trace.under(key, mark)
        if None in value.values():
            value = self._without_null(value, trace)
        if changed:
            value = {**value, **changed}
        return self._renamed(value, unknown, trace) if unknown else (value, 0)

    def _without_null(self, value: JsonObject, trace: Trace) -> JsonObject:
        """*value* less the members that are null where their schema takes anything but null."""
        left_out = [
            key for key, member in value.items() if member is None and self.leaves_out_null(key)
        ]
        for key in left_out:
            mark = len(trace.events)
            trace.note(NULL_DROPPED, None)
            trace.under(key, mark)
        return (
            {key: each for key, each in value.items() if key not in left_out} if left_out else value
        )

    def _renamed(
        self, value: JsonObject, unknown: list[str], trace: Trace
    ) -> tuple[JsonObject, int]:
        """*value* with each unknown key as the property that it means, in the order as written."""
        claims: dict[str, str] = {}
        renamed: dict[str, str | None] = {}
        changed: JsonObject = {}
        strays = 0
        for key in unknown:
            name = self.names.meant(key)
            if name is not None and self._says_again(name, value, value[key], trace):
                renamed[key] = None
            elif name is None or name in value:
                strays += self._others is None
                changed[key] = self._extra(key, value, trace)
            elif name in claims:
                renamed[key] = None
                self._claimed_twice(name, (value[claims[name]], value[key]), trace)
            else:
                claims[name] = key
                renamed[key] = name
                changed[key] = self._claimed(key, name, value[key], trace)
        if not renamed and all(each is value[key] for key, each in changed.items()):
            return value, strays
        members = {**value, **changed}
        names = {key: renamed.get(key, key) for key in members}
        return {name: members[key] for key, name in names.items() if name is not None}, strays

    def _says_again(self, name: str, value: JsonObject, member: JsonValue, trace: Trace) -> bool:
        """Whether *member*, of another spelling of *name*, is that of *name* itself once more.

        Where other members are data it is one of them; and null, where *name* takes none, is no
        value.
        """
        if name not in value or self._others is not None:
            return False
        node = self._opened()[name]
        if member is None and not node.fits(None, trace):
            return False
        mark, extras = len(trace.events), trace.extras
        bent = node.bend(member, trace)
        del trace.events[mark:]
        trace.extras = extras
        self._claimed_twice(name, (value[name], bent), trace)
        return True

    def _extra(self, key: str, value: JsonObject, trace: Trace) -> JsonValue:
        member = value[key]
        if self._others is None:
            self._check_meaning(key, value, trace)
            return member
        mark = len(trace.events)
        bent = self._others.bend(member, trace)
        trace.under(key, mark)
        return bent

    def _check_meaning(self, key: str, value: JsonObject, trace: Trace) -> None:
        """Refuse a *key* of no property that says what one is after all, or is misspelled for one.

        "final_score" says another score than "score"; "scor" would leave that at its default.
        """
        name = revised(key, self.names)
        if name in value and not same(value[name], value[key]):
            mark = len(trace.events)
            trace.note(Refused("duplicate_key", _REVISED), [value[name], value[key]])
            trace.under(name, mark)
        elif name is None:
            left_out = (each for each in self._opened() if each not in value)
            meant = next((each for each in left_out if is_misspelled(key, each)), None)
            if meant is not None and meant not in self._required:
                trace.note(Refused("extra", f'expected "{meant}", or no such key'), value[key])

    def _claimed(self, key: str, name: str, member: JsonValue, trace: Trace) -> JsonValue:
        mark = len(trace.events)
        trace.note(KEY_ALIAS if self.names.is_alias(key) else KEY_SPELLING, key, name)
        node = self._opened()[name]
        bent = node.bend(member, trace)
        trace.under(name, mark)
        return bent

    def _claimed_twice(self, name: str, values: tuple[JsonValue, JsonValue], trace: Trace) -> None:
        mark = len(trace.events)
        if same(*values):
            trace.note(KEY_TWICE, values[1], values[0])
        else:
            reason = "expected the member once: two keys mean it and their values differ"
            trace.note(Refused("duplicate_key", reason), list(values))
        trace.under(name, mark)

    def _unwrapped(
        self, value: JsonObject, bent: JsonObject, trace: Trace, *, known: bool
    ) -> Trial | None:
        """The payload of *value*, where it is a wrapper and not itself what is wanted."""
        complete = all(name in bent for name in self._required) and not self._closed
        if self.is_others_alone(bent, depth=trace.depth - 1):
            return self._anything_asked_for(value, trace)
        if complete or known:
            trial = called(self, value, trace)
        else:
            trial = opened(self, value, trace, kind="object")
        undeclared = "properties" not in self.names
        if trial is None and not complete and undeclared and echoes_schema(value):
            trace.note(Refused("placeholder", "expected values, not a schema"), value)
        return trial

    def _anything_asked_for(self, value: JsonObject, trace: Trace) -> Trial | None:
        """The payload of *value*, which has no member that was asked for, although none must be.

        An object of other members alone, as {"error": "..."}, is no answer.
        """
        trial = called(self, value, trace) or opened(self, value, trace, kind="object")
        payload = None if trial is None else trial.value
        if isinstance(payload, dict) and not self._opened().keys().isdisjoint(payload):
            return trial
        expected = "expected a member that was asked for, not others alone"
        trace.note(Refused("no_value", expected), value)
        return None


_REVISED = "expected the member once: a revision of it stands beside it"


def _check_currencies(value: JsonObject, trace: Trace, mark: int) -> None:
    """Refuse an amount with the sign of another currency than the one that stands beside it."""
    amounts = [
        (str(path[0]), before)
        for path, what, before, _ in trace.events[mark:]
        if what is NUMBER_MONEY and path is not None and path[1] is None
    ]
    beside = [
        currencies_named("", each)
        for key, each in (value.items() if amounts else ())
        if isinstance(each, str) and folded(key) in CURRENCY_KEYS
    ]
    named = frozenset[str]().union(*beside)
    for key, before in amounts:
        amount = money(bare(str(before)))
        if named and amount is not None and not named & amount[1]:
            at = len(trace.events)
            reason = "expected an amount in the currency that stands beside it"
            trace.note(Refused("ambiguous", reason), before)
            trace.under(key, at)


def names_of(schema: JsonObject) -> Names:
    """The names of the members of an object, and their aliases."""
    properties = schema.get("properties")
    named: Mapping[str, JsonValue] = properties if isinstance(properties, dict) else {}
    aliases: dict[str, str] = {}
    for name, node in named.items():
        listed = node.get("x-aliases") if isinstance(node, dict) else None
        for alias in listed if isinstance(listed, list) else ():
            if isinstance(alias, str):
                aliases[alias] = name
    return Names([*named, *_key_labels(schema)], aliases)


def _key_labels(schema: JsonObject) -> list[str]:
    """The keys that ``propertyNames`` lists."""
    keys = schema.get("propertyNames")
    labels = keys.get("enum") if isinstance(keys, dict) else None
    return [each for each in labels if isinstance(each, str)] if isinstance(labels, list) else []
