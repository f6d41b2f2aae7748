"""Where the parts of an output stand in the answer: what was read goes in, bytes come out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast

from deterministic_llm._core.attempts import Accepted, Answered
from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.evidence.evidence import Scalar, same
from deterministic_llm._core.evidence.labels import spelled
from deterministic_llm._core.evidence.spans import Location, leaves
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.forms.exact import field_places
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import ChoiceForm, TextForm
from deterministic_llm._core.schema.locations import stands_at, value_at
from deterministic_llm._core.schema.target import Target, TextTarget

Places: TypeAlias = Mapping[Location, tuple[int, int]]

_BEGINNING = expression(rb"[{\[]")
_INSIDE = expression(r"[\s*_`\"']*(.*?)[\s*_`\"'.]*", re.DOTALL)


def parts(value: JsonValue, location: Location = ()) -> Iterator[tuple[Location, JsonValue]]:
    """Every part of *value* that holds no others, and where it is; an empty list is one."""
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from parts(member, (*location, name))
    elif isinstance(value, list) and value:
        for at, item in enumerate(value):
            yield from parts(item, (*location, at))
    else:
        yield location, value


def places_of(
    target: Target[object], attempt: Answered[object], text: str, value: JsonValue
) -> Places:
    """Where the parts of *value* stand in the bytes of *text*, which is what *attempt* says.

    What does not stand there as it is has no place: a value that was mended, moved or left out.
    """
    accepted = attempt.verdict if isinstance(attempt.verdict, Accepted) else None
    span = (0, len(text)) if accepted is None else accepted.span
    if isinstance(target, TextTarget):
        found = _in_form(target.form, text[slice(*span)], value)
        return {at: _in_bytes(text, span[0], place) for at, place in found.items()}
    data, start = text.encode("utf-8", "surrogatepass"), _in_bytes(text, 0, span)[0]
    begun = _BEGINNING.search(data) if accepted is None else None
    standing = _in_json(data, start if begun is None else begun.start())
    if not standing and not isinstance(value, (dict, list)):
        inside = _alone(text[slice(*span)], value)
        return {} if inside is None else {(): _in_bytes(text, span[0], inside)}
    patch = attempt.request.patch
    moved = _unwrapped(standing, value) if patch is None else _put_back(standing, patch)
    return {
        at: place
        for at, place in moved.items()
        if stands_at(value, at) and _says(data[slice(*place)], value_at(value, at))
    }


def _in_json(data: bytes, start: int) -> Places:
    try:
        return {leaf.location: (leaf.start, leaf.end) for leaf in leaves(data, start)}
    except ValueError:  # read all the same, by its repairs
        return {}


def _unwrapped(standing: Places, value: JsonValue) -> Places:
    """*standing* without the members around the whole, where there are some."""
    first = next(parts(value))[0]
    if first in standing:
        return standing
    around = {at[: len(at) - len(first)] for at in standing if at[len(at) - len(first) :] == first}
    if len(around) != 1:
        return {}
    size = len(next(iter(around)))
    return {at[size:]: place for at, place in standing.items() if at[:size] in around}


def _put_back(standing: Places, patch: Patch) -> Places:
    """*standing* where the members that were asked for alone go."""
    return {
        (*patch.places[at[0]].location, *at[1:]): place
        for at, place in standing.items()
        if at and isinstance(at[0], str) and at[0] in patch.places
        if not patch.places[at[0]].appends
    }


def _says(data: bytes, value: JsonValue) -> bool:
    """Whether *data* is JSON for *value*, quotes around a number or word aside."""
    try:
        said: JsonValue = json.loads(data)
    except ValueError:
        return False
    return same(said, value) or _spelled_alike(said, value)


def _spelled_alike(said: JsonValue, value: JsonValue) -> bool:
    if isinstance(said, (list, dict)) or isinstance(value, (list, dict)):
        return False
    return isinstance(said, str) != isinstance(value, str) and spelled(said) == spelled(value)


def _in_form(form: TextForm, said: str, value: JsonValue) -> Places:
    """Where the parts of *value* stand in *said*, by character."""
    if isinstance(form, ChoiceForm):
        inside = _alone(said, value)
        return {} if inside is None else {(): inside}
    if not isinstance(value, list):
        return _in_record(form, said, value, 0, ())
    lines = [line for line in re.finditer(r"[^\n]+", said) if line[0].strip()]
    if len(lines) != len(value):
        return {}
    return {
        at: place
        for row, line in enumerate(lines)
        for at, place in _in_record(form, line[0], value[row], line.start(), (row,)).items()
    }


def _in_record(
    form: TextForm, said: str, value: JsonValue, start: int, location: Location
) -> Places:
    blanks = len(said) - len(said.lstrip())
    exact = field_places(form, said.strip())
    found: dict[Location, tuple[int, int]] = {}
    for name, part in value.items() if isinstance(value, dict) else ():
        if isinstance(part, (list, dict)):
            continue
        low, high = exact.get(name, (0, 0))
        place: tuple[int, int] | None = (blanks + low, blanks + high)
        if name not in exact or said[blanks + low : blanks + high] != spelled(part):
            place = _only(said, spelled(part))
        if place is not None:
            found[*location, name] = (start + place[0], start + place[1])
    return found


def _alone(said: str, value: JsonValue) -> tuple[int, int] | None:
    """Where *value* stands in *said* that is nothing else, marks around it aside."""
    inside = _INSIDE.fullmatch(said)
    word = spelled(cast("Scalar", value))
    if inside is None or inside[1].casefold() != word.casefold():
        return _only(said, word)
    return inside.span(1)


def _only(said: str, word: str) -> tuple[int, int] | None:
    """Where *word* stands in *said*, if it stands there once."""
    if not word:
        return None
    standing = list(re.finditer(rf"(?<![\w.]){re.escape(word)}(?!\w|\.\d)", said))
    return standing[0].span() if len(standing) == 1 else None


def _in_bytes(text: str, start: int, place: tuple[int, int]) -> tuple[int, int]:
    """*place* by byte, which is by character and begins at *start* of *text*."""
    low, high = start + place[0], start + place[1]
    begun = len(text[:low].encode("utf-8", "surrogatepass"))
    return begun, begun + len(text[low:high].encode("utf-8", "surrogatepass"))
