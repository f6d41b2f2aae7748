"""Labels: the values that may stand in a place, and how probable each is where one began."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, exp, floor
from string import ascii_uppercase
from typing import TypeAlias

from deterministic_llm._core.evidence.evidence import Scalar
from deterministic_llm._core.evidence.transcript import Transcript
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.shapes.tokens import bytes_of

MOST = 1_000
"""Values up to which a place has labels."""
_BEFORE = b" \t\r\n\"':"
"""What may stand in one token with the value behind it."""
_ENDS = expression(rb"[^\w.+\x80-\xff-]|[.](?=[^0-9])")
"""What ends a label that stands bare: ``8,`` is the number 8, and 8.5 is another."""
_CLOSES = expression(rb"\"")


def legal_values(node: JsonObject) -> Sequence[Scalar] | None:
    """The values that the schema *node* admits, where it lists them or bounds an integer.

    None where there are more than a thousand, or two that are equal or written alike.
    """
    listed = node.get("enum", [node["const"]] if "const" in node else None)
    values: Sequence[JsonValue] | None = listed if isinstance(listed, list) else None
    if values is None and node.get("type") == "boolean":
        values = [False, True]
    if values is None and node.get("type") == "integer":
        values = _integers(node)
    if values is None or not 1 < len(values) <= MOST:
        return None
    scalars = [each for each in values if not isinstance(each, (list, dict))]
    told_apart = len(set(scalars)) == len({spelled(each) for each in scalars}) == len(values)
    return scalars if told_apart and "" not in scalars else None


def _integers(node: JsonObject) -> Sequence[int] | None:
    lows, highs = _bounds(node, _LEAST), _bounds(node, _GREATEST)
    if not lows or not highs or not max(lows) < min(highs) < max(lows) + MOST:
        return None
    low, high = max(lows), min(highs)
    step = node.get("multipleOf", 1)
    return [each for each in range(low, high + 1) if not isinstance(step, int) or each % step == 0]


_Rounding: TypeAlias = Callable[[float], int]
_LEAST: Mapping[str, _Rounding] = {
    "minimum": ceil,
    "exclusiveMinimum": lambda bound: floor(bound) + 1,
}
"""The least integer that each keyword admits."""
_GREATEST: Mapping[str, _Rounding] = {
    "maximum": floor,
    "exclusiveMaximum": lambda bound: ceil(bound) - 1,
}
"""The greatest."""


def _bounds(node: JsonObject, keywords: Mapping[str, _Rounding]) -> Sequence[int]:
    said = [(node.get(name), rounded) for name, rounded in keywords.items()]
    return [rounded(bound) for bound, rounded in said if isinstance(bound, (int, float))]


def spelled(value: Scalar) -> str:
    """How a label is written in JSON, without quotes."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def masses(
    transcript: Transcript, start: int, values: Sequence[Scalar], *, quoted: bool = False
) -> Mapping[Scalar, float]:
    """How probable each of *values* is where one was begun at the byte *start*, behind its quote.

    Forms of the same value add up, as ``9`` and `` 9``. What a token only begins counts for nothing
    unless the answer went on with it: with single digits for tokens a 1 may be 1 or 10. A label
    that is *quoted* ends where its quotes do.
    """
    labels = {spelled(each).encode("utf-8", "surrogatepass"): each for each in values}
    folds = len({label.lower() for label in labels}) == len(labels)
    known = {label.lower() if folds else label: value for label, value in labels.items()}
    begun = _Begun(transcript, start, known, folds, _CLOSES if quoted else _ENDS)
    at = transcript.over(start, start + 1)
    if at:
        begun.gather(at[0], b"", 1.0)
    return {value: begun.found.get(label, 0.0) for label, value in known.items()}


