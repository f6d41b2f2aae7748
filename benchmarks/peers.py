"""Readers of model output, ours and others, each a function from text to JSON or ValueError."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

import json_repair
from core.case_running import TYPES, JsonObject, plain, target_of
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import TypeAdapter

from deterministic_llm import JsonValue, parse

Reader: TypeAlias = Callable[[str], JsonValue]
"""Raises ValueError (or RecursionError) for a text that it refuses."""


def ours(target: JsonObject) -> Reader:
    """deterministic_llm.parse."""
    compiled = target_of(target)
    return lambda text: plain(parse(text, compiled).output, target)


def repaired(target: JsonObject) -> Reader:
    """json_repair, its value then validated."""
    check = _checked(target, strict=False)
    return lambda text: check(json_repair.loads(text))


def repaired_by_schema(target: JsonObject) -> Reader:
    """json_repair with its own schema option, its value then validated."""
    check = _checked(target, strict=False)
    schema = _schema(target)
    return lambda text: check(json_repair.loads(text, schema=schema))


def strict(target: JsonObject) -> Reader:
    """No repairs: pydantic's strict mode, or plain JSON validated."""
    if "python" in target:
        adapter = TypeAdapter[object](TYPES[cast("str", target["python"])])
        return lambda text: plain(adapter.validate_json(text, strict=True), target)
    check = _checked(target, strict=True)
    return lambda text: check(json.loads(text))


READERS: Mapping[str, Callable[[JsonObject], Reader]] = {
    "deterministic_llm": ours,
    "json_repair, validated": repaired,
    "json_repair with schema, validated": repaired_by_schema,
    "strict pydantic": strict,
}


def _checked(target: JsonObject, *, strict: bool) -> Callable[[object], JsonValue]:
    if "python" in target:
        adapter = TypeAdapter[object](TYPES[cast("str", target["python"])])
        return lambda value: plain(adapter.validate_python(value, strict=strict), target)
    validator = Draft202012Validator(_schema(target), format_checker=FormatChecker())

    def check(value: object) -> JsonValue:
        for error in validator.iter_errors(value):
            raise ValueError(error.message)
        return cast("JsonValue", value)

    return check


def _schema(target: JsonObject) -> JsonObject:
    if "python" in target:
        return cast("JsonObject", TypeAdapter(TYPES[cast("str", target["python"])]).json_schema())
    return cast("JsonObject", target["schema"])
