"""A regular expression as a grammar rule, where a grammar can say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from deterministic_llm._core.schema.expressions import (
    Chain,
    Chars,
    Edge,
    Either,
    Group,
    Node,
    Repeat,
    UnreadableExpressionError,
    parse_expression,
)

_MOST_REPEATS = 2000
_STARTS = (Edge("^"), Edge("\\A"))
_ENDS = (Edge("$"), Edge("\\Z"), Edge("\\z"))
_SETS: Mapping[str, str] = {"d": "0-9", "w": "a-zA-Z0-9_", "s": r" \t\n\r\x0b\x0c"}
_CONTROLS: Mapping[str, str] = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_ESCAPES: Mapping[str, str] = {"\n": r"\n", "\r": r"\r", "\t": r"\t", '"': r"\"", "\\": r"\\"}
_HEX = "[0-9a-fA-F]"
_ONE = rf"\\(?:x{_HEX}{{2}}|u{_HEX}{{4}}|U{_HEX}{{8}}|.)|[^\\]"
_SPAN = re.compile(rf"(?P<low>{_ONE})(?:-(?P<high>{_ONE}))?", re.DOTALL)


def translated(source: str) -> str | None:
    r"""The grammar rule for *source*; None for what a grammar cannot say.

    That is: lookarounds, references, atomic groups, word edges, case-blind parts, Unicode classes.
    ``\\d``, ``\\w`` and ``\\s`` become their ASCII members.
    """
    try:
        expression = parse_expression(source)
        return None if expression.caseless else _rule(_without_anchors(expression.root))
    except UnreadableExpressionError:
        return None


def grammar_literal(text: str) -> str:
    """*text* in quotes, as a grammar writes it."""
    return f'"{"".join(map(_escaped, text))}"'


def grammar_class(characters: str, *, negated: bool = False) -> str:
    """The class of any one of *characters*, or of any other one."""
    members = "".join(map(_class_member, dict.fromkeys(characters)))
    return f"[{'^' if negated else ''}{members}]"


def _without_anchors(root: Node) -> Node:
    parts = list(root.parts) if isinstance(root, Chain) else [root]
    if parts and parts[0] in _STARTS:
        del parts[0]
    if parts and parts[-1] in _ENDS:
        del parts[-1]
    return Chain(tuple(parts))


def _rule(node: Node) -> str:
    match node:
        case Chars(source):
            return _class(source)
        case Chain(parts):
            return " ".join(_rule(part) for part in parts) or '""'
        case Either(options):
            return f"({' | '.join(_rule(option) for option in options)})"
        case Group(_, body):
            return f"({_rule(body)})"
        case Repeat(body, low, high, False) if max(low, high or 0) <= _MOST_REPEATS:
            return f"({_rule(body)}){{{low},{'' if high is None else high}}}"
        case _:
            raise UnreadableExpressionError(type(node).__name__)


def _class(source: str) -> str:
    if source == ".":
        return r"[^\n]"
    if not source.startswith("["):
        return _single(source)
    body = source[1:-1]
    negation = "^" if body.startswith("^") else ""
    if "[:" in body:
        raise UnreadableExpressionError(source)
    return f"[{negation}{''.join(_members(body[len(negation) :]))}]"


def _single(source: str) -> str:
    letter = source[-1]
    if len(source) == 2 and letter.isupper() and letter.lower() in _SETS:
        return f"[^{_SETS[letter.lower()]}]"
    return f"[{''.join(_members(source))}]"


def _members(body: str) -> Iterator[str]:
    """The members of a class in the grammar's spelling, single ones and spans."""
    for span in _SPAN.finditer(body):
        yield _member(span["low"])
        if span["high"] is not None:
            yield f"-{_member(span['high'])}"


def _member(source: str) -> str:
    if len(source) == 1:
        return _class_member(source)
    if len(source) > 2:
        return _class_member(chr(int(f"0x{source[2:]}", 0)))
    letter = source[1]
    if letter in _SETS:
        return _SETS[letter]
    if letter.isalnum() and letter not in _CONTROLS:
        raise UnreadableExpressionError(source)
    return _class_member(_CONTROLS.get(letter, letter))


def _class_member(character: str) -> str:
    if character.isalnum() or character in " _.,;:/":
        return character
    return _hexadecimal(character)


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if character.isprintable() else _hexadecimal(character)


def _hexadecimal(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
