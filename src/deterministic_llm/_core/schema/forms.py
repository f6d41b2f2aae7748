"""Text forms as data: a template, a pattern or a choice goes in, its checked pieces come out.

A template is literal text with ``{name}`` fields; nothing is ever handed to ``str.format``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import NoReturn, TypeAlias

import regex

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.redos import backtracking
from deterministic_llm._core.schema.wording import quote
from deterministic_llm.errors import SchemaError

INLINE_TYPES: Mapping[str, str] = {
    "int": "integer",
    "float": "number",
    "str": "string",
    "bool": "boolean",
}
"""What may stand behind the colon in ``{name:int}``, and its JSON type."""
_PIECE = expression(r"(?P<double>\{\{|\}\})|\{(?P<field>[^{}]*)\}|(?P<brace>[{}])|[^{}]+")
_AROUND = expression(
    r"""[\s*_`"'“”‘’«»「」.,:;!?(\[{<>#]*(?P<inside>\S.*?)[\s*_`"'“”‘’«»「」.,:;!?)\]}>。]*""",
    re.DOTALL,
)
_SEPARATED = expression(r"(?<=\w)[\s_-]+(?=\w)|\s+")
_NARROWING = frozenset({"enum", "const", "format", "anyOf", "oneOf", "allOf", "$ref", "pattern"})


@frozen
class Field:
    """A named place for a value that fits *schema*."""

    name: str
    schema: JsonObject = field(hash=False)

    @property
    def is_free_text(self) -> bool:
        """Whether any line of text could stand here."""
        return self.schema.get("type") == "string" and not _NARROWING & self.schema.keys()


@frozen
class TemplateForm:
    """Literal text and fields in turn; with *many*, each line of the answer is one record."""

    text: str
    pieces: tuple[str | Field, ...]
    many: bool = False

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields in their order."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Field))


@frozen
class PatternForm:
    """A regular expression whose named groups are the fields."""

    source: str
    fields: tuple[Field, ...]
    unsafe: bool = False


@frozen
class ChoiceForm:
    """One of the options, given back exactly as listed."""

    options: tuple[str, ...]


TextForm: TypeAlias = TemplateForm | PatternForm | ChoiceForm


def compile_template(
    text: str, fields: Mapping[str, JsonObject], *, many: bool = False
) -> TemplateForm:
    """Cut *text* into literals and fields; a field that *fields* does not name is plain text.

    Raises SchemaError for a text that could not be read back: no field, one named twice, two free
    texts with nothing between them, a brace left open, an index, attribute or conversion.
    """
    where = f"template {quote(text)}"
    pieces = tuple(_merged_literals(_template_pieces(text, fields, where)))
    form = TemplateForm(text, pieces, many)
    names = [field.name for field in form.fields]
    if not names:
        _refuse(where, "no field", "name the wanted value in braces: {score}")
    for name in names:
        if names.count(name) > 1:
            _refuse(where, f"the field {quote(name)} stands twice", "give each its own name")
    for name in fields:
        if name not in names:
            _refuse(where, f"no field {quote(name)}", f"write {{{name}}} or leave it out")
    if many and "\n" in text:
        _refuse(where, "one record a line cannot have line breaks", "write it on one line")
    _check_told_apart(form, where)
    return form


def compile_pattern(
    source: str, fields: Mapping[str, JsonObject], *, unsafe: bool = False
) -> PatternForm:
    """Check the regular expression *source*; each named group is a field, plain text by default.

    Raises SchemaError when it does not compile, has no named group, or can take exponential time
    and *unsafe* does not allow that.
    """
    where = f"pattern {quote(source)}"
    try:
        groups = regex.compile(source).groupindex
    except regex.error as error:
        _refuse(where, f"not a regular expression: {error}", "correct it")
    if not groups:
        _refuse(where, "no named group", "name what is wanted: (?P<score>...)")
    for name in fields:
        if name not in groups:
            _refuse(where, f"no group {quote(name)}", f"write (?P<{name}>...) or leave it out")
    for name in groups:
        _check_name(name, where)
    reason = None if unsafe else backtracking(source)
    if reason is not None:
        fix = "make the loop unambiguous, or pass unsafe=True and rely on the time limit"
        _refuse(where, f"can take exponential time: {reason}", fix)
    ordered = sorted(groups, key=lambda name: groups[name])
    found = (Field(name, fields.get(name, {"type": "string"})) for name in ordered)
    return PatternForm(source, tuple(found), unsafe)


