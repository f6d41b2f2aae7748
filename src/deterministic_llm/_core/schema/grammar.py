"""A text form as a language: what may be written so that the form reads it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.digits import Bound, integer_range, number_range
from deterministic_llm._core.schema.forms import (
    ChoiceForm,
    Field,
    PatternForm,
    TemplateForm,
    TextForm,
)
from deterministic_llm._core.schema.language import (
    Either,
    Json,
    Language,
    Limits,
    Named,
    Sign,
    Times,
    Words,
    any_of,
    either,
    optional,
    series,
    without,
)
from deterministic_llm._core.schema.phrasing import (
    constants,
    is_open_ended,
    kind_of,
    resolved,
    written,
)
from deterministic_llm._core.schema.translation import translated
from deterministic_llm._core.schema.wording import resolve

_LONGEST = 2000
_MOST_VALUES = 1000
_ENDING_SIGNS = frozenset(',;:|()[]{}<>"/\t=')


def language_of(form: TextForm, limits: Limits) -> Language | None:
    """What may be written for *form*; None when a pattern says more than a language can.

    A text is as long as its schema allows, where engines can count so far, and else as *limits* do;
    where a field's schema has a ``pattern`` for the whole of it, that says so instead. Numbers keep
    their bounds digit by digit.
    """
    match form:
        case ChoiceForm(options):
            return either(map(Words, options))
        case PatternForm(source, _, _):
            return translated(source)
        case TemplateForm():
            return _of_template(form, limits)


def _of_template(form: TemplateForm, limits: Limits) -> Language:
    line: list[Language] = []
    for index, piece in enumerate(form.pieces):
        if isinstance(piece, str):
            line.append(Words(piece))
            continue
        following = form.pieces[index + 1] if index + 1 < len(form.pieces) else ""
        after = following if isinstance(following, str) else ""
        line.append(Named(f"field{index}", _of_field(form, piece, _Place(limits, after))))
    if not form.many:
        return series(line)
    record = Named("line", series(line))
    return series((record, Times(series((Words("\n"), record)))))


@frozen
class _Place:
    """Where a field stands: what is written *after* it, and the *limits* of all of them."""

    limits: Limits
    after: str


def _of_field(form: TemplateForm, field: Field, place: _Place) -> Language:
    if is_open_ended(form, field):
        return _text(field.schema, place, excluded="\r", edges="\n")
    return either(_alternatives(resolved(field), field.schema, place))


def _alternatives(schema: JsonObject, root: JsonObject, place: _Place) -> Iterator[Language]:
    branches = schema.get("anyOf", schema.get("oneOf"))
    kinds = schema.get("type")
    if options := constants(schema):
        yield from (Words(written(option)) for option in options)
    elif isinstance(branches, list):
        for branch in branches:
            node = resolve(branch, root=root)
            yield from _alternatives(node if isinstance(node, dict) else {}, {}, place)
    elif isinstance(kinds, list):
        for kind in kinds:
            yield from _alternatives({**schema, "type": kind}, root, place)
    else:
        found = _OF_TYPE.get(kind_of(schema), _json)(schema, place)
        yield from found.options if isinstance(found, Either) else (found,)


def _integer(schema: JsonObject, place: _Place) -> Language:
    low, high = _bounds(schema)
    least = None if low is None else _whole(low, ROUND_CEILING, 1)
    most = None if high is None else _whole(high, ROUND_FLOOR, -1)
    return _stepped(schema, least, most, place)


def _stepped(schema: JsonObject, least: int | None, most: int | None, place: _Place) -> Language:
    step = schema.get("multipleOf")
    if isinstance(step, int) and step > 1 and least is not None and most is not None:
        values = range(-(-least // step) * step, most + 1, step)
        if len(values) <= _MOST_VALUES:
            return either(Words(str(value)) for value in values)
    return integer_range(least, most, digits=place.limits.digits)


def _whole(bound: Bound, rounding: str, beyond: int) -> int:
    whole = int(bound.value.to_integral_value(rounding))
    return whole + beyond if bound.excluded and whole == bound.value else whole


def _number(schema: JsonObject, place: _Place) -> Language:
    limits = place.limits
    return number_range(*_bounds(schema), digits=limits.digits, decimals=limits.decimals)


def _bounds(schema: JsonObject) -> tuple[Bound | None, Bound | None]:
    """The tightest bounds of a number."""
    low, beyond_low = _bound(schema, "minimum"), _bound(schema, "exclusiveMinimum")
    high, beyond_high = _bound(schema, "maximum"), _bound(schema, "exclusiveMaximum")
    least = max(filter(None, (low, beyond_low)), key=_from_below, default=None)
    most = min(filter(None, (high, beyond_high)), key=_from_above, default=None)
    return least, most


def _from_below(bound: Bound) -> tuple[Decimal, bool]:
    return bound.value, bound.excluded


def _from_above(bound: Bound) -> tuple[Decimal, bool]:
    return bound.value, not bound.excluded


def _bound(schema: JsonObject, name: str) -> Bound | None:
    found = schema.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return Bound(Decimal(str(found)), excluded=name.startswith("exclusive"))


def _string(schema: JsonObject, place: _Place) -> Language:
    if schema.get("format") == "date":
        return _DATE
    sign = place.after.lstrip(" ")[:1]
    # Without its first sign in the text, a text and what follows it cannot run together.
    excluded = "\n" + (sign if sign in _ENDING_SIGNS else "")
    pattern = schema.get("pattern")
    matching = _matching(pattern, excluded) if isinstance(pattern, str) else None
    return _text(schema, place, excluded=excluded) if matching is None else matching


def _matching(pattern: str, excluded: str) -> Language | None:
    """What a whole *pattern* matches, without the *excluded* signs; None where that is not said."""
    if not pattern.startswith(("^", "\\A")) or not pattern.endswith(("$", "\\Z", "\\z")):
        return None
    language = translated(pattern)
    return None if language is None else without(language, excluded)


def _text(schema: JsonObject, place: _Place, *, excluded: str, edges: str = "") -> Language:
    """A text that neither begins nor ends with a blank."""
    edge = any_of(f" \t{edges}{excluded}", negated=True)
    inside = any_of(excluded, negated=True)
    limit, fewest = schema.get("maxLength"), schema.get("minLength")
    longest = limit if isinstance(limit, int) else place.limits.length
    if longest is not None and longest > _LONGEST:
        longest = _LONGEST if place.limits.length else None
    least = min(fewest, _LONGEST) if isinstance(fewest, int) else 0
    if longest is not None and longest < 2:
        return edge
    most = None if longest is None else longest - 2
    more = series((Times(inside, max(least - 2, 0), most), edge))
    return series((edge, more if least > 1 else optional(more)))


def _boolean(schema: JsonObject, place: _Place) -> Language:
    del schema, place
    return Either((Words("true"), Words("false")))


def _null(schema: JsonObject, place: _Place) -> Language:
    del schema, place
    return Words("null")


def _json(schema: JsonObject, place: _Place) -> Language:
    del place
    return _OF_PARTS.get(kind_of(schema), Json("value"))


_OF_PARTS: Mapping[str, Json] = {"array": Json("array"), "object": Json("object")}
_OF_TYPE: Mapping[str, Callable[[JsonObject, _Place], Language]] = {
    "integer": _integer,
    "number": _number,
    "string": _string,
    "boolean": _boolean,
    "null": _null,
}


def _one_of(*spans: str) -> Sign:
    return Sign(tuple(span if len(span) == 1 else (span[0], span[-1]) for span in spans))


def _dates() -> Language:
    """Every day from the year 1 to 9999, and no 30th of February."""
    digit, nonzero = _one_of("0-9"), _one_of("1-9")
    digits = Times(digit, 2, 2)
    year = either(
        series((Words("0" * zeros), nonzero, Times(digit, 3 - zeros, 3 - zeros)))
        for zeros in range(4)
    )
    fourth = either(
        (
            series((Words("0"), _one_of("4", "8"))),
            series((_one_of("2", "4", "6", "8"), _one_of("0", "4", "8"))),
            series((_one_of("1", "3", "5", "7", "9"), _one_of("2", "6"))),
        )
    )
    leap = either((series((digits, fourth)), series((fourth, Words("00")))))
    month = either((series((Words("0"), nonzero)), series((Words("1"), _one_of("0-2")))))
    long = either(map(Words, ("01", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")))
    longest = either(map(Words, ("01", "03", "05", "07", "08", "10", "12")))
    day = either(
        (
            series((Words("0"), nonzero)),
            series((Words("1"), digit)),
            series((Words("2"), _one_of("0-8"))),
        )
    )
    days = either(
        (
            series((month, Words("-"), day)),
            series((long, Words("-"), either((Words("29"), Words("30"))))),
            series((longest, Words("-31"))),
        )
    )
    return either((series((year, Words("-"), days)), series((leap, Words("-02-29")))))


_DATE = _dates()
