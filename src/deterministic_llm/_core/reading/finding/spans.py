"""Balanced bracket spans: where something in a text begins like a payload, and where it closes.

Every character is passed a bounded number of times, by compiled patterns; the Python loop runs
once a bracket. Quotes count only inside a bracket: an apostrophe or an inch mark in prose is
harmless.
"""

# ruff: noqa: RUF001  (Cyrillic, and marks that look like others, are looked for)
from __future__ import annotations

import re
from typing import Literal, TypeAlias

import regex

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression, partial_expression

MAX_OPEN = 1_000
"""Openers held at once; nothing that deep can be read, so the search stops there."""

Stop: TypeAlias = Literal["closed", "open", "quoted"]
"""How a walk ended: at the closer, without one, or inside a string that never ended."""


@frozen
class Walk:
    """Where the walk from an opener ended, and how."""

    end: int
    stop: Stop


def next_start(text: str, at: int, stop: int) -> int:
    """Index of the first bracket in [*at*, *stop*) that begins like a payload, or -1."""
    found = _START.search(text, at, stop)
    return -1 if found is None else found.start()


def begins(text: str, at: int) -> bool | None:
    """Whether the bracket at *at* begins like a payload; None while the text to come may tell."""
    if _MAY_START.match(text, at) is None:
        return False
    found = _STARTED.match(text, at, partial=True)
    if found is None:
        return False
    interval = _INTERVAL.match(text, at, partial=True)
    return None if found.partial or (interval is not None and interval.partial) else True


def walk(text: str, start: int, limit: int, *, quotes: Literal["fitting", "plain"]) -> Walk:
    """Follow the bracket at *start* to its closer, or to *limit*.

    With *fitting* quotes a quote ends a string only where what follows fits, so inner quotes
    are passed over; *plain* quotes simply alternate.
    """
    inside = _INSIDE if quotes == "fitting" else _INSIDE_PLAIN
    return _walk(text, start, limit, inside, stack=[], held={"{": 0, "[": 0})


def walk_unopened(text: str, start: int, limit: int) -> Walk:
    """Follow members whose opening brace is missing from *start* to the brace that closes them."""
    held = {"{": 1, "[": 0}
    passed = _INSIDE.match(text, start, limit)
    at = start if passed is None else passed.end()
    return _walk(text, at, limit, _INSIDE, stack=["{"], held=held)


def _walk(
    text: str,
    start: int,
    limit: int,
    inside: re.Pattern[str],
    *,
    stack: list[str],
    held: dict[str, int],
) -> Walk:
    at, cut = start, False
    while at < limit and not cut and len(stack) <= MAX_OPEN:
        mark = _SIDE[text[at]]
        if mark in held:
            stack.append(mark)
            held[mark] += 1
        elif held[opener := _OPENER[mark]]:
            # An opener left open inside is noise: the closer decides which one it closes.
            while (popped := stack.pop()) != opener:
                held[popped] -= 1
            held[opener] -= 1
            if not stack:
                if opener != "{" or _GOES_ON.match(text, at + 1, limit) is None:
                    return Walk(at + 1, "closed")
                stack.append(opener)  # one closer too many in the middle of an object
                held[opener] = 1
        passed = inside.match(text, at + 1, limit)
        at = limit if passed is None else passed.end()
        cut = passed is not None and passed["cut"] is not None
    return Walk(limit, "quoted" if cut else "open")


_SIDE = {
    "{": "{", "[": "[", "}": "}", "]": "]",
    "｛": "{", "［": "[", "｝": "}", "］": "]",
}  # fmt: skip
_OPENER = {"}": "{", "]": "["}
_BRACKETS = r"{}\[\]｛｝［］"

