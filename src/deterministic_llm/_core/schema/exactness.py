"""What JSON tells apart and pydantic does not: a core schema goes in, a stricter one comes out.

To Python true is 1, so pydantic takes either for a label that is the other. Of JSON in a text it
keeps the last of two members of one name, and takes numbers that are none; as keys it takes such
numbers, too, and digits alone for the seconds since 1970. It takes a month for 30 days, and
"01:30" for hours and minutes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic_core import PydanticKnownError, SchemaValidator, to_json

from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.cores import Node, changed
from deterministic_llm._core.schema.twins import Twins, twins_of

if TYPE_CHECKING:
    from pydantic_core import CoreConfig, CoreSchema

T = TypeVar("T")


def exact(core_schema: object) -> Node:
    """*core_schema* as JSON means it; itself where pydantic tells all of it apart, as for most."""
    whole = cast("Node", core_schema)
    listed = whole.get("definitions") if whole.get("type") == "definitions" else None
    return changed(whole, _Exact(cast("Sequence[Node]", listed or ())).node)


def validator_of(core_schema: Node, config: Node) -> SchemaValidator:
    """What validates by *core_schema* itself.

    Pydantic puts what it has already built for a model in the place of its schema. The first
    versions that do cannot be told not to: there a label in a model is what it was without us.
    """
    core, around = cast("CoreSchema", core_schema), cast("CoreConfig", dict(config))
    try:
        return SchemaValidator(core, around, _use_prebuilt=False)
    except TypeError:
        return SchemaValidator(core, around)


class _Exact:
    """Makes the nodes of one type, which refer to its *definitions*."""

    def __init__(self, definitions: Sequence[Node]) -> None:
        self._definitions = definitions
        # Each with what was made of it, so that no other object is given the identity of that.
        self._enums: dict[int, tuple[Node, Node]] = {}

    def node(self, node: Node) -> Node:
        """*node*, whose inner nodes are made already, as JSON means it."""
        make = _MAKERS.get(str(node.get("type")))
        return node if make is None else make(self, node)

    def of_literal(self, node: Node) -> Node:
        expected = cast("Sequence[object]", node["expected"])
        groups = {kind: [each for each in expected if _kind(each) == kind] for kind in _KINDS}
        if not (groups["int"] or groups["bool"]):
            return node
        choices = [_of_kind(kind, labels) for kind, labels in groups.items() if labels]
        only: Node = {"type": "union", "choices": choices, "mode": "left_to_right"}
        return {
            **{key: node[key] for key in _KEPT if key in node},
            "type": "custom-error",
            "schema": choices[0] if len(choices) == 1 else only,
            "custom_error_type": "literal_error",
            "custom_error_context": {"expected": _listed(expected)},
        }

    def of_enum(self, node: Node) -> Node:
        members = cast("Sequence[Enum]", node["members"])
        if not any(isinstance(each.value, int | float) for each in members):
            return node
        kind = cast("type[Enum]", node["cls"])
        made: Node = {
            **{key: node[key] for key in _KEPT if key in node},
            "type": "function-plain",
            "function": {"type": "no-info", "function": partial(_member, kind, members)},
        }
        self._enums[id(made)] = made, node
        return made

    def of_json(self, node: Node) -> Node:
        inner = cast("Node | None", node.get("schema"))
        twins = None
        if inner is not None:
            known = {"type": "definitions", "schema": inner, "definitions": self._definitions}
            twins = twins_of(known if self._definitions else inner)
        return {
            "type": "function-before",
            "function": {"type": "no-info", "function": partial(_unambiguous, twins)},
            "schema": node,
        }

    def of_timedelta(self, node: Node) -> Node:
        """A duration that leaves nothing to guess."""
        core = {key: node[key] for key in node if key not in _KEPT}
        function = partial(_duration, SchemaValidator(cast("CoreSchema", core)))
        return {
            **{key: node[key] for key in _KEPT if key in node},
            "type": "function-plain",
            "function": {"type": "no-info", "function": function},
        }

    def of_dict(self, node: Node) -> Node:
        written = cast("Node | None", node.get("keys_schema"))
        keys = self._key(written)
        return node if keys is written else {**node, "keys_schema": keys}

    def _key(self, written: Node | None) -> Node | None:
        """What takes the keys of a mapping, each of which is a text in JSON."""
        keys = self._followed(written)
        if keys is None:
            return written
        kind = keys.get("type")
        if kind == "float":
            return {**keys, "allow_inf_nan": False}
        if kind == "enum":  # a key is no truth value
            return {key: keys[key] for key in keys if key != "ref"}
        if kind not in _MOMENTS:
            return written
        function = partial(_moment, SchemaValidator(cast("CoreSchema", keys)))
        return {"type": "function-plain", "function": {"type": "no-info", "function": function}}

    def _followed(self, node: Node | None) -> Node | None:
        """The enum that *node* was, or what it refers to."""
        if node is not None and node.get("type") == "definition-ref":
            name = node["schema_ref"]
            return next(each for each in self._definitions if each.get("ref") == name)
        return self._enums.get(id(node), (node, node))[1]


def _kind(label: object) -> str:
    if isinstance(label, bool):
        return "bool"
    return "int" if isinstance(label, int) else "other"


def _of_kind(kind: str, labels: Sequence[object]) -> Node:
    """Exactly *labels*, all of which are of one *kind*."""
    literal: Node = {"type": "literal", "expected": labels}
    if kind == "other":
        return literal
    return {"type": "chain", "steps": [{"type": kind, "strict": True}, literal]}


def _member(kind: type[Enum], members: Sequence[Enum], value: object) -> Enum:
    """The one of *members* that *value* says, or that their *kind* makes of it."""
    equal = [each for each in members if each.value == value]
    for each in equal:
        if isinstance(each.value, bool) == isinstance(value, bool):
            return each
    if not equal:
        try:
            return kind(value)
        except ValueError:
            pass  # told in the words of all enums
    raise PydanticKnownError("enum", {"expected": _listed([each.value for each in members])})


def _listed(labels: Sequence[object]) -> str:
    *others, last = map(repr, labels)
    return f"{', '.join(others)} or {last}" if others else last


def _unambiguous(twins: Twins | None, text: T) -> T:
    """The *text* of JSON, where it says everything once and no number that is none."""
    if not isinstance(text, str | bytes | bytearray):
        return text
    try:
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_finite, parse_float=_finite
        )
    except _TwoMeaningsError:
        raise
    except (ValueError, RecursionError):
        return text  # pydantic says what is wrong with it
    if twins is not None and twins.found_in(value, None):
        raise _TwoMeaningsError(_TWICE)
    return text


class _TwoMeaningsError(ValueError):
    """What JSON in a text says is not clear."""


def _once(members: Sequence[tuple[str, object]]) -> Mapping[str, object]:
    said = dict(members)
    if len(said) < len(members):
        raise _TwoMeaningsError(_TWICE)
    return said


def _finite(figure: str) -> float:
    if not math.isfinite(number := float(figure)):
        raise _TwoMeaningsError(_NO_NUMBER)
    return number


def _moment(validator: SchemaValidator, key: object) -> object:
    """The date or time that *key* writes."""
    if isinstance(key, str) and _DIGITS.fullmatch(key) is not None:
        raise ValueError(_SECONDS)
    return validator.validate_json(to_json(key), strict=True)


def _duration(validator: SchemaValidator, value: object) -> object:
    """The time that *value* lasts."""
    if isinstance(value, timedelta):
        return validator.validate_python(value, strict=True)
    if isinstance(value, str):
        unclear = _MONTHS if _CALENDAR.match(value) else _UNITS
        if unclear is _MONTHS or _TWO_FIGURES.fullmatch(value):
            raise ValueError(unclear)
    return validator.validate_json(to_json(value), strict=True)


_TWICE = "expected JSON that says each key once"
_NO_NUMBER = "expected JSON with finite numbers"
_SECONDS = "expected a date or time as ISO 8601 writes it"
_MONTHS = "as months and years differ in length, expected days, hours, minutes or seconds"
_UNITS = "expected a duration that names its units, as PT1H30M"
_CALENDAR = expression(r"[+-]?P[^T]*[YM]", re.IGNORECASE)
_TWO_FIGURES = expression(r"\s*[+-]?\d+:\d+(?:\.\d*)?\s*")
_KEPT = ("ref", "metadata", "serialization")
_DIGITS = expression(r"\s*[+-]?\d+(?:\.\d*)?\s*")
_KINDS = ("other", "int", "bool")
_MOMENTS = frozenset({"date", "datetime", "time"})
_MAKERS: Mapping[str, Callable[[_Exact, Node], Node]] = {
    "dict": _Exact.of_dict,
    "enum": _Exact.of_enum,
    "json": _Exact.of_json,
    "literal": _Exact.of_literal,
    "timedelta": _Exact.of_timedelta,
}