def compile_choice(options: Sequence[str]) -> ChoiceForm:
    """Check that *options* are told apart whatever their case, spacing and punctuation."""
    where = f"choice {quote(list(options))}"
    if not options:
        _refuse(where, "no option", "name at least one")
    known: dict[str, str] = {}
    for option in options:
        key = option_key(option)
        if not key:
            _refuse(where, "an empty option", "give every option a text")
        if key in known:
            both = f"{quote(known[key])} and {quote(option)}"
            _refuse(where, f"{both} differ in case, spacing or punctuation only", "keep one")
        known[key] = option
    return ChoiceForm(tuple(options))


def option_key(text: str) -> str:
    """*text* without what does not tell options apart: case, width, word separators, punctuation.

    Signs that change a meaning stay: "A+", "A-" and "A" are three options, "C#" is not "C".
    """
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    bare = _AROUND.fullmatch(folded)
    inside = folded if bare is None else bare["inside"]
    return _SEPARATED.sub(" ", inside)


def _template_pieces(
    text: str, fields: Mapping[str, JsonObject], where: str
) -> Iterator[str | Field]:
    for found in _PIECE.finditer(text):
        if found["double"]:
            yield found["double"][0]
        elif found["brace"]:
            fix = "close it, or double it to mean the character itself"
            _refuse(where, f"{found['brace']} at {found.start()} has no partner", fix)
        elif found["field"] is not None:
            yield _field(found["field"], fields, where)
        else:
            yield found.group()


def _field(inside: str, fields: Mapping[str, JsonObject], where: str) -> Field:
    name, colon, kind = inside.partition(":")
    _check_name(name, where)
    if not colon:
        return Field(name, fields.get(name, {"type": "string"}))
    if kind not in INLINE_TYPES:
        known = ", ".join(INLINE_TYPES)
        _refuse(where, f"{{{inside}}}: unknown type {quote(kind)}", f"use one of {known}")
    if name in fields:
        _refuse(where, f"{{{inside}}} has two types", "keep the inline one or the other one")
    return Field(name, {"type": INLINE_TYPES[kind]})


def _check_name(name: str, where: str) -> None:
    if not name.isidentifier() or name.startswith("_"):
        fix = "use a plain name: no index, attribute, conversion or leading underscore"
        _refuse(where, f"{quote(name)} cannot name a field", fix)


def _merged_literals(pieces: Iterator[str | Field]) -> Iterator[str | Field]:
    literal = ""
    for piece in pieces:
        if isinstance(piece, str):
            literal += piece
            continue
        if literal:
            yield literal
        literal = ""
        yield piece
    if literal:
        yield literal


def _check_told_apart(form: TemplateForm, where: str) -> None:
    pieces = form.pieces
    for index, piece in enumerate(pieces[:-1]):
        if isinstance(piece, str):
            continue
        between, after = pieces[index + 1], pieces[index + 2 : index + 3]
        if isinstance(between, Field):
            both = f"{{{piece.name}}} and {{{between.name}}}"
            _refuse(where, f"nothing stands between {both}", "put words or a sign between them")
        following = after[0] if after else None
        if isinstance(following, Field) and not between.strip() and "\n" not in between:
            _check_blank_between(piece, following, where)


def _check_blank_between(before: Field, following: Field, where: str) -> None:
    if before.is_free_text and following.is_free_text:
        both = f"{{{before.name}}} and {{{following.name}}}"
        _refuse(where, f"only a space stands between {both}", "put words or a sign between them")


def _refuse(where: str, problem: str, fix: str) -> NoReturn:
    raise SchemaError(where, problem, fix)
