"""The rule that a text says something: what stands in for a value is named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import cast

from typing_extensions import override

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.complaints import as_json
from deterministic_llm._core.schema.locations import Location
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm.errors import SchemaError
from deterministic_llm.validators.markers import Marker, Said, violation

_WORDS = frozenset(
    {
        *(
            "string",
            "str",
            "null",
            "undefined",
            "nan",
            "n/a",
            "n.a",
            "tbd",
            "tba",
            "tbc",
            "todo",
            "to do",
        ),
        *("to be determined", "to be announced", "to be confirmed", "to be defined", "fixme"),
        *("placeholder", "your answer", "your answer here", "your text here", "fill in"),
        *("insert text here", "enter text here", "lorem ipsum", "foo", "bar", "foobar", "asdf"),
        *("zu ergänzen", "wird ergänzt", "noch offen", "à définir", "à compléter", "a definir"),
        *("por definir", "da definire", "nader te bepalen", "уточняется", "будет уточнено"),
        *("待定", "未定", "待补充", "待填写", "記入してください", "미정", "추후 작성"),
        *("يحدد لاحقا", "לא הוגדר"),
    }
)
_WHOLE: Mapping[str, re.Pattern[str]] = {
    "dots and dashes": expression(r"[.…_\-–—?*\s]+"),
    "crosses": expression(r"x{3,}|x{2,}(?:[-./ ]x{2,})+", re.IGNORECASE),
    "the form of a date": expression(
        r"(?:yyyy|yy|mm|dd|hh|ss)(?:[-/.: t](?:yyyy|yy|mm|dd|hh|ss))+", re.IGNORECASE
    ),
    "an instruction": expression(
        r"(?:insert|enter|add|put|write|your)\b.{0,40}\bhere|fill[ _]?me[ _]?in", re.IGNORECASE
    ),
    "a field of a template": expression(r"\{\w{0,60}\}|\$\{\w{1,60}\}|%[sd]"),
    "a name in brackets": expression(r"\[[^\W\d][^\[\]\n]{0,60}\]"),
}
_WITHIN: Mapping[str, re.Pattern[str]] = {
    "a name in angle brackets": expression(
        r"(?<![\w<])<{1,2}([^\W\d][\w \-/]{0,60})>(?!.*</)", re.DOTALL
    ),
    "a field of a template": expression(r"\{\{[^{}\n]{1,60}\}\}|\{%[^{}\n]{1,60}%\}"),
    "an instruction in brackets": expression(
        r"\[(?:your|insert|enter|add|fill|name of|date of|placeholder)\b[^\[\]\n]{0,60}\]",
        re.IGNORECASE,
    ),
    "a blank to fill in": expression(r"(?<!\w)_{3,}(?!\w)"),
    "filler text": expression(r"\blorem ipsum\b", re.IGNORECASE),
    "a note to oneself": expression(r"^(?:TODO|TBD|FIXME)\s*:", re.MULTILINE),
}
_TAGS = frozenset(
    {*"abipqsu", "br", "code", "div", "em", "h1", "h2", "h3", "hr", "img", "li", "ol", "pre"}
    | {"small", "span", "strong", "ul"}
)
_BRACKETS = " \t\n\r\"'()[]<>{}（）【】"
_MARGIN = " \t\n\r\"'“”‘’«»()[]<>{}*_.:!。！：、（）「」『』【】"


@frozen
class NoPlaceholders(Marker):
    """Text, or an output all of whose texts, say something: no "string", "<name>" or "TBD".

    *examples* are values of the schema or prompt that must not come back as answers; what is in
    *allow* passes (``allow=("N/A",)``). Keys are not looked at.
    """

    examples: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for given in (self.examples, self.allow):
            if not _is_texts(given):
                raise SchemaError(repr(self), f"{given!r} is no tuple of texts", 'write ("N/A",)')

    @property
    @override
    def told(self) -> str:
        return "no placeholder"

    @override
    def check(self, value: object, context: object) -> Said:
        return list(self._broken(as_json(value), ()))

    def _broken(self, value: JsonValue, location: Location) -> Iterator[Violation]:
        if isinstance(value, str):
            found = self._placeholder(value)
            if found:
                problem = f"expected the value itself, not a placeholder ({found})"
                yield violation(problem, path=json_path(location), fix="write what is asked for")
        elif isinstance(value, dict):
            for key, inner in value.items():
                yield from self._broken(inner, (*location, key))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from self._broken(inner, (*location, index))

    def _placeholder(self, text: str) -> str | None:
        said = _bare(text)
        if said in map(_bare, self.allow):
            return None
        if said in map(_bare, self.examples):
            return "an example"
        if said in _WORDS:
            return "a word that stands for a value"
        for name, pattern in _WHOLE.items():
            if pattern.fullmatch(text.strip()) or pattern.fullmatch(text.strip(_BRACKETS)):
                return name
        for name, pattern in _WITHIN.items():
            found = pattern.search(text)
            if found is not None and not (found.lastindex and _is_tag(found[1])):
                return name
        return None


def _bare(text: str) -> str:
    """*text* without the signs around it, so that ``<TBD>.`` is ``tbd``."""
    return text.strip(_MARGIN).casefold() or text.strip()


def _is_tag(name: str) -> bool:
    return name.strip(" /").partition(" ")[0].casefold() in _TAGS


def _is_texts(given: object) -> bool:
    if not isinstance(given, tuple):
        return False
    return all(isinstance(each, str) for each in cast("tuple[object, ...]", given))
