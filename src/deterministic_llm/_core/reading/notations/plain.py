"""Lists without bullets or brackets: an item a line, or all of them in one with commas.

In: the text, and the schema of a list of scalars. Out: the items. Labels and numbers are told by
themselves; words only where each item is a few of them, and none says something of the list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.notations.cells import kind_of, node_of
from deterministic_llm._core.regexes import expression

LONGEST = 4_000
"""Characters of such a list."""


def read_plain(
    text: str, schema: JsonObject, *, introduced: Callable[[str], bool]
) -> tuple[str, JsonValue] | None:
    """The items of the list that *text* is, behind words by which it is *introduced*."""
    node = node_of(schema, schema)
    item = node_of(node.get("items"), schema)
    if kind_of(node) != "array" or "prefixItems" in node or len(text) > LONGEST:
        return None
    body, led = _behind_words(_RULE.sub("", text).strip(), introduced)
    lines = [line.strip() for line in body.split("\n")]
    if len(lines) > 1:
        items: list[JsonValue] = [*lines]
        return ("items on lines", items) if _are_items(lines, item, least=2 if led else 3) else None
    if kind_of(item) in _NUMBERS:
        found = _NUMBERED.fullmatch(text)
        return None if found is None else ("items in a row", [*_PARTS.split(found["items"])])
    pieces = _PARTS.split(body.rstrip("."))
    several = len(pieces) > 1 or _labels(item)
    return ("items in a row", [*pieces]) if several and _are_parts(pieces, item, led=led) else None


def _behind_words(text: str, introduced: Callable[[str], bool]) -> tuple[str, bool]:
    """The list behind the words that introduce it, and whether there are such."""
    line, over, rest = text.partition("\n")
    if over and introduced(line) and line.rstrip(" *_").endswith((":", "：")):
        return rest.strip(), True
    found = _LABEL.match(text)
    if found is not None and introduced(found["label"]) and _NAMES_A_LIST.search(found["label"]):
        return text[found.end() :].strip(), True
    return text, False


def _are_items(lines: Sequence[str], item: JsonObject, *, least: int) -> bool:
    """Whether each of *lines* is an item."""
    if labels := _labels(item):
        return all(line.casefold() in labels for line in lines)
    if kind_of(item) in _NUMBERS:
        return all(_NUMBER.fullmatch(line) for line in lines)
    return _is_text(item) and len(lines) >= least and _are_words(lines)


def _are_parts(pieces: Sequence[str], item: JsonObject, *, led: bool) -> bool:
    """Whether each of *pieces* of a line is an item; a name may have a comma in it."""
    if labels := _labels(item):
        echoed = len(labels) > 2 and labels <= {piece.casefold() for piece in pieces}
        return not echoed and all(piece.casefold() in labels for piece in pieces)
    lower = all(piece[:1].islower() for piece in pieces)
    return _is_text(item) and lower and len(pieces) >= (2 if led else 3) and _are_words(pieces)


def _are_words(items: Sequence[str]) -> bool:
    if not all(_WORDS.fullmatch(each) and _SAYS.search(each) is None for each in items):
        return False
    # A line that goes on where the one before broke off begins in lower case.
    return len({each[:1].islower() for each in items}) == 1


def _labels(item: JsonObject) -> frozenset[str]:
    labels = item.get("enum")
    texts = [each for each in labels if isinstance(each, str)] if isinstance(labels, list) else []
    return frozenset(each.casefold() for each in texts)


def _is_text(item: JsonObject) -> bool:
    return item.get("type") == "string" and not item.keys() & {"format", "pattern"}


_NUMBERS = frozenset({"integer", "number"})
_RULE = expression(r"\n[ \t]*-{3,}[ \t]*\n?\s*\Z")
_NUMBER = expression(r"[-+]?\d{1,15}(?:\.\d{1,10})?")
_NUMBERED = expression(
    r"[*_# ]{0,6}(?:the\s)?(?:numbers|values|answers?|results?|scores|indices|ids|list|items)"
    r"(?:\sare)?[*_]{0,3}(?:(?<=are)|:)[*_]{0,3}\s"
    r"(?P<items>[-+]?\d{1,15}(?:\.\d{1,10})?(?:(?:,\s|,?\sand\s)[-+]?\d{1,15}(?:\.\d{1,10})?){1,500})\.?",
    re.IGNORECASE,
)
_LABEL = expression(r"[*_# ]{0,6}(?P<label>(?:[^\W\d_]+[ -]?){1,3}[:：])[*_ ]{0,6}(?=\S)")
_NAMES_A_LIST = expression(r"(?:s|list|liste|lista|[^\x00-\u024f])[:：]\Z", re.IGNORECASE)
_PARTS = expression(r"\s*[,;，、]\s*(?:and\s+|und\s+|et\s+|y\s+)?|\s+(?:and|und|et|y)\s+")
_WORDS = expression(r"[^\W\d_][\w'’-]{0,30}(?: [\w'’-]{1,30}){0,3}")
"""A few words, the first of which begins with a letter."""
_SAYS = expression(
    r"\b(?:is|are|was|were|be|has|have|had|do|does|did|can|can['’]?t|cannot|could|will|would|should"
    r"|may|might|must|i|we|you|he|she|they|it|this|that|these|those|here|there|please|sorry|thanks?"
    r"|thank|hello|hi|dear|regards|sure|certainly|ok|okay|yes|no|none|nothing|not|never|nobody|any"
    r"|maybe|perhaps|probably|possibly|well|etc|more|others?|so|and|or|but|if|then|else|unknown"
    r"|n/a|null|nil|error|errors|timeout|failed|failure|exception|warning|note|example|examples"
    r"|list|items?|answer|result|results|output|following|above|below|done|end|todo|tbd|tbc|unclear|uncertain|undetermined|pending|various|wishes|follows?|question|what|who|where|why|how|untitled"
    r"|nein|kein\w*|nicht|oder|aber|und|ist|sind|hier|bitte|danke|non|pas|aucun\w*|est|sont|voici"
    r"|merci|ningun\w*|pero|es|son|aquí|gracias|nessun\w*|sono|ecco|grazie|nenhum\w*|são)\b"
    r"|[不没無没]|です|ます|ない|是|的",
    re.IGNORECASE,
)
"""Words of sentences, or about a list."""
