"""A text form as a llama.cpp grammar (GBNF): what a local engine is held to while it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.schema.digits import integer_range, number_range
from deterministic_llm._core.schema.forms import (
    ChoiceForm,
    Field,
    PatternForm,
    TemplateForm,
    TextForm,
)
from deterministic_llm._core.schema.phrasing import (
    constants,
    is_open_ended,
    kind_of,
    resolved,
    written,
)
from deterministic_llm._core.schema.translation import grammar_class, grammar_literal, translated
from deterministic_llm._core.schema.wording import resolve

DEFAULT_LENGTH = 200
"""Characters of a text whose schema sets no limit: small models never end one by themselves."""
_LONGEST = 2000
_MOST_VALUES = 1000
_ENDING_SIGNS = frozenset(',;:|()[]{}<>"/\t=')
_JSON_RULES = r"""value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" (pair (", " pair)*)? "}"
pair ::= string ": " value
array ::= "[" (value (", " value)*)? "]"
string ::= "\"" ([^"\\\x00-\x1f] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,15})?
"""
_JSON_NAMES = frozenset({"value", "array", "object"})
_DATE = '[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | [12] [0-9] | "3" [01])'


def gbnf(form: TextForm) -> str | None:
    """The grammar of the canonical form; None when a pattern says more than a grammar can.

    A text is at most ``maxLength`` characters, or 200; a ``pattern`` inside of a field's schema is
    left to the reader. Numbers keep their bounds digit by digit.
    """
    match form:
        case ChoiceForm(options):
            return f"root ::= {' | '.join(map(grammar_literal, options))}\n"
        case PatternForm(source, _, _):
            body = translated(source)
            return None if body is None else f"root ::= {body}\n"
        case TemplateForm():
            return _of_template(form)


def _of_template(form: TemplateForm) -> str:
    line: list[str] = []
    rules: list[str] = []
    for index, piece in enumerate(form.pieces):
        if isinstance(piece, str):
            line.append(grammar_literal(piece))
            continue
        following = form.pieces[index + 1] if index + 1 < len(form.pieces) else ""
        after = following if isinstance(following, str) else ""
        line.append(f"field{index}")
        rules.append(f"field{index} ::= {_of_field(form, piece, after)}\n")
    start = f"root ::= {' '.join(line)}\n"
    if form.many:
        start = f'root ::= line ("\\n" line)*\nline ::= {" ".join(line)}\n'
    shared = _JSON_RULES if any(_JSON_NAMES & {*rule.split()} for rule in rules) else ""
    return start + "".join(rules) + shared


def _of_field(form: TemplateForm, field: Field, after: str) -> str:
    if is_open_ended(form, field):
        return _text(field.schema, excluded="\r")
    return " | ".join(_alternatives(resolved(field), field.schema, after))


def _alternatives(schema: JsonObject, root: JsonObject, after: str) -> Iterator[str]:
    branches = schema.get("anyOf", schema.get("oneOf"))
    kinds = schema.get("type")
    if options := constants(schema):
        yield from (grammar_literal(written(option)) for option in options)
    elif isinstance(branches, list):
        for branch in branches:
            node = resolve(branch, root=root)
            yield from _alternatives(node if isinstance(node, dict) else {}, {}, after)
    elif isinstance(kinds, list):
        for kind in kinds:
            yield from _alternatives({**schema, "type": kind}, root, after)
    else:
        yield _OF_TYPE.get(kind_of(schema), _json)(schema, after)


def _integer(schema: JsonObject, after: str) -> str:
    del after
    least = _largest(
        _whole(schema, "minimum", ROUND_CEILING, 0),
        _whole(schema, "exclusiveMinimum", ROUND_FLOOR, 1),
    )
    most = _largest(
        _whole(schema, "maximum", ROUND_FLOOR, 0, sign=-1),
        _whole(schema, "exclusiveMaximum", ROUND_CEILING, -1, sign=-1),
    )
    return _stepped(schema, least, None if most is None else -most)


def _stepped(schema: JsonObject, least: int | None, most: int | None) -> str:
    step = schema.get("multipleOf")
    if isinstance(step, int) and step > 1 and least is not None and most is not None:
        values = range(-(-least // step) * step, most + 1, step)
        if len(values) <= _MOST_VALUES:
            return " | ".join(f'"{value}"' for value in values)
    return integer_range(least, most)


def _whole(
    schema: JsonObject, name: str, rounding: str, beyond: int, *, sign: int = 1
) -> int | None:
    bound = _bound(schema, name)
    return None if bound is None else sign * (int(bound.to_integral_value(rounding)) + beyond)


def _largest(one: int | None, other: int | None) -> int | None:
    known = [bound for bound in (one, other) if bound is not None]
    return max(known) if known else None


def _number(schema: JsonObject, after: str) -> str:
    del after
    low = _bound(schema, "minimum", "exclusiveMinimum")
    return number_range(low, _bound(schema, "maximum", "exclusiveMaximum"))


def _bound(schema: JsonObject, *names: str) -> Decimal | None:
    for name in names:
        found = schema.get(name)
        if isinstance(found, int | float):
            return Decimal(str(found))
    return None


def _string(schema: JsonObject, after: str) -> str:
    if schema.get("format") == "date":
        return _DATE
    sign = after.lstrip(" ")[:1]
    # Without its first sign in the text, a text and what follows it cannot run together.
    return _text(schema, excluded="\n" + (sign if sign in _ENDING_SIGNS else ""))


def _text(schema: JsonObject, *, excluded: str) -> str:
    limit = schema.get("maxLength")
    longest = min(limit, _LONGEST) if isinstance(limit, int) else DEFAULT_LENGTH
    first = grammar_class(f" \n{excluded}", negated=True)
    return f"{first} {grammar_class(excluded, negated=True)}{{0,{max(longest - 1, 0)}}}"


def _boolean(schema: JsonObject, after: str) -> str:
    del schema, after
    return '"true" | "false"'


def _null(schema: JsonObject, after: str) -> str:
    del schema, after
    return '"null"'


def _json(schema: JsonObject, after: str) -> str:
    del after
    kind = kind_of(schema)
    return kind if kind in ("array", "object") else "value"


_OF_TYPE: Mapping[str, Callable[[JsonObject, str], str]] = {
    "integer": _integer,
    "number": _number,
    "string": _string,
    "boolean": _boolean,
    "null": _null,
}
