"""The record of syntax repairs: rule names come in one by one, counted repairs come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

from deterministic_llm._core.attempts import Loss, Repair
from deterministic_llm._core.exchange import JsonValue

MAX_PLACES = 20
"""How many places of one rule are kept; the count goes on."""

CUT_OFF = "value cut off at the end"
"""The rule for what was begun or announced when a text ended, and is lost."""

RULES: dict[str, tuple[str, str, Loss]] = {
    "single quotes": ("'...'", '"..."', "none"),
    "curly quotes": ("“...”", '"..."', "none"),
    "guillemets": ("«...»", '"..."', "none"),
    "corner quotes": ("「...」", '"..."', "none"),
    "full-width quotes": ("\uff02...\uff02", '"..."', "none"),
    "backticks": ("`...`", '"..."', "none"),
    "triple quotes": ('"""..."""', '"..."', "none"),
    "string prefix": ("u'...'", '"..."', "none"),
    "raw control character": ("\n", "\\n", "none"),
    "inner quotes": ('"a "b" c"', '"a \\"b\\" c"', "format"),
    "invalid escape": ("\\d", "\\\\d", "format"),
    "string concatenation": ('"a" + "b"', '"ab"', "format"),
    "trailing comma": (",", "", "none"),
    "leading comma": (",", "", "format"),
    "doubled comma": (",,", ",", "format"),
    "missing comma": ("", ",", "format"),
    "other comma": (";", ",", "format"),
    "other colon": ("=", ":", "format"),
    "full-width bracket": ("\uff5b", "{", "none"),
    "comment": ("// ...", "", "none"),
    "odd blank": ("\u00a0", " ", "none"),
    "escaped blank": ("\\n", "\n", "none"),
    "unquoted key": ("key:", '"key":', "none"),
    "other literal": ("True", "true", "none"),
    "number spelling": ("0x10", "16", "format"),
    "unquoted string": ("word", '"word"', "format"),
    "tuple": ("(1, 2)", "[1, 2]", "format"),
    "parentheses": ("({})", "{}", "format"),
    "missing closer": ("", "]", "format"),
    "extra closer": ("}", "", "format"),
    "equal duplicate key": ('"a": 1, "a": 1', '"a": 1', "format"),
    "missing closers at the end": ("", "}", "format"),
    CUT_OFF: ('"abc', "", "format"),
    "escaped document": ('{\\"a\\": 1}', '{"a": 1}', "format"),
    "HTML entities": ("&quot;", '"', "format"),
}
"""Each syntax rule with an example of it before and after, and what it may cost."""


class Edits:
    """Repairs found so far; `repairs` tells them rule by rule, in the order of the text."""

    __slots__ = ("_counts", "_places", "_shown")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._places: dict[str, list[int]] = {}
        self._shown: dict[str, tuple[JsonValue, JsonValue]] = {}

    def add(self, rule: str, at: int, *, shown: tuple[JsonValue, JsonValue] | None = None) -> None:
        """Note that *rule* was needed at index *at*; *shown* is its text before and after."""
        count = self._counts.get(rule, 0)
        self._counts[rule] = count + 1
        if count == 0:
            self._places[rule] = [at]
            if shown is not None:
                self._shown[rule] = shown
        elif count < MAX_PLACES:
            self._places[rule].append(at)

    def __contains__(self, rule: str) -> bool:
        return rule in self._counts

    def repairs(self) -> tuple[Repair, ...]:
        """One repair a rule, with its first places."""
        return in_order(
            repair(rule, places, count=self._counts[rule], shown=self._shown.get(rule))
            for rule, places in self._places.items()
        )


def repair(
    rule: str,
    places: Sequence[int],
    *,
    count: int,
    shown: tuple[JsonValue, JsonValue] | None = None,
) -> Repair:
    """The record of *count* uses of *rule*, the first of them at *places*."""
    sign, plain, loss = RULES[rule]
    before, after = (sign, plain) if shown is None else shown
    return Repair(rule, "$", before, after, loss, count, tuple(places))


def in_order(repairs: Iterable[Repair]) -> tuple[Repair, ...]:
    """*repairs* in the order of the text."""
    return tuple(sorted(repairs, key=_PLACES))


_PLACES = attrgetter("places")
