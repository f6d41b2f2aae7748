"""What a backend is not held to, in words: a schema's keywords go in, one clause comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.lowering.intersections import RESIDUE
from deterministic_llm._core.schema.wording import describe, quote

_DESCRIBED = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "pattern",
        "format",
        "enum",
    }
)
"""Keywords that have their place in the phrase for a value of this type."""


def clause(dropped: Mapping[str, JsonValue], kind: str) -> str:
    """The clause that says the *dropped* keywords of a value of type *kind*."""
    parts = [*_phrase(dropped, kind)]
    for keyword, value in dropped.items():
        parts += _SAID.get(keyword, _quoted(keyword))(value, dropped)
    return ", ".join(parts)


def _phrase(dropped: Mapping[str, JsonValue], kind: str) -> Iterator[str]:
    inside = {key: dropped[key] for key in dropped if key in _DESCRIBED}
    form = inside.get("format")
    plain = describe({"type": kind})
    said = describe({"type": kind, **inside})
    if said != plain:
        yield _BARE.sub("", said.removeprefix(f"{plain} "))  # its type stands beside it
    elif isinstance(form, str):
        yield f"format {form}"


_BARE = expression(r"^(?:of|from) ")


def _quoted(keyword: str) -> Callable[[JsonValue, Mapping[str, JsonValue]], Iterator[str]]:
    def say(value: JsonValue, dropped: Mapping[str, JsonValue]) -> Iterator[str]:
        del dropped
        if keyword not in _DESCRIBED:
            yield f"{keyword} {quote(value)}"

    return say


def _unique(value: JsonValue, dropped: Mapping[str, JsonValue]) -> Iterator[str]:
    del dropped
    if value is True:
        yield "no duplicates"


def _condition(value: JsonValue, dropped: Mapping[str, JsonValue]) -> Iterator[str]:
    kept: JsonObject = {"if": value}
    kept |= {key: dropped[key] for key in ("then", "else") if key in dropped}
    if len(kept) > 1:
        yield quote(kept)


def _names(value: JsonValue, dropped: Mapping[str, JsonValue]) -> Iterator[str]:
    del dropped
    pattern = value.get("pattern") if isinstance(value, dict) and len(value) == 1 else None
    yield f"keys valid for {quote(value)}" if pattern is None else f"keys matching {pattern}"


def _forbidden(value: JsonValue, dropped: Mapping[str, JsonValue]) -> Iterator[str]:
    del dropped
    for name in value if isinstance(value, dict) else ():
        yield f"no member {quote(name)}"


def _nothing(value: JsonValue, dropped: Mapping[str, JsonValue]) -> Iterator[str]:
    del value, dropped
    return iter(())


def _residue(value: JsonValue, dropped: Mapping[str, JsonValue]) -> Iterator[str]:
    del dropped
    for each in value if isinstance(value, list) else ():
        yield f"valid for {quote(each)}"


_SAID: Mapping[str, Callable[[JsonValue, Mapping[str, JsonValue]], Iterator[str]]] = {
    "oneOf": lambda _value, _dropped: iter(("exactly one of these",)),
    "uniqueItems": _unique,
    "if": _condition,
    "properties": _forbidden,
    "propertyNames": _names,
    "then": _nothing,
    "else": _nothing,
    RESIDUE: _residue,
}


def joined(description: JsonValue, said: str) -> str | None:
    """*description* with the clause *said* behind it; None when there is nothing to say."""
    known = description.strip() if isinstance(description, str) else ""
    if not said or not known:
        return known or said or None
    return f"{known.rstrip('. ;')}; {said}"
