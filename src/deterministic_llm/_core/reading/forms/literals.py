"""The literal text of a template as expressions that also find its drifted spellings.

In: a literal. Out: expressions for a folded text. Case, spacing, emphasis and the sign behind a
label may differ; words, numbers and their order may not. Every repetition is possessive, so each
expression is linear in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from deterministic_llm._core.reading.forms.folding import folded
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

GAP = r"[ \t*_`]*+"
"""Blanks and emphasis on one line."""
WIDE_GAP = r"[\s*_`#]*+"
"""Blanks and emphasis over lines."""
SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff"
"""Scripts that write words without blanks between them, as members of a class."""
LETTER = rf"[^\W\d_{SPACELESS}]"
"""A letter of a script that puts blanks between words."""
_NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty"
)
NUMBER_WORDS = tuple(_NUMBER_WORDS.split())
"""The words for 0 to 20."""

_TOKEN = expression(
    r"(?P<word>[^\W\d_]+(?:'[^\W\d_]+)?)|(?P<number>\d+(?:[.,]\d+)*)"
    r"|(?P<blank>[\s*_`~#]+)|(?P<sign>.)",
    re.DOTALL,
)
_JOIN = r"(?:[:=|]|->|=>|→|[-–—](?![\d.]))"
_IS = r"(?:is|was|of|equals|ist|est|es|è|é|là|是|为|は)(?!\w)"
_CLOSED = r"(?:[*_`]{1,3}(?=\s|\Z))?+"
_DASHES = r"[-–—:]"
_WORDED = {10: "ten", 100: "(?:a |one )?hundred", 5: "five", 20: "twenty", 4: "four", 3: "three"}


@frozen
class Label:
    """What stands before a value: *expression* finds it, with the group ``join`` for its sign.

    *worded* when it holds a word, so that it can be looked for anywhere; *said* is what the
    template says there, and *last* its last word. *plain* when nothing but a colon follows that:
    another sign, such as a currency, says something about the value.
    """

    expression: re.Pattern[str]
    said: str
    worded: bool
    last: str
    plain: bool


@frozen
class Ending:
    """What stands behind a value; *denominator* is its number when it reads "/ NUMBER"."""

    expression: re.Pattern[str]
    denominator: int | None
    worded: bool
    optional: bool


@lru_cache(maxsize=512)
def label(literal: str, *, loose: bool) -> Label | None:
    """The label that *literal* ends with; with *loose* its sign may be a verb or missing.

    None when nothing but blanks and emphasis is left of it.
    """
    tokens = _tokens(literal)
    if not tokens:
        return None
    joined = tokens[-1][1] in ":="
    body = tokens[:-1] if joined and len(tokens) > 1 else tokens
    expression = _sequence(body)
    if joined and len(tokens) > 1:
        other = rf"|{_IS}|(?<=[ *_`])(?![-–—])|(?=\n)" if loose else ""
        expression += rf"{GAP}(?:(?P<join>{_JOIN}){other})"
    else:
        expression += "(?P<join>)" + (rf"(?!{LETTER})" if body[-1][0] == "word" else "")
    words = [text for kind, text in tokens if kind == "word"]
    guard = _guard_before(body[0])
    last = words[-1] if words else ""
    found = _compiled(f"{guard}{expression}{_CLOSED}")
    return Label(found, literal, bool(words), last, joined and body[-1][0] == "word")


@lru_cache(maxsize=512)
def ending(literal: str) -> Ending | None:
    """What *literal* says behind a value; None when it is blanks and emphasis only."""
    tokens = _tokens(literal)
    if not tokens:
        return None
    denominator = None
    if len(tokens) >= 2 and tokens[0][1] == "/" and tokens[1][1].isdecimal():
        denominator = int(tokens[1][1])
    worded = any(kind == "word" for kind, _ in tokens)
    optional = all(text in ".!" for _, text in tokens)
    expression = f"{_sequence(tokens)}{_guard_after(tokens[-1])}"
    if denominator is not None and all(kind == "word" for kind, _ in tokens[2:]):
        # "4/5" says as much as "4/5 stars".
        ratio = f"{_sequence(tokens[:2])}{_guard_after(tokens[1])}"
        expression = f"(?:{expression}|{ratio})"
    return Ending(_compiled(expression), denominator, worded, optional)


def _tokens(literal: str) -> list[tuple[str, str]]:
    tokens = _TOKEN.finditer(folded(literal))
    found = [(str(match.lastgroup), match.group()) for match in tokens]
    kept = [token for token in found if token[0] != "blank" or "\n" in token[1]]
    while kept and kept[-1][0] == "blank":
        del kept[-1]
    while kept and kept[0][0] == "blank":
        del kept[0]
    return kept


def _sequence(tokens: Sequence[tuple[str, str]]) -> str:
    parts = list(_parts(tokens))
    return "".join(parts)


def _parts(tokens: Sequence[tuple[str, str]]) -> Iterator[str]:
    for place, (kind, text) in enumerate(tokens):
        before = tokens[place - 1] if place else ("", "")
        following = tokens[place + 1] if place + 1 < len(tokens) else ("", "")
        if place:
            yield WIDE_GAP if "blank" in (kind, before[0]) else _gap(before[0], kind)
        if kind == "word":
            yield _word(text)
        elif kind == "number":
            yield _number(text, ratio=before[1] == "/")
        elif kind == "sign":
            yield _sign(text, following)


def _gap(before: str, kind: str) -> str:
    return r"[ \t*_`~-]*+" if before == kind == "word" else GAP


def _word(text: str) -> str:
    spellings = dict.fromkeys(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    either = "|".join(re.escape(each) for each in spellings)
    return re.escape(text) if len(spellings) == 1 else f"(?:{either})"


def _number(text: str, *, ratio: bool) -> str:
    digits = rf"(?<!\d){re.escape(text)}(?!\d|[.,]\d)"
    word = _WORDED.get(int(text)) if ratio and text.isdecimal() else None
    return digits if word is None else rf"(?:{digits}|{word}(?!\w))"


def _sign(text: str, following: tuple[str, str]) -> str:
    if text == "/" and following[0] == "number":
        return r"(?:/|(?:out[ \t]++)?of(?!\w)|over(?!\w))"
    if text in ",;|" and following[0] == "word":
        return r"(?:[,;|.]|(?=\n)|[-–—](?=\s))\s{0,20}+[-*•]?"
    return _SIGNS.get(text) or re.escape(text)


_SIGNS: Mapping[str, str] = {
    "-": _DASHES,
    "–": _DASHES,
    "—": _DASHES,
    ":": _JOIN,
    "=": _JOIN,
    "→": _JOIN,
    "'": "[\"'«»「」]",
    '"': "[\"'«»「」]",
    "%": r"(?:%|per[ \t]?cent(?!\w))",
}


def _guard_before(token: tuple[str, str]) -> str:
    kind, text = token
    if kind == "number":
        return r"(?<![\d.,])"
    if kind != "word" or re.match(f"[{SPACELESS}]", text):
        return ""
    return rf"(?<!{LETTER})(?<!\d)(?<!')"


def _guard_after(token: tuple[str, str]) -> str:
    kind, text = token
    if kind == "number":
        return rf"(?![ \t]*/[ \t]*\d)(?!{LETTER}|%)"
    if kind == "word" and not re.search(f"[{SPACELESS}]\\Z", text):
        return rf"(?!{LETTER}|\d)"
    return ""


def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)
