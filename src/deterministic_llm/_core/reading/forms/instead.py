"""JSON where a template was asked for: read when it names every field once and nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import cast

from deterministic_llm._core.attempts import Repair, Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.forms.captures import Capture
from deterministic_llm._core.reading.forms.claims import Matched, Unmatched
from deterministic_llm._core.reading.forms.drift import AS_JSON, repair
from deterministic_llm._core.reading.forms.layouts import Layout, Slot
from deterministic_llm._core.reading.forms.records import claims_in
from deterministic_llm._core.regexes import expression


def match_json(layout: Layout, text: str) -> Matched | Unmatched | None:
    """The record, or with ``many`` the records, that *text* is in JSON; None when it is none."""
    value = decoded(text)
    rows = value if layout.form.many and isinstance(value, list) else [value]
    found = [_record(layout, row, index) for index, row in enumerate(rows)]
    records = [each for each in found if each is not None]
    if not records or len(records) < len(found):
        return None
    violations = tuple(each for _, _, broken in records for each in broken)
    repairs = tuple(each for _, some, _ in records for each in some)
    if violations:
        return Unmatched(violations, repairs)
    values: list[JsonValue] = [record for record, _, _ in records]
    payload = values if layout.form.many else values[0]
    start = len(text) - len(text.lstrip())
    record = repair(AS_JSON, text.strip(), payload, start)
    return Matched(payload, (start, len(text.rstrip())), (record, *repairs))


def decoded(text: str) -> JsonValue:
    """The strict JSON list or object that *text* is, fence aside; None when it is none."""
    found = _JSON.fullmatch(text.strip())
    if found is None:
        return None
    try:
        value: JsonValue = json.loads(
            found["json"], object_pairs_hook=_once, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        return None
    return value


def _once(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    if len(dict(pairs)) < len(pairs):
        raise ValueError(pairs)
    return dict(pairs)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


_Row = tuple[JsonObject, tuple[Repair, ...], tuple[Violation, ...]]


def _record(layout: Layout, row: JsonValue, index: int) -> _Row | None:
    """The values of one object, if its keys are the fields, or their labels."""
    if not isinstance(row, dict) or len(row) != len(layout.slots):
        return None
    keys = {_letters(key): value for key, value in row.items()}
    captures: dict[str, Capture] = {}
    for slot in layout.slots:
        names = (slot.place.field.name, slot.label.said if slot.label is not None else "")
        known = [name for name in map(_letters, names) if name in keys]
        if not known:
            return None
        captures[slot.place.field.name] = _value(layout, slot, keys[known[0]])
    here = f"$[{index}]" if layout.form.many else "$"
    violations = tuple(
        replace(each, path=here + each.path[1:])
        for capture in captures.values()
        for each in capture.violations
    )
    repairs = tuple(each for capture in captures.values() for each in capture.repairs)
    return {name: capture.value for name, capture in captures.items()}, repairs, violations


def _letters(key: str) -> str:
    return "".join(each for each in key.casefold() if each.isalnum())


def _value(layout: Layout, slot: Slot, value: JsonValue) -> Capture:
    found = slot.place.read(value)
    if not found.violations or not isinstance(value, str) or slot.closer is None:
        return found
    # {"score": "9/10"} says the value the way the template does.
    claims = list(claims_in(value, Layout(layout.form, (replace(slot, label=None),))))
    claim = claims[0] if len(claims) == 1 and not claims[0].violations else None
    if claim is None or claim.start or claim.end < len(value.rstrip(" .")):
        return found
    payload = cast("JsonObject", claim.payload)
    return Capture(payload[slot.place.field.name], claim.repairs)


_JSON = expression(r"(?:`{3,}\w*[ \t]*\n)?(?P<json>[\[{].*[\]}])\s*(?:`{3,})?", re.DOTALL)
