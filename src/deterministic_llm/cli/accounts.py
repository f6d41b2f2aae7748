"""What a reading came to, told in full: where the text left its target, repairs, and rivals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import cast

from pydantic_core import to_jsonable_python
from rich.cells import cell_len

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.offers import Offer, offers
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.reader import read
from deterministic_llm._core.schema.locations import location_of, schema_at, sole, value_at
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm.grammars.leaving import Leaving, can_tell, left
from deterministic_llm.targets import Schema, compiled


def explanation(
    name: str, text: str, target: Target[object], reading: Parsed[object] | Unread, *, strict: bool
) -> Iterator[str]:
    """Lines that tell of *reading*, what *text*, which goes by *name*, was read as."""
    found = _offers(text, target)
    if not can_tell(target):
        yield "where it leaves the schema is told by pip install 'deterministic-llm[grammar]'"
    elif (leaving := _left(text, target, reading, found, strict=strict)) is None:
        yield f"{name}: no character leaves {target.name}"
    else:
        line, column = place(text, leaving.offset)
        ends = leaving.offset == len(text)
        how = f"ends before it is {target.name}" if ends else f"leaves {target.name} here"
        yield f"{name}:{line}:{column}: {how}"
        yield from caret(text, leaving)
    yield from map(_repaired, _repairs(reading))
    if len(found) > 1:
        yield f"{len(found)} documents stand in it:"
        yield from (f"  {_offered(text, each)}" for each in found)


def as_json(
    text: str,
    target: Target[object],
    reading: Parsed[object] | Unread,
    *,
    strict: bool,
    explain: bool,
) -> dict[str, object]:
    """The same for programs: what *text* was read as, and with *explain* why."""
    told: dict[str, object] = {"violations": [], "repairs": [*map(asdict, _repairs(reading))]}
    if isinstance(reading, Parsed):
        told = {"output": to_jsonable_python(reading.output), "span": reading.span, **told}
        if reading.truncated:
            told["missing"] = missing(text, target, reading)
    else:
        told["violations"] = [asdict(each) for each in reading.violations]
    if explain:
        found = _offers(text, target)
        leaving = _left(text, target, reading, found, strict=strict)
        told["left"] = None if leaving is None else _as_json(text, leaving)
        told["documents"] = [_document(each) for each in found]
    return told


def missing(text: str, target: Target[object], reading: Parsed[object]) -> list[str]:
    """What a cut *text* may not have come to: declared members, and the rest of open lists."""
    raw = read(text, compiled(Schema(target.schema))) if isinstance(target, JsonTarget) else None
    if not isinstance(target, JsonTarget) or not isinstance(raw, Parsed):
        return []
    absent: list[str] = []
    for path in reading.open_paths:
        location = location_of(path) or ()
        value = value_at(cast("JsonValue", raw.output), location)
        node = sole(schema_at(target, location), target.schema) or {}
        members = node.get("properties")
        if isinstance(value, list):
            absent.append(f"the rest of {path}")
        elif isinstance(value, dict) and isinstance(members, dict):
            absent += [json_path((*location, name)) for name in members if name not in value]
    return absent


def place(text: str, offset: int) -> tuple[int, int]:
    """The line and column of *offset*, both from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def caret(text: str, leaving: Leaving) -> Iterator[str]:
    """The line of *text* that it is left in, and under it a caret with what was expected."""
    start = text.rfind("\n", 0, leaving.offset) + 1
    end = text.find("\n", leaving.offset)
    line, column = text[start : len(text) if end < 0 else end], leaving.offset - start
    first, last = max(0, column - _BEFORE), column + _BEHIND
    head = ("…" if first else "") + _printable(line[first:column])
    tail = _printable(line[column:last]) + ("…" if last < len(line) else "")
    yield f"  {head}{tail}"
    yield f"  {' ' * cell_len(head)}^ {leaving.expected}"


_BEFORE = 48
_BEHIND = 24
_CLIP = 60


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "·" for each in text)


def _offers(text: str, target: Target[object]) -> tuple[Offer, ...]:
    return offers(text, target) if isinstance(target, JsonTarget) else ()


def _left(
    text: str,
    target: Target[object],
    reading: Parsed[object] | Unread,
    found: tuple[Offer, ...],
    *,
    strict: bool,
) -> Leaving | None:
    """Where *text* leaves *target*, told of the document that it was read from, or the furthest."""
    if strict:
        return left(text, target)
    if isinstance(reading, Parsed):
        start, end = reading.span
        return left(text[:end], target, [start])
    return left(text, target, [each.start for each in found if not each.passed_over] or [0])


def _repairs(reading: Parsed[object] | Unread) -> tuple[Repair, ...]:
    return reading.repairs if isinstance(reading, Parsed) else reading.repairs_tried


def _repaired(repair: Repair) -> str:
    count = f" ({repair.count} times)" if repair.count > 1 else ""
    changed = f": {_said(repair.before)} → {_said(repair.after)}" if _changes(repair) else ""
    return f"repaired: {repair.rule} at {repair.path}{count}{changed}"


def _changes(repair: Repair) -> bool:
    return repair.before is not None or repair.after is not None


def _offered(text: str, offer: Offer) -> str:
    line, column = place(text, offer.start)
    called = "" if offer.mark is None else f", called {offer.mark.replace('_', ' ')}"
    passed = ", passed over" if offer.passed_over else ""
    if isinstance(offer.reading, Parsed):
        came_to = _said(to_jsonable_python(offer.reading.output))
    else:
        came_to = str(offer.reading.violations[0])
    return f"{line}:{column}{called}{passed}: {came_to}"


def _said(value: JsonValue) -> str:
    said = json.dumps(value, ensure_ascii=False)
    return said if len(said) <= _CLIP else f"{said[: _CLIP - 1]}…"


def _as_json(text: str, leaving: Leaving) -> dict[str, object]:
    line, column = place(text, leaving.offset)
    return {"offset": leaving.offset, "line": line, "column": column, "expected": leaving.expected}


def _document(offer: Offer) -> dict[str, object]:
    reading = offer.reading
    told: dict[str, object] = {
        "span": (offer.start, offer.end),
        "mark": offer.mark,
        "passed_over": offer.passed_over,
    }
    if isinstance(reading, Parsed):
        return {**told, "output": to_jsonable_python(reading.output)}
    return {**told, "violations": [asdict(each) for each in reading.violations]}