@dataclass(slots=True)
class _Begun:
    """A label that begins at the byte *start*: what is *found* of the *labels* there.

    They are in lower case where *folds* says that this tells them apart; *ends* is what ends one.
    """

    transcript: Transcript
    start: int
    labels: Mapping[bytes, Scalar]
    folds: bool
    ends: re.Pattern[bytes]
    found: dict[bytes, float] = field(default_factory=dict[bytes, float])

    def gather(self, place: int, said: bytes, before: float) -> None:
        """Add what may stand at *place* behind *said*, which is *before* probable."""
        token = self.transcript.tokens[place]
        skipped = max(self.start - self.transcript.begins[place], 0)
        written = self._folded(bytes_of(token.text)[skipped:])
        others = [self._folded(bytes_of(text)) for text, _ in token.others]
        if not said:
            others = [each.lstrip(_BEFORE) for each in others]
        whole = frozenset[bytes]() if said else frozenset((written, *others))
        for other, (_, logprob) in zip(others, token.others, strict=True):
            self._count(said + other, whole, before * exp(logprob))
        chance = before * exp(token.logprob)
        counted = self._count(said + written, whole, chance)
        if (
            not counted
            and place + 1 < len(self.transcript.tokens)
            and self._goes_on(said + written)
        ):
            self.gather(place + 1, said + written, chance)

    def _count(self, said: bytes, whole: frozenset[bytes], chance: float) -> bool:
        """Add the *chance* of *said* to the label that it is to its end; whether it is one."""
        label = self._ended(said, whole)
        if label is not None:
            self.found[label] = self.found.get(label, 0.0) + chance
        return label is not None

    def _ended(self, said: bytes, whole: frozenset[bytes]) -> bytes | None:
        """The label that *said* is to its end; None where it is none, or may become another."""
        if said in self.labels:
            return None if self._may_become_another(said, whole) else said
        for end in self.ends.finditer(said):
            if said[: end.start()] in self.labels and not self._goes_on(said):
                return said[: end.start()]
        return None

    def _may_become_another(self, said: bytes, whole: frozenset[bytes]) -> bool:
        """Whether another token can make a longer label of *said*.

        It cannot where the longer ones are tokens themselves. One number of two digits that is a
        token says so for all numbers: there are vocabularies of digits, and of whole numbers.
        """
        longer = [each for each in self.labels if each != said and each.startswith(said)]
        if said.isdigit() and any(each.isdigit() and len(each) > 1 for each in whole):
            return False
        return not whole.issuperset(longer)

    def _goes_on(self, said: bytes) -> bool:
        return any(label.startswith(said) for label in self.labels)

    def _folded(self, said: bytes) -> bytes:
        return said.lower() if self.folds else said


def label_problems(
    labels: Sequence[str], tokenize: Callable[[str], Sequence[object]] | None = None
) -> Sequence[str]:
    """What keeps the probabilities of *labels* from being told apart; empty where nothing does.

    One must not be the beginning of another, nor be empty or stand twice. With *tokenize*, which
    gives the tokens of a text, each has to be one token too.
    """
    problems = ["an empty label has no token"] if "" in labels else []
    twice = [each for each in dict.fromkeys(labels) if labels.count(each) > 1]
    problems += [f"{each!r} stands twice" for each in twice]
    for one in filter(None, dict.fromkeys(labels)):
        longer = [each for each in labels if each != one and each.startswith(one)]
        problems += [f"{one!r} is the beginning of {each!r}" for each in dict.fromkeys(longer)]
        count = 1 if tokenize is None else len(tokenize(one))
        problems += [f"{one!r} is {count} tokens"] if count != 1 else []
    return problems


def letters(values: Sequence[Scalar]) -> Mapping[Scalar, Scalar]:
    """A letter for each of at most 26 *values*, from A: no tokenizer splits those or mixes them up.

    Raises ValueError for more.
    """
    if len(values) > len(ascii_uppercase):
        message = f"expected at most {len(ascii_uppercase)} values for letters, got {len(values)}"
        raise ValueError(message)
    return dict(zip(ascii_uppercase, values, strict=False))
