"""A JSON document that is still being written, as it stands: what no ending of it can mend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from pydantic_core import from_json

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.keys import Names, folded
from deterministic_llm._core.reading.alignment.objects import names_of
from deterministic_llm._core.reading.alignment.vocabulary import (
    TOOL_NAMES,
    TOOL_PAYLOADS,
    TOOL_REST,
)
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.remembering import remembered
from deterministic_llm._core.schema.complaints import below
from deterministic_llm._core.schema.locations import Location, schema_at, sole
from deterministic_llm._core.schema.sites import Site
from deterministic_llm._core.schema.target import Invalid, JsonTarget
from deterministic_llm._core.schema.violations import extra
from deterministic_llm._core.stops.labels import can_be_label
from deterministic_llm._core.stops.places import Around, Spot
from deterministic_llm._core.stops.rules import (
    EXTRA_MEMBER,
    NO_LABEL,
    TOO_LONG,
    TOO_MANY,
    Reason,
    Rule,
)


def begun_in(text: str, *, leads: bool = False) -> JsonValue:
    """The value that *text* begins, with the last string as far as it goes.

    Raises ValueError where it is not JSON from its first character to its last. Words may stand
    before it where the text *leads* to it.
    """
    if not leads:
        value: JsonValue = from_json(text, allow_inf_nan=False, allow_partial="trailing-strings")
        return value
    for bracket in islice(_BRACKETS.finditer(text), _MOST_BRACKETS):
        with suppress(ValueError):
            return begun_in(text[bracket.start() :])
    message = "no document begins here"
    raise ValueError(message)


_BRACKETS = expression(r"[{\[]")
_MOST_BRACKETS = 4


def beyond_mending(
    value: JsonValue, around: Around, target: JsonTarget[object]
) -> Iterator[Reason]:
    """What on the way to the end of *value* is wrong already, whatever follows.

    *target* is what the answer is read as.
    """
    location: Location = ()
    token: str | int
    spot: Spot = around.site, around.whole, around.path
    while isinstance(value, dict | list) and value:
        if isinstance(value, dict):
            if not is_settled(value, around.site):
                return
            names = _names(target, location)
            yield from _extras(value, around, names)
            token, value = next(reversed(value.items()))
        else:
            yield from _too_many(value, spot)
            token, value = len(value) - 1, value[-1]
        spot, location = around.at(token), (*location, token)
        if spot[0].standing != "known":
            return
        around = around.inner(token)
    if isinstance(value, str):
        yield from _of_text(value, spot)


def is_settled(value: JsonObject, site: Site) -> bool:
    """Whether *value* is itself what is wanted: no envelope of it, and no call of a tool."""
    return any(site.names(key) and folded(key) not in _OF_TOOLS for key in value)


_OF_TOOLS = TOOL_NAMES | TOOL_PAYLOADS | TOOL_REST | {"function"}


def _extras(value: JsonObject, around: Around, names: Names | None) -> Iterator[Reason]:
    """The members that the type refuses, and that are no member of it in another spelling."""
    for key, member in value.items():
        site, whole, _ = around.at(key)
        if site.standing == "forbidden" and names is not None and names.meant(key) is None:
            yield Reason(EXTRA_MEMBER, (extra(whole, member),), whole)


@remembered(1024)
def _names(target: JsonTarget[object], location: Location) -> Names | None:
    """The names of the members at *location*; None where they are not known."""
    known = sole(schema_at(target, location), target.schema)
    return None if known is None else names_of(known)


def _too_many(value: list[JsonValue], spot: Spot) -> Iterator[Reason]:
    site, whole, path = spot
    most = site.bounds.most_items
    if most is not None and len(value) > most:
        # Of the items themselves, each is judged in its own place.
        broken = [each for each in _wrong(value, spot) if each.path == path]
        yield Reason(TOO_MANY, tuple(broken), whole)


def _of_text(value: str, spot: Spot) -> Iterator[Reason]:
    site, whole, _ = spot
    bounds = site.bounds
    most = bounds.most_characters
    rule: Rule | None = None
    if most is not None and len(value.strip() if bounds.stripped else value) > most:
        rule = TOO_LONG
    elif bounds.labels and not can_be_label(value, bounds.labels, _name(whole)):
        rule = NO_LABEL
    if rule is not None and (violations := _wrong(value, spot)):
        yield Reason(rule, violations, whole)


def _name(location: Location) -> str:
    return next((each for each in reversed(location) if isinstance(each, str)), "")


def _wrong(value: JsonValue, spot: Spot) -> tuple[Violation, ...]:
    site, whole, _ = spot
    checked = site.check(value)
    if not isinstance(checked, Invalid):
        return ()
    return tuple(below(whole, each) for each in checked.violations)
