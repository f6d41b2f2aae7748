"""JSON as models write it: a tree and a style go in, text comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from deterministic_llm import JsonValue


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Characters that stand in the text just so."""

    text: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """An object whose keys may repeat."""

    members: tuple[tuple[str, Tree], ...]


Tree: TypeAlias = "JsonValue | Verbatim | Pairs | list[Tree] | dict[str, Tree]"


@dataclass(frozen=True, slots=True)
class Style:
    """How a tree is written; the defaults are JSON.

    *keys* is applied to the names in *restyled* only, *cut* replaces the last closer and ends the
    text, *seed* decides where comments and the like stand.
    """

    indented: bool = True
    string: str = '"'
    key: str = '"'
    literals: str = "json"
    numbers: str = "json"
    comma: str = ","
    trailing: bool = False
    comments: str = ""
    raw_newlines: bool = False
    bare_words: bool = False
    split_strings: bool = False
    inner_quotes: bool = False
    escaped: bool = False
    key_style: str = ""
    restyled: frozenset[str] = frozenset()
    closers: str = ""
    cut: str | None = None
    seed: int = 0


def write(tree: Tree, style: Style) -> str:
    """*tree* in the manner of *style*."""
    rng = Random(style.seed)  # noqa: S311 - repeatable on purpose
    text = _Writer(style, rng).value(tree, 0)
    if style.cut is not None:
        text = text[:-1].rstrip() + style.cut
    text += style.closers
    return json.dumps(text, ensure_ascii=False)[1:-1] if style.escaped else text


QUOTES = {
    '"': ('"', '"'),
    "'": ("'", "'"),
    "smart": ("“", "”"),
    "backtick": ("`", "`"),
    "": ("", ""),
}
_LITERALS: Mapping[str, tuple[str, str, str]] = {
    "json": ("true", "false", "null"),
    "python": ("True", "False", "None"),
    "upper": ("TRUE", "FALSE", "NULL"),
}
COMMENTS: Mapping[str, Callable[[str], str]] = {
    "//": lambda words: f"  // {words}",
    "#": lambda words: f"  # {words}",
    "/*": lambda words: f" /* {words} */",
}
_SAID = (
    "as asked",
    "don't change",
    "was {unset} before",
    'the "usual" value',
    "checked, twice",
    "[sic]",
)


def camel(name: str) -> str:
    """``due_date`` as ``dueDate``."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


KEY_STYLES: Mapping[str, Callable[[str], str]] = {
    "": lambda name: name,
    "camel": camel,
    "pascal": lambda name: camel(name)[:1].upper() + camel(name)[1:],
    "kebab": lambda name: name.replace("_", "-"),
    "title": lambda name: name.replace("_", " ").title(),
    "upper": str.upper,
}


@dataclass(frozen=True, slots=True)
class _Writer:
    style: Style
    rng: Random

    def value(self, tree: Tree, depth: int) -> str:
        match tree:
            case Verbatim(text):
                return text
            case Pairs(members):
                return self.container([self.member(*each, depth) for each in members], "{}", depth)
            case dict():
                return self.value(Pairs(tuple(tree.items())), depth)
            case list():
                return self.container([self.value(each, depth + 1) for each in tree], "[]", depth)
            case _:
                return self.scalar(tree)

    def container(self, parts: list[str], brackets: str, depth: int) -> str:
        if not parts:
            return brackets
        gap = "\n" + "  " * (depth + 1) if self.style.indented else " "
        end = "\n" + "  " * depth if self.style.indented else ""
        if not self.style.indented and not self.rng.randrange(3):
            gap = ""
        text = brackets[0] + (gap if self.style.indented else "")
        for index, part in enumerate(parts, start=1):
            last = index == len(parts)
            comma = ("," if self.style.trailing else "") if last else self.style.comma
            text += part + comma + self.comment(last=last) + (end if last else gap)
        return text + brackets[1]

    def comment(self, *, last: bool) -> str:
        if not self.style.comments or not (self.style.indented or self.style.comments == "/*"):
            return ""
        if self.rng.randrange(3) and not last:
            return ""
        return COMMENTS[self.style.comments](self.rng.choice(_SAID))

    def member(self, key: str, tree: Tree, depth: int) -> str:
        name = KEY_STYLES[self.style.key_style](key) if key in self.style.restyled else key
        opening, closing = QUOTES[self.style.key]
        if not opening and not re.fullmatch(r"\w+", name):
            opening = closing = '"'
        return f"{opening}{name}{closing}: {self.value(tree, depth + 1)}"

    def scalar(self, value: object) -> str:
        match value:
            case str():
                return self.text(value)
            case bool() | None:
                yes, no, nothing = _LITERALS[self.style.literals]
                return nothing if value is None else yes if value else no
            case int() | float() if self.style.numbers == "odd":
                return self.number(value)
            case _:
                return json.dumps(value)

    def number(self, value: float) -> str:
        if isinstance(value, int):
            return f"+{value}" if value >= 0 and self.rng.randrange(2) else f"{value:_}"
        text = json.dumps(value)
        return text[1:] if text.startswith("0.") else text

    def text(self, value: str) -> str:
        if self.style.bare_words and re.fullmatch("[a-z_]+", value):
            return value
        opening, closing = QUOTES[self.style.string]
        body = self.body(value, closing)
        if self.style.split_strings and " " in value and "\\" not in body:
            head, _, tail = body.partition(" ")
            return f"{opening}{head} {closing} + {opening}{tail}{closing}"
        return opening + body + closing

    def body(self, value: str, closing: str) -> str:
        if self.style.inner_quotes and not re.search(r'(^|[,:{\[] ?)"|"(\s*[,:}\]]|$)', value):
            return '"'.join(_escaped(part) for part in value.split('"'))
        if self.style.raw_newlines:
            value = re.sub("[\n\t]", lambda found: _RAW[found[0]], value)
        body = _escaped(value)
        for raw, marker in _RAW.items():
            body = body.replace(marker, raw)
        return body if closing == '"' else body.replace('\\"', '"').replace(closing, f"\\{closing}")


_RAW = {"\n": "\ue000", "\t": "\ue001"}


def _escaped(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
