"""Instances of any JSON Schema at random: best effort, so that the caller checks what comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any

from jsonschema.protocols import Validator

from deterministic_llm._core.schema.expressions import (
    Chain,
    Chars,
    Either,
    Group,
    Node,
    Repeat,
    UnreadableExpressionError,
    parse_expression,
)
from deterministic_llm._core.schema.wording import lookup

_WORDS = (
    "a",
    "Bern",
    "it's",
    'q"q',
    "ä",
    "42",
    "true",
    "null",
    "x\ny",
    "",
    "[1]",
    "some more words",
)
_FORMATS = {
    "date": "2026-03-09",
    "time": "12:30:00Z",
    "date-time": "2026-03-09T12:30:00Z",
    "duration": "P3D",
    "email": "ada@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/a",
    "uri-reference": "/a",
    "uuid": "9b2f1a7e-3c64-4f0e-8d1e-2f6f5b0f8a11",
    "regex": "a+",
}
_ALPHABET = "".join(map(chr, range(32, 127))) + "äж"
_SPEAK_OF = {
    "object": ("properties", "required", "additionalProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_DEEPEST = 6


def instances(validator: Validator, random: Random, tries: int = 12) -> Iterator[Any]:
    """Values that are valid for the schema of *validator*, of few members first."""
    for attempt in range(tries):
        sampler = _Sampler(validator.schema, random, fullness=attempt / tries)
        try:
            value = sampler.value(validator.schema, 0)
            valid = validator.is_valid(value)
        except (_NothingError, RecursionError):
            continue
        if valid:
            yield value


class _NothingError(Exception):
    """No value was found."""


class _Sampler:
    def __init__(self, root: Any, random: Random, fullness: float) -> None:
        self.root, self.random, self.fullness = root, random, fullness

    def value(self, node: Any, depth: int) -> Any:
        if node is False or depth > 40:
            raise _NothingError
        if not isinstance(node, dict):
            return self._anything(depth)
        node = self._flat(node, depth)
        if node.get("examples") and self.random.random() < 0.3:
            return self.random.choice(node["examples"])
        if "default" in node and self.random.random() < 0.3:
            return node["default"]
        if "const" in node:
            return node["const"]
        if node.get("enum"):
            return self.random.choice(node["enum"])
        kinds = node.get("type") or [
            kind for kind, names in _SPEAK_OF.items() if any(name in node for name in names)
        ]
        kind = self.random.choice(kinds) if isinstance(kinds, list) and kinds else kinds
        return self._of_kind(kind, node, depth) if kind else self._anything(depth)

    def _of_kind(self, kind: str, node: Any, depth: int) -> Any:
        make = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "number": self._number,
            "integer": self._integer,
        }
        if kind in make:
            return make[kind](node, depth)
        return None if kind == "null" else self.random.random() < 0.5

    def _flat(self, node: Any, depth: int) -> Any:
        """*node* with references followed, parts laid over each other, alternatives chosen."""
        for _ in range(60):
            if isinstance(reference := node.get("$ref"), str):
                target = self.root if reference == "#" else lookup(self.root, reference)
                if not isinstance(target, dict):
                    raise _NothingError
                node = _laid({key: node[key] for key in node if key != "$ref"}, target)
                continue
            chosen = next((key for key in ("allOf", "anyOf", "oneOf") if node.get(key)), None)
            if chosen is None:
                return node
            parts = node[chosen]
            rest = {key: node[key] for key in node if key != chosen}
            if chosen != "allOf":
                parts = [self.random.choice(parts[:1] if depth > _DEEPEST else parts)]
            for part in parts:
                if part is False:
                    raise _NothingError
                rest = _laid(rest, part if isinstance(part, dict) else {})
            node = rest
        raise _NothingError

    def _anything(self, depth: int) -> Any:
        made = [None, True, 0, -7, 2.5, *_WORDS]
        if depth < _DEEPEST:
            made += [[1, "a"], {"a": None}, {"key": "k", "value": 1}, []]
        return self.random.choice(made)

    def _object(self, node: Any, depth: int) -> Any:
        listed, required = node.get("properties") or {}, node.get("required") or []
        value = {}
        for name, each in listed.items():
            wanted = name in required
            if wanted or (depth < _DEEPEST and self.random.random() < self.fullness):
                try:
                    value[name] = self.value(each, depth + 1)
                except _NothingError:
                    if wanted:
                        raise
        for name in required:
            if name not in value:
                value[name] = self.value(node.get("additionalProperties", True), depth + 1)
        self._add_others(node, value, depth)
        return value

    def _add_others(self, node: Any, value: Any, depth: int) -> None:
        others = node.get("additionalProperties", not node.get("properties"))
        least = node.get("minProperties", 0)
        rules = [(None, others)] if others is not False else []
        rules += (node.get("patternProperties") or {}).items()
        names = node.get("propertyNames")
        for _ in range(20):
            wanted = len(value) < least or (depth < _DEEPEST and self.random.random() < 0.5)
            if not rules or not wanted:
                return
            pattern, each = self.random.choice(rules)
            rule = {"type": "string", **(names if isinstance(names, dict) else {})}
            name = self.value(rule if pattern is None else {**rule, "pattern": pattern}, depth + 1)
            value.setdefault(name, self.value(each, depth + 1))

    def _array(self, node: Any, depth: int) -> Any:
        items = node.get("items", True)
        first = node.get("prefixItems") or (items if isinstance(items, list) else [])
        rest = node.get("additionalItems", True) if isinstance(items, list) else items
        least, most = node.get("minItems", 0), node.get("maxItems", 1000)
        count = max(least, 0 if depth > _DEEPEST else self.random.choice([0, 1, 2, len(first)]))
        value: list[Any] = []
        for index in range(int(min(count, most))):
            rule = first[index] if index < len(first) else rest
            if rule is False:
                break
            value.append(self.value(rule, depth + 1))
        return value

    def _string(self, node: Any, depth: int) -> Any:
        del depth
        if node.get("format") in _FORMATS and "pattern" not in node:
            return _FORMATS[node["format"]]
        if isinstance(pattern := node.get("pattern"), str):
            return self._matching(pattern)
        text = self.random.choice(_WORDS)
        least, most = int(node.get("minLength", 0)), node.get("maxLength")
        text += "x" * (least - len(text))
        return text if most is None else text[: int(most)]

    def _matching(self, pattern: str) -> str:
        try:
            root = parse_expression(pattern).root
        except UnreadableExpressionError:
            raise _NothingError from None
        return "".join(self._written(root))

    def _written(self, node: Node) -> Iterator[str]:
        match node:
            case Chars(source):
                yield self._character(source)
            case Chain(parts):
                for part in parts:
                    yield from self._written(part)
            case Either(options):
                yield from self._written(self.random.choice(options))
            case Group(_, body):
                yield from self._written(body)
            case Repeat(body, low, high, _):
                most = low + 2 if high is None else min(high, low + 2)
                for _ in range(self.random.randint(low, max(low, most))):
                    yield from self._written(body)
            case _:
                return

    def _character(self, source: str) -> str:
        try:
            taken = [each for each in _ALPHABET if re.fullmatch(source, each)]
        except re.error:
            raise _NothingError from None
        if not taken:
            raise _NothingError
        return self.random.choice(taken[:80])

    def _bounds(self, node: Any) -> tuple[float, float]:
        low, high = node.get("minimum"), node.get("maximum")
        above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
        low = above + 1 if low is None and _is_number(above) else low
        high = below - 1 if high is None and _is_number(below) else high
        if low is None:
            low = -3 if high is None else high - 5
        return low, max(low, low + 7 if high is None else high)

    def _number(self, node: Any, depth: int) -> Any:
        low, high = self._bounds(node)
        step = node.get("multipleOf")
        if step:
            return self._integer(node, depth) if step >= 1 else round(low / step) * step
        return self.random.choice([low, high, (low + high) / 2])

    def _integer(self, node: Any, depth: int) -> Any:
        del depth
        low, high = self._bounds(node)
        value = self.random.choice([int(low), int(high), int((low + high) // 2)])
        step = node.get("multipleOf")
        return value if not step or step < 1 else int(-(-value // step) * step)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _laid(under: Any, over: Any) -> Any:
    """*over* on *under*: members and required names of both, the rest of whichever has it."""
    both = {**over, **under}
    for name in ("properties", "patternProperties"):
        if name in over and name in under:
            both[name] = {**over[name], **under[name]}
    for name in ("required", "allOf", "anyOf", "oneOf"):
        if name in over and name in under:
            both[name] = [*under[name], *over[name]]
    return both
