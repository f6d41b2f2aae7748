"""Values written as people write them, each in a way that its schema leaves one reading for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from random import Random
from typing import cast

from benchmarks.drafts import Damage, Draft, leaf
from benchmarks.specimens import JsonObject
from benchmarks.writing import Tree, Verbatim
from deterministic_llm import JsonValue

_ENVELOPES = ("response", "result", "data", "answer", "output")
_SMALL = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_FULL_WIDTH = {ord("0") + digit: ord("\uff10") + digit for digit in range(10)}


def _digits(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    """A number as text, grouped only where no decimal comma could be meant."""
    if schema.get("type") not in ("integer", "number"):
        return None
    number = cast("float", value)
    whole = schema["type"] == "integer"
    ways = [json.dumps(number)]
    if abs(number) >= (1000 if whole else 1_000_000):
        ways.append(f"{number:,}")
    if whole and number >= 0:
        ways.append(str(number).translate(_FULL_WIDTH))
    return rng.choice(ways)


def _money(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    number = cast("float", value)
    if schema.get("type") != "number" or schema.get("maximum") == 1 or number < 0:
        return None
    return f"{rng.choice('$€£')}{number:,.2f}"


def _share(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    high = schema.get("maximum")
    if schema.get("type") != "integer" or schema.get("minimum") not in (0, 1):
        return None
    if high == 100:
        return rng.choice((f"{value}%", f"{value}/100", f"{value} %"))
    return rng.choice((f"{value}/{high}", f"{value} out of {high}")) if high in (5, 10) else None


def _in_words(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    if schema.get("type") != "integer" or not 0 <= cast("int", value) < len(_SMALL):
        return None
    said = _SMALL[cast("int", value)]
    return rng.choice((said, said.capitalize(), f"{said} ({value})"))


def _label(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    if "enum" not in schema:
        return None
    text, spaced = str(value), str(value).replace("_", " ")
    ways = (text.upper(), spaced.title(), f" {text} ", f"**{spaced}**", f"{spaced}.")
    return rng.choice((*ways, text.replace("_", "-")))


def _yes_or_no(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    if schema.get("type") != "boolean":
        return None
    return rng.choice(("yes", "Yes", "true", "True") if value else ("no", "No", "false", "False"))


def _nothing(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    if schema.get("type") != ["integer", "null"] or value is not None:
        return None
    return rng.choice(("null", "N/A", "none", "None", Verbatim("undefined")))


def _day(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    if schema.get("format") != "date":
        return None
    day = date.fromisoformat(str(value))
    ways = [day.strftime(form) for form in ("%Y/%m/%d", "%B %d, %Y", "%d %B %Y")]
    if day.day > 12:
        ways += [day.strftime(form) for form in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y")]
    return rng.choice(ways)


def _single(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    del rng
    if schema.get("type") != "array" or not isinstance(value, list) or len(value) != 1:
        return None
    lonely = value[0]
    return None if isinstance(lonely, str) and " " in lonely else cast("Tree", lonely)


def _listed(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    del rng
    single = schema.get("type") in ("integer", "number", "boolean")
    return [cast("Tree", value)] if single else None


def _as_text(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    del schema
    if not isinstance(value, list | dict):
        return None
    return json.dumps(value, ensure_ascii=False, indent=rng.choice((None, 1)))


def _envelope(draft: Draft, rng: Random) -> Draft | None:
    if draft.style.cut is not None or isinstance(draft.tree, Verbatim):
        return None
    names = [name for name in _ENVELOPES if name not in draft.style.restyled]
    return replace(draft, tree={rng.choice(names): draft.tree})


MEANING: Mapping[str, Damage] = {
    "a number as text": leaf(_digits),
    "a sum of money": leaf(_money),
    "a share of the whole": leaf(_share),
    "a number in words": leaf(_in_words),
    "a label in another case": leaf(_label),
    "yes or no": leaf(_yes_or_no),
    "nothing in words": leaf(_nothing),
    "another date form": leaf(_day),
    "one item for a list": leaf(_single),
    "a list for one item": leaf(_listed),
    "JSON in a string": leaf(_as_text),
    "an envelope": _envelope,
}
