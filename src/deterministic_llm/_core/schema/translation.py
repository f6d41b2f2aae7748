"""A regular expression as a language, where that can say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.expressions import (
    Chain,
    Chars,
    Edge,
    Group,
    Node,
    Repeat,
    UnreadableExpressionError,
    parse_expression,
)
from deterministic_llm._core.schema.expressions import Either as Alternatives
from deterministic_llm._core.schema.language import (
    Language,
    Sign,
    Span,
    Times,
    any_of,
    either,
    series,
)

_MOST_REPEATS = 2000
_STARTS = (Edge("^"), Edge("\\A"))
_ENDS = (Edge("$"), Edge("\\Z"), Edge("\\z"))
_Spans: TypeAlias = tuple[Span, ...]
_ASCII_WORDS: _Spans = (("a", "z"), ("A", "Z"), ("0", "9"), "_")
_FOREIGN_WORDS: _Spans = (
    ("\xc0", "\xd6"),
    ("\xd8", "\xf6"),
    ("\xf8", "\u02c1"),
    ("\u0386", "\u0386"),
    ("\u0388", "\u038a"),
    ("\u038e", "\u03a1"),
    ("\u03a3", "\u03f5"),
    ("\u03f7", "\u0481"),
    ("\u048a", "\u052f"),
    ("\u05d0", "\u05ea"),
    ("\u0620", "\u0669"),
    ("\u0900", "\u0963"),
    ("\u0e01", "\u0e3a"),
    ("\u0e40", "\u0e4e"),
    ("\u3041", "\u3096"),
    ("\u30a1", "\u30fa"),
    ("\u30fc", "\u30fe"),
    ("\u3400", "\u4dbf"),
    ("\u4e00", "\ua48c"),
    ("\uac00", "\ud7a3"),
)
"""Letters of the scripts that most people write in; not all, that would be hundreds of spans."""
_BLANKS: _Spans = (("\t", "\r"), " ", "\x85", "\xa0", "\u1680", ("\u2000", "\u200a"))
_MORE_BLANKS: _Spans = ("\u2028", "\u2029", "\u202f", "\u205f", "\u3000")
_BEYOND_ASCII: Span = ("\x80", "\U0010ffff")
_TAKEN: Mapping[str, _Spans] = {
    "d": (("0", "9"),),
    "w": _ASCII_WORDS + _FOREIGN_WORDS,
    "s": _BLANKS + _MORE_BLANKS,
}
"""Characters that are surely in a set."""
_LEFT: Mapping[str, _Spans] = {
    "d": (("0", "9"), ("\u0660", "\U0010ffff")),
    "w": (*_ASCII_WORDS, _BEYOND_ASCII),
    "s": (*_BLANKS, *_MORE_BLANKS, ("\x1c", "\x1f")),
}
"""Characters without which no other one is in it."""
_CONTROLS: Mapping[str, str] = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_HEX = "[0-9a-fA-F]"
_ONE = rf"\\(?:x{_HEX}{{2}}|u{_HEX}{{4}}|U{_HEX}{{8}}|.)|[^\\]"
_SPAN = expression(rf"(?P<low>{_ONE})(?:-(?P<high>{_ONE}))?", re.DOTALL)


def translated(source: str) -> Language | None:
    r"""The language of *source*, or a part of it; None for what no language can say.

    That is: lookarounds, references, atomic groups, word edges, case-blind parts, Unicode classes.
    ``\d`` are the ASCII digits, and ``\w`` the letters of the scripts most written.
    """
    try:
        expression = parse_expression(source)
        return None if expression.caseless else _language(_without_anchors(expression.root))
    except UnreadableExpressionError:
        return None


def _without_anchors(root: Node) -> Node:
    parts = list(root.parts) if isinstance(root, Chain) else [root]
    if parts and parts[0] in _STARTS:
        del parts[0]
    if parts and parts[-1] in _ENDS:
        del parts[-1]
    return Chain(tuple(parts))


def _language(node: Node) -> Language:
    match node:
        case Chars(source):
            return _class(source)
        case Chain(parts):
            return series(_language(part) for part in parts)
        case Alternatives(options):
            return either(_language(option) for option in options)
        case Group(_, body):
            return _language(body)
        case Repeat(body, low, high, False) if max(low, high or 0) <= _MOST_REPEATS:
            return Times(_language(body), low, high)
        case _:
            raise UnreadableExpressionError(type(node).__name__)


def _class(source: str) -> Language:
    if source == ".":
        return any_of("\n", negated=True)
    if not source.startswith("["):
        return _single(source)
    body = source[1:-1]
    negated = body.startswith("^")
    if "[:" in body:
        raise UnreadableExpressionError(source)
    return Sign(tuple(_members(body[negated:], _LEFT if negated else _TAKEN)), negated)


def _single(source: str) -> Language:
    letter = source[-1]
    if len(source) == 2 and letter.isupper() and letter.lower() in _LEFT:
        return Sign(_LEFT[letter.lower()], negated=True)
    return Sign(tuple(_members(source, _TAKEN)))


def _members(body: str, sets: Mapping[str, _Spans]) -> Iterator[Span]:
    """The members of a class, single ones and spans."""
    for span in _SPAN.finditer(body):
        low, high = span["low"], span["high"]
        if low[0] == "\\" and low[1:] in sets:
            yield from sets[low[1:]]
            yield from () if high is None else ("-", _member(high))
        elif high is None:
            yield _member(low)
        else:
            yield _member(low), _member(high)


def _member(source: str) -> str:
    if len(source) == 1:
        return source
    if len(source) > 2:
        return chr(int(f"0x{source[2:]}", 0))
    letter = source[1]
    if letter.isalnum() and letter not in _CONTROLS:
        raise UnreadableExpressionError(source)
    return _CONTROLS.get(letter, letter)
