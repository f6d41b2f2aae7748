"""A text form said to others: to a model in words, to a regex engine as an expression."""

from __future__ import annotations

import json
from collections.abc import Mapping

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import (
    ChoiceForm,
    Field,
    PatternForm,
    TemplateForm,
    TextForm,
)
from deterministic_llm._core.schema.wording import describe, one_of, quote, resolve

_INTEGER = r"-?(?:0|[1-9][0-9]*)"
_EXPRESSIONS: Mapping[str, str] = {
    "integer": _INTEGER,
    "number": rf"{_INTEGER}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?",
    "boolean": "true|false",
    "null": "null",
    "object": r"\{[^\n]*\}",
    "array": r"\[[^\n]*\]",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "string": r"[^\n]+?",
}
_FLAGS = expression(r"\(\?[aiLmsux]+\)")
_SPECIAL = expression(r"[\\.^$*+?{}\[\]|()]")


def instruction(form: TextForm) -> str:
    """What to write in a prompt so that a model answers in *form*."""
    match form:
        case ChoiceForm(options):
            choice = one_of([quote(option) for option in options])
            return f"Answer with exactly {choice} and write nothing else."
        case PatternForm(source, fields, _):
            start = "Answer with text that this regular expression matches as a whole, and write"
            return f"{start} nothing else:\n{source}{_meanings(form, fields)}"
        case TemplateForm(many=many):
            manner = "Write one record a line, each" if many else "Answer"
            start = f"{manner} in exactly this form, and write nothing else:"
            return f"{start}\n{canonical(form)}{_meanings(form, form.fields)}"


def canonical(form: TextForm) -> str:
    """How *form* is written: a template with its names in braces, the expression, the options."""
    match form:
        case ChoiceForm(options):
            return one_of([quote(option) for option in options])
        case PatternForm(source, _, _):
            return f"text that matches {source}"
        case TemplateForm(_, pieces, _):
            return "".join(_shown(piece) for piece in pieces)


def regex_of(form: TextForm) -> str:
    """The anchored Python expression of the canonical form; each field is a named group."""
    match form:
        case ChoiceForm(options):
            return rf"\A(?:{'|'.join(map(_escaped, options))})\Z"
        case PatternForm(source, _, _):
            flags = _FLAGS.match(source)
            start = flags.end() if flags is not None else 0
            return rf"{source[:start]}\A(?:{source[start:]})\Z"
        case TemplateForm(_, pieces, many):
            line = "".join(_piece_expression(form, piece) for piece in pieces)
            return rf"\A(?:{line}(?:\n|\Z))+\Z" if many else rf"\A{line}\Z"


def written(value: JsonValue) -> str:
    """*value* as it stands in a template: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def constants(schema: JsonObject) -> tuple[JsonValue, ...]:
    """The values of an enumeration; none when *schema* is no enumeration."""
    if "const" in schema:
        return (schema["const"],)
    options = schema.get("enum")
    return tuple(options) if isinstance(options, list) else ()


def resolved(field: Field) -> JsonObject:
    """The field's schema with a reference at its top followed."""
    node = resolve(field.schema, root=field.schema)
    return node if isinstance(node, dict) else {}


def kind_of(schema: JsonObject) -> str:
    """The one JSON type of *schema*, or "any"."""
    kind = schema.get("type")
    return kind if isinstance(kind, str) else "any"


def _meanings(form: TextForm, fields: tuple[Field, ...]) -> str:
    lines = [f"{{{field.name}}} is {_meaning(form, field)}" for field in fields]
    return "\nwhere " + ", ".join(lines) + "."


def _meaning(form: TextForm, field: Field) -> str:
    schema = resolved(field)
    said = schema.get("description")
    words = describe(schema, root=field.schema)
    if field.is_free_text and words == "a string":
        lines = isinstance(form, TemplateForm) and is_open_ended(form, field)
        words = "text" if lines else "text on one line"
    return f"{words} ({said.rstrip('.')})" if isinstance(said, str) else words


def _shown(piece: str | Field) -> str:
    return f"{{{piece.name}}}" if isinstance(piece, Field) else piece


def _piece_expression(form: TemplateForm, piece: str | Field) -> str:
    if isinstance(piece, str):
        return _escaped(piece)
    return f"(?P<{piece.name}>{_expression(form, piece)})"


def _expression(form: TemplateForm, field: Field) -> str:
    if is_open_ended(form, field):
        return r"[\s\S]+"
    schema = resolved(field)
    options = constants(schema)
    if options:
        return "|".join(_escaped(written(option)) for option in options)
    kind = kind_of(schema)
    if kind == "string" and schema.get("format") == "date":
        kind = "date"
    return _EXPRESSIONS.get(kind, _EXPRESSIONS["string"])


def is_open_ended(form: TemplateForm, field: Field) -> bool:
    """Whether *field* is free text that runs to the end of the answer, over several lines.

    It is the last piece of a template that itself has line breaks, or that has nothing else.
    """
    last = form.pieces[-1] is field and field.is_free_text and not form.many
    return last and (len(form.pieces) == 1 or "\n" in form.text)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text).replace("\n", r"\n")
