"""Reading cases: JSON files go in, what parse() makes of each of them comes out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, cast

from core.case_types import TYPES
from pydantic import TypeAdapter

from deterministic_llm import (
    Choice,
    JsonValue,
    Pattern,
    Record,
    ResponseError,
    Schema,
    Template,
    parse,
)

CASES = Path(__file__).parent / "cases"
JsonObject: TypeAlias = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Value:
    """The text says this, as plain JSON."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class Refusal:
    """The text must not be read, or was not, for one of these *codes*."""

    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A *raw* text for a *target*, both as their file has them, and what is *wanted* of it."""

    id: str
    target: JsonObject
    raw: str
    wanted: Value | Refusal


Verdict: TypeAlias = Literal["solved", "missed", "wrong"]
"""Right, or a refusal of what can be read, or a value that is not there."""


def load(folder: Path) -> Iterator[Case]:
    """The cases of *folder* whose target is one of parse(), file by file."""
    for file in sorted(folder.rglob("*.json")):
        family = cast("JsonObject", json.loads(file.read_text("utf-8")))
        for written in cast("list[JsonObject]", family["cases"]):
            target = cast("JsonObject", written["target"])
            if target.keys() & _TARGETS.keys() and "aliases" not in target:
                name = f"{file.parent.name}/{file.stem}: {written['id']}"
                yield Case(name, target, cast("str", written["raw"]), _wanted(written))


def _wanted(written: Mapping[str, JsonValue]) -> Value | Refusal:
    if "expected" in written:
        return Value(written["expected"])
    violation = cast("JsonObject", written["violation"])
    return Refusal((cast("str", violation["code"]),))


def run(case: Case) -> Value | Refusal:
    """What parse() makes of *case*."""
    try:
        parsed = parse(case.raw, target_of(case.target))
    except ResponseError as error:
        return Refusal(tuple(violation.code for violation in error.violations))
    return Value(plain(parsed.output, case.target))


def judge(got: Value | Refusal, wanted: Value | Refusal) -> Verdict:
    """Whether *got* is right, and else how bad it is."""
    if isinstance(got, Refusal):
        return "solved" if isinstance(wanted, Refusal) else "missed"
    return "solved" if isinstance(wanted, Value) and same(got.value, wanted.value) else "wrong"


def target_of(written: JsonObject) -> object:
    """The target that a case names: many name the same."""
    return _target_of(json.dumps(written))


@cache
def _target_of(text: str) -> object:
    written: JsonObject = json.loads(text)
    (kind,) = written.keys() & _TARGETS.keys()
    return _TARGETS[kind](written)


def plain(output: object, written: JsonObject) -> JsonValue:
    """*output* as JSON: records as objects, typed values as pydantic dumps them."""
    if "python" in written:
        adapter = _adapter(cast("str", written["python"]))
        return cast("JsonValue", adapter.dump_python(output, mode="json"))
    return _fields(output)


@cache
def _adapter(name: str) -> TypeAdapter[object]:
    return TypeAdapter(TYPES[name])


def same(got: JsonValue, wanted: JsonValue) -> bool:
    """Whether both are one JSON value: true is not 1, but 1.0 is."""
    if isinstance(got, dict) and isinstance(wanted, dict):
        return got.keys() == wanted.keys() and all(same(got[key], wanted[key]) for key in got)
    if isinstance(got, list) and isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(same, got, wanted))
    return isinstance(got, bool) == isinstance(wanted, bool) and got == wanted


def _fields(output: object) -> JsonValue:
    if isinstance(output, Record):
        return {name: cast("JsonValue", value) for name, value in output._fields.items()}
    if isinstance(output, list):
        return [_fields(each) for each in cast("list[object]", output)]
    return cast("JsonValue", output)


def _template(written: JsonObject) -> object:
    form = Template.lines if written.get("many") else Template
    return form(cast("str", written["template"]), **_typed_fields(written))


def _pattern(written: JsonObject) -> object:
    return Pattern(cast("str", written["pattern"]), **_typed_fields(written))


def _typed_fields(written: JsonObject) -> dict[str, Schema]:
    fields = cast("dict[str, JsonObject]", written.get("fields", {}))
    return {name: Schema(schema) for name, schema in fields.items()}


_TARGETS = {
    "schema": lambda written: Schema(cast("JsonObject", written["schema"])),
    "template": _template,
    "pattern": _pattern,
    "choice": lambda written: Choice(*cast("Sequence[str]", written["choice"])),
    "python": lambda written: TYPES[cast("str", written["python"])],
}