# Each unit below gives nothing back once matched, so no text is read twice, and a string without
# its closing quote ends at the limit (group "cut") instead of failing there.
_FITS = r"(?=\s*+(?:[,:;=}\])+，：；｝］、]|\Z|//|/\*|\#)|[ \t]*+[\r\n])"
_CUT = r"(?P<cut>\Z)"
_OTHER_STRINGS = "|".join(
    rf"{opening}(?:[^{closing}\\]++|\\.|[{closing}](?!{_FITS}))*+(?:[{closing}]|\Z)"
    for opening, closing in (
        ("'", "'"),
        ("`", "`"),
        ("[‘‚]", "’‘"),
        ("[“„]", "”“"),
        ("«", "»"),
        ("「", "」"),
        ("『", "』"),
    )
)
_COMMENT = r"(?<=[\s,{}\[\]\"'])//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)|(?<=\s)\#[ !][^\n]*+"


def _inside(double_quoted: str) -> re.Pattern[str]:
    """Everything between two brackets of a payload, in one match."""
    return expression(
        rf"""(?:\s*+(?:{_OTHER_STRINGS}))?+
        (?:[^{_BRACKETS}"'`‘‚“„«「『\\/\#,:=，：]++
        | {double_quoted}
        | [,:=，：]\s*+(?:{_OTHER_STRINGS})?+
        | {_COMMENT}
        | \\.
        | [^{_BRACKETS}]
        )*+""",
        re.DOTALL | re.VERBOSE,
    )


_INSIDE = _inside(rf'(?<!\w)"(?:[^"\\]++|\\.|"(?!{_FITS}))*+(?:"|{_CUT})')
_INSIDE_PLAIN = _inside(rf'"(?:[^"\\]++|\\.)*+(?:"|{_CUT})')

_GOES_ON = expression(r'\s*+,\s*+"[^"\\\n]{1,128}+"\s*+:')

_BLANK = r"(?:[\s>\u200b\u2060\ufeff\u200e\u200f]|\\[nrt]){0,512}+"
_QUOTE = r"\"|'|`|[“„‘‚«「『]|\\+[\"']|&quot;|&\#39;"
_COMMENTS = r"//|/\*|\#\ |<!--"
_NUMBERS = r"\[\s{0,8}+[-+.\d]{1,16}+\s{0,8}+,\s{0,8}+[-+.\d∞]{1,16}+\s{0,8}+\)"
"""An interval, open on its right."""
_INTERVAL = partial_expression(_NUMBERS)


def _start(end: str) -> str:
    """How a payload begins; *end* is what the end of the text looks like."""
    return rf"""
    (?:\A|(?<=[\n:=(>`|])|(?<=[:=>]\ ))(?:\{{\s{{0,8}}+\}}|\[\s{{0,8}}+\])
      (?=[ \t\r.;)`|]*+(?:\n|<|{end}))
    | [{{｛]{_BLANK}(?: {end} | {_QUOTE} | {_COMMENTS}
        | [*_]{{0,2}}+[\w$][\w\ .$-]{{0,63}}+[*_]{{0,2}}+\s{{0,8}}+[:=：] )
    | (?:(?<![A-Za-z0-9_\])])|(?<=json))
      (?!{_NUMBERS})\[
      {_BLANK}(?: {end} | [{{\[｛［] | {_QUOTE} | {_COMMENTS}
        | [-+−~$€£]?[.]?\d[\w.%/:+-]{{0,400}}+\s{{0,64}}+(?:[\]］,，\n]|{end})
        | (?<=[:=(>：\n`]\[)[^\W\d][^{_BRACKETS}"\n|]{{0,63}}+[\],\n]
        | (?<=[:=(>：\n`]\ \[)[^\W\d][^{_BRACKETS}"\n|]{{0,63}}+[\],\n]
        | (?:true|false|null|None|True|False|NaN)\s{{0,8}}+[\],\n] )
    | ［{_BLANK}(?: [｛{{［\[] | {_QUOTE} | \d )
    """


_MAY_START = expression(r"[{｛](?![{\[(,.;:!?|~])|[\[［](?![(),;:!?|])")
_START = expression(_start(r"\Z"), re.VERBOSE)
_STARTED = partial_expression(_start("(?!)"), regex.VERBOSE)
