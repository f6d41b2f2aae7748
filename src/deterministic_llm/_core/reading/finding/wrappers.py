"""XML-like tags and tool envelopes that wrap an answer: where each begins and ends."""

from __future__ import annotations

import re
from typing import Literal

import regex

from deterministic_llm._core.reading.finding.candidates import Mark
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression, partial_expression

MAX_WRAPPERS = 1_000
"""Wrappers kept; a text with more of them is not an answer to one question."""


@frozen
class Wrapper:
    """A tag pair from *start* to *end*, its body between; unclosed when the text ends first."""

    start: int
    body: int
    body_end: int
    end: int
    name: str
    kind: Literal["tag", "tool"]
    closed: bool

    @property
    def mark(self) -> Mark | None:
        """What the tag's name calls the body: the answer, or something set apart from it."""
        return _mark(self.name)


@frozen
class NamedTag:
    """One tag whose name calls its body *mark*; *over* when it ends the body."""

    name: str
    mark: Mark
    over: bool


def wrappers(text: str) -> tuple[Wrapper, ...]:
    """Every wrapping tag pair in the order of the openings."""
    found: list[Wrapper] = []
    opened: dict[str, list[re.Match[str]]] = {}
    for match in _TAG.finditer(text):
        name = (match["name"] or match["bracket"]).lower()
        waiting = opened.setdefault(name, [])
        if not match["over"]:
            waiting.append(match)
        elif waiting:
            found.append(_wrapper(waiting.pop(), name, match.start(), match.end(), closed=True))
        if len(found) > MAX_WRAPPERS or len(waiting) > MAX_WRAPPERS:
            break
    found.extend(
        _wrapper(opening, name, len(text), len(text), closed=name in _NEVER_CLOSED)
        for name, waiting in opened.items()
        for opening in waiting
        if name in _UNCLOSED
    )
    return tuple(sorted(found, key=lambda wrapper: wrapper.start))


def named_at(text: str, at: int) -> NamedTag | bool:
    """The tag at *at* whose name says what its body is.

    False when there is none, True while the text to come may tell.
    """
    if _MAY_BE_TAG.match(text, at) is None:
        return False
    arriving = _ARRIVING.match(text, at, partial=True)
    if arriving is None or arriving.partial:
        return arriving is not None
    found = _TAG.match(text, at)
    name = "" if found is None else (found["name"] or "").lower()
    mark = _mark(name)
    return False if mark is None else NamedTag(name, mark, over=bool(found and found["over"]))


def _mark(name: str) -> Mark | None:
    return "final" if name in _FINAL else _SET_APART.get(name)


def _wrapper(
    opening: re.Match[str], name: str, body_end: int, end: int, *, closed: bool
) -> Wrapper:
    kind: Literal["tag", "tool"] = "tool" if name in _TOOLS else "tag"
    return Wrapper(opening.start(), opening.end(), body_end, end, name, kind, closed)


_FINAL = frozenset({"answer", "final", "final_answer", "final-answer", "finalanswer", "solution"})
_TOOLS = frozenset(
    {"tool_call", "tool_calls", "function_call", "function_calls", "function", "invoke", "tool_use"}
)
_SET_APART: dict[str, Mark] = {
    "example": "example",
    "examples": "example",
    "sample": "example",
    "schema": "example",
    "template": "example",
    "format": "example",
    "draft": "draft",
    "first_draft": "draft",
    "initial_draft": "draft",
    "wrong": "draft",
    "incorrect": "draft",
    "rejected": "draft",
    "del": "draft",
    "strike": "draft",
    "input": "quotation",
    "quote": "quotation",
    "blockquote": "quotation",
    "prompt": "quotation",
    "user": "quotation",
    "user_input": "quotation",
    "query": "quotation",
    "context": "quotation",
    "source": "quotation",
    "original": "quotation",
    "previous": "quotation",
    "previous_answer": "quotation",
}
_PLAIN = frozenset({"output", "result", "json", "response", "payload", "pre", "code"})
_NEVER_CLOSED = frozenset({"tool_calls"})
_UNCLOSED = _FINAL | _TOOLS | {"output", "json", "response"}
_NAMES = "|".join(sorted(_FINAL | _TOOLS | _PLAIN | _SET_APART.keys(), key=len, reverse=True))
_TAGS = (
    rf"<(?=[/a-z])(?P<over>/)?(?:[a-z]{{1,16}}:)?(?P<name>{_NAMES})(?:[\s=][^<>]{{0,200}})?>"
    r"|\[(?P<bracket>TOOL_CALLS)\]"
)
_TAG = expression(_TAGS, re.IGNORECASE)
_MAY_BE_TAG = expression(r"<(?:[/a-z]|\Z)", re.IGNORECASE)
_ARRIVING = partial_expression(_TAGS, regex.IGNORECASE)
