r"""A regular expression as a tree: its text goes in, nodes for a lint or a grammar come out.

Character classes stay text (``[a-z]``, ``\d``, ``.``): an engine is asked for their members.
"""

from __future__ import annotations

import re
from typing import NoReturn, TypeAlias

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

MAX_DEPTH = 60
"""Groups inside groups that are read; far more than people write, few enough for recursion."""

_ESCAPE = expression(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[pPN]\{[^}]*\}|[pP][A-Z]|"
    r"g<[^>]*>|k<[^>]*>|[1-9][0-9]?|0[0-7]{0,2}|.)",
    re.DOTALL,
)
_CLASS = expression(r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\\\]])*+\]", re.DOTALL)
_QUANTIFIER = expression(r"(?:([*+?])|\{(\d*)(,?)(\d*)\})([?+]?)")
_GROUP = expression(
    r"\((?:\?(?:P?<(?P<name>[^\W\d]\w*)>|(?P<look>=|!|<=|<!)|(?P<atomic>>)|"
    r"P=(?P<reference>\w+)\)|(?P<comment>\#)|(?P<flags>[aiLmsux]*(?:-[imsx]+)?)(?P<scope>[:)])))?"
)
_BLANK = expression(r"(?:\s|#[^\n]*)+")
_EDGES = frozenset({"\\b", "\\B", "\\A", "\\Z", "\\z", "\\m", "\\M", "\\G"})
_FIXED = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@frozen
class Chars:
    """One character out of a class, as the expression spells it."""

    source: str


@frozen
class Edge:
    r"""A place that takes no character: ``^``, ``$``, ``\b``."""

    source: str


@frozen
class Reference:
    """The text of an earlier group again."""

    source: str


@frozen
class Chain:
    """Parts one after another."""

    parts: tuple[Node, ...]


@frozen
class Either:
    """One of the options."""

    options: tuple[Node, ...]


@frozen
class Repeat:
    """The body *low* to *high* times, without end when *high* is None."""

    body: Node
    low: int
    high: int | None
    possessive: bool


@frozen
class Group:
    """A group that captures: named, or None when only numbered."""

    name: str | None
    body: Node


@frozen
class Atomic:
    """A group that is never tried another way once it has matched."""

    body: Node


@frozen
class Look:
    """What stands before or behind a place, without being taken."""

    body: Node


Node: TypeAlias = Chars | Edge | Reference | Chain | Either | Repeat | Group | Atomic | Look


class UnreadableExpressionError(Exception):
    """This construct is outside of what the tree can say."""


@frozen
class Expression:
    """A whole expression; *caseless* when any part of it is."""

    root: Node
    caseless: bool


def parse_expression(source: str) -> Expression:
    """The tree of *source*; raises UnreadableExpressionError naming what it cannot say."""
    parser = _Parser(source)
    root = parser.alternatives(0)
    if parser.position < len(source):
        _refuse("an unmatched )")
    return Expression(root, parser.caseless)


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.position: int = 0
        self.verbose = False
        self.caseless = False

    def alternatives(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            _refuse(f"groups nested more than {MAX_DEPTH} deep")
        options = [self._chain(depth)]
        while self.source.startswith("|", self.position):
            self.position += 1
            options.append(self._chain(depth))
        return options[0] if len(options) == 1 else Either(tuple(options))

    def _chain(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.position < len(self.source) and self.source[self.position] not in "|)":
            if self._skip_verbose():
                continue
            part = self._atom(depth)
            if part is not None:
                parts.append(self._repeated(part))
        return parts[0] if len(parts) == 1 else Chain(tuple(parts))

    def _skip_verbose(self) -> bool:
        if not self.verbose:
            return False
        blank = _BLANK.match(self.source, self.position)
        if blank is None:
            return False
        self.position = blank.end()
        return True

    def _atom(self, depth: int) -> Node | None:
        character = self.source[self.position]
        if character == "(":
            return self._group(depth)
        if character == "[":
            return Chars(self._class())
        if character == "\\":
            return self._escape()
        if character in "*+?":
            _refuse(f"{character} with nothing to repeat")
        self.position += 1
        return Edge(character) if character in "^$" else Chars(character)

    def _escape(self) -> Node:
        found = _ESCAPE.match(self.source, self.position)
        if found is None:
            _refuse("a backslash at the end")
        self.position = found.end()
        source = found.group()
        if source in _EDGES:
            return Edge(source)
        if source[1] in "123456789gk" and len(source) > 1:
            return Reference(source)
        if source in ("\\X", "\\R", "\\L", "\\K"):
            _refuse(source)
        return Chars(source)

    def _class(self) -> str:
        found = _CLASS.match(self.source, self.position)
        if found is None:
            _refuse("an unclosed [")
        self.position = found.end()
        return found.group()

    def _group(self, depth: int) -> Node | None:
        found = _GROUP.match(self.source, self.position)
        opening = found.group() if found is not None else "("
        if found is None or (opening == "(" and self.source.startswith("(?", self.position)):
            shown = self.source[self.position : self.position + 4]
            _refuse(f"the construct {shown!r}")
        self.position = found.end()
        if found["comment"] is not None:
            self.position = self.source.find(")", self.position) + 1 or len(self.source)
            return None
        if found["reference"] is not None:
            return Reference(opening)
        flags = (found["flags"] or "").partition("-")[0]
        self.caseless = self.caseless or "i" in flags
        if found["scope"] == ")":
            self.verbose = self.verbose or "x" in flags
            return None
        body = self.alternatives(depth + 1)
        if not self.source.startswith(")", self.position):
            _refuse("an unclosed (")
        self.position += 1
        return _wrapped(found, body)

    def _repeated(self, part: Node) -> Node:
        found = self._quantifier()
        while found is not None and any(found.group(1, 2, 3, 4)):
            low, high = _FIXED.get(found[1]) or _counts(found)
            part = Repeat(part, low, high, found[5] == "+")
            self.position = found.end()
            found = self._quantifier()
        return part

    def _quantifier(self) -> re.Match[str] | None:
        self._skip_verbose()
        return _QUANTIFIER.match(self.source, self.position)


def _wrapped(found: re.Match[str], body: Node) -> Node:
    if found["look"] is not None:
        return Look(body)
    if found["atomic"] is not None:
        return Atomic(body)
    if found["scope"] == ":":
        return body
    return Group(found["name"], body)


def _counts(found: re.Match[str]) -> tuple[int, int | None]:
    low = int(found[2] or 0)
    if not found[3]:
        return low, low
    return low, int(found[4]) if found[4] else None


def _refuse(construct: str) -> NoReturn:
    raise UnreadableExpressionError(construct)
