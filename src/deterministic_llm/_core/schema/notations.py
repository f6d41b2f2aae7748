"""A text form in the notations that backends take: GBNF, Lark, a regular expression, choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from deterministic_llm._core.exchange import Notation
from deterministic_llm._core.schema.forms import ChoiceForm, TextForm
from deterministic_llm._core.schema.grammar import language_of
from deterministic_llm._core.schema.language import (
    SHORT,
    UNLIMITED,
    Either,
    Json,
    Language,
    Named,
    Series,
    Sign,
    Span,
    Times,
    Words,
)

_JSON_RULES = r"""value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" (pair (", " pair)*)? "}"
pair ::= string ": " value
array ::= "[" (value (", " value)*)? "]"
string ::= "\"" ([^"\\\x00-\x1f] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,15})?
"""
_QUOTED: Mapping[str, str] = {"\n": r"\n", "\r": r"\r", "\t": r"\t", '"': r"\"", "\\": r"\\"}
_SPECIAL = frozenset(r"\.+*?()|[]{}^$")
_SPECIAL_IN_CLASS = frozenset(r"\[]^-&~")
"""Some engines take two of the last ones for an operation on sets."""
_COUNTS: Mapping[tuple[int, int | None], str] = {
    (0, None): "*",
    (1, None): "+",
    (0, 1): "?",
    (1, 1): "",
}
_CONTROLS: Mapping[str, str] = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


@lru_cache(maxsize=1024)
def notation_of(form: TextForm) -> Notation | None:
    """The language of *form* in each notation that can say it; None when there is none.

    GBNF is what small models are held to, so it limits what has no limit of its own; the others do
    not. The expression matches the whole text and is written as Rust, xgrammar and Python read it.
    Lark has it as one terminal: its rules split a text greedily, which would lose what may follow.
    """
    short, unlimited = language_of(form, SHORT), language_of(form, UNLIMITED)
    if short is None or unlimited is None:
        return None
    expression = None if _has_json(unlimited) else plain_expression(unlimited)
    choices = form.options if isinstance(form, ChoiceForm) else None
    lark = None if expression is None else f"start: /{_slashed(expression)}/"
    return Notation(gbnf=gbnf(short), lark=lark, regex=expression, choices=choices)


def gbnf(language: Language) -> str:
    """The grammar of *language*, whose named parts are rules of their own."""
    rules: dict[str, str] = {}
    root = _production(language, rules)
    written = "".join(f"{name} ::= {body}\n" for name, body in _in_order(rules))
    shared = _JSON_RULES if _has_json(language) else ""
    return f"root ::= {root}\n{written}{shared}"


def _in_order(rules: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is made of others before them."""
    return iter(sorted(rules.items(), key=lambda rule: rule[0] != "line"))


def _production(language: Language, rules: dict[str, str], *, inside: bool = False) -> str:
    """The right side of a rule; *inside* of another one several parts need brackets."""
    match language:
        case Words() | Sign():
            return _terminal(language)
        case Series(parts):
            return " ".join(_production(part, rules, inside=True) for part in parts) or '""'
        case Either(options):
            written = " | ".join(_production(option, rules) for option in options)
            return f"({written})" if inside else written
        case Times(body, low, high):
            bare = isinstance(body, Sign | Named | Either | Json)
            written = _production(body, rules, inside=True)
            return f"{written if bare else f'({written})'}{_count(low, high)}"
        case Named(name, body):
            rules[name] = rules.get(name) or _production(body, rules)
            return name
        case Json(kind):
            return kind


def _terminal(language: Words | Sign) -> str:
    if isinstance(language, Words):
        return grammar_literal(language.text)
    return f"[{'^' if language.negated else ''}{''.join(map(_grammar_span, language.spans))}]"


def _count(low: int, high: int | None) -> str:
    sign = _COUNTS.get((low, high))
    if sign is not None:
        return sign
    return f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}"


def grammar_literal(text: str) -> str:
    """*text* in quotes, as a grammar writes it."""
    return f'"{"".join(map(_quoted, text))}"'


def _quoted(character: str) -> str:
    if character in _QUOTED:
        return _QUOTED[character]
    return character if character.isprintable() else _hexadecimal(character)


def _grammar_span(span: Span) -> str:
    return "-".join(map(_grammar_member, span))


def _grammar_member(character: str) -> str:
    if character.isalnum() or character in " _.,;:/":
        return character
    return _hexadecimal(character)


def _hexadecimal(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _has_json(language: Language) -> bool:
    match language:
        case Json():
            return True
        case Series(parts) | Either(parts):
            return any(map(_has_json, parts))
        case Times(body) | Named(_, body):
            return _has_json(body)
        case Words() | Sign():
            return False


def plain_expression(language: Language) -> str:
    """The expression of *language*, which holds no JSON; no group of it captures."""
    match language:
        case Words(text):
            return "".join(map(_escaped, text))
        case Sign(spans, negated):
            return f"[{'^' if negated else ''}{''.join(map(_expression_span, spans))}]"
        case Series(parts):
            return "".join(map(_part, parts))
        case Either(options):
            return "|".join(map(plain_expression, options))
        case Times(body, low, high):
            single = isinstance(body, Sign) or (isinstance(body, Words) and len(body.text) == 1)
            repeated = plain_expression(body)
            return f"{repeated if single else f'(?:{repeated})'}{_count(low, high)}"
        case Named(_, body):
            return _part(body)
        case Json():  # it may hold itself
            raise NotImplementedError


def _part(language: Language) -> str:
    """The expression of one part of a series."""
    written = plain_expression(language)
    return f"(?:{written})" if isinstance(language, Either) else written


def _escaped(character: str) -> str:
    if character in _SPECIAL:
        return f"\\{character}"
    return _controlled(character)


def _expression_span(span: Span) -> str:
    return "-".join(map(_expression_member, span))


def _expression_member(character: str) -> str:
    if character in _SPECIAL_IN_CLASS:
        return f"\\{character}"
    return _controlled(character)


def _controlled(character: str) -> str:
    if character in _CONTROLS:
        return _CONTROLS[character]
    return f"\\x{ord(character):02x}" if ord(character) < 0x20 or character == "\x7f" else character


def _slashed(expression: str) -> str:
    """*expression* between the slashes of Lark."""
    return expression.replace("/", r"\/")
