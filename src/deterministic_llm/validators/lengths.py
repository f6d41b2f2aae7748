"""Rules about how much a text says: words and lines."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import partial_expression
from deterministic_llm.errors import SchemaError
from deterministic_llm.validators.markers import Marker, Said, text_of, violation

_DASHES = str.maketrans("—―", "  ")
_ALONE = partial_expression(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_SAYS = partial_expression(r"[\p{L}\p{N}]")


def word_count(text: str) -> int:
    """Words in *text*: what stands between blanks or dashes and holds a letter or digit.

    Of Chinese and Japanese each character is one; Thai, Lao, Khmer and Burmese, which are written
    without blanks, are counted by their blanks all the same.
    """
    return sum(_words_in(token) for token in text.translate(_DASHES).split())


@frozen
class MaxWords(Marker):
    """Text of at most *most* words, as word_count() counts them."""

    most: int
    reads: ClassVar[tuple[type, ...]] = (str,)

    def __post_init__(self) -> None:
        _require_count(repr(self), self.most)

    @property
    @override
    def told(self) -> str:
        return f"at most {_words(self.most)}"

    @override
    def check(self, value: object, context: object) -> Said:
        count = word_count(text_of(value))
        if count <= self.most:
            return None
        fix = f"leave out at least {_words(count - self.most)}"
        return violation(f"expected {self.told}, not {count}", fix=fix)


@frozen
class MinWords(Marker):
    """Text of at least *least* words, as word_count() counts them."""

    least: int
    reads: ClassVar[tuple[type, ...]] = (str,)

    def __post_init__(self) -> None:
        _require_count(repr(self), self.least)

    @property
    @override
    def told(self) -> str:
        return f"at least {_words(self.least)}"

    @override
    def check(self, value: object, context: object) -> Said:
        count = word_count(text_of(value))
        if count >= self.least:
            return None
        fix = f"write at least {_words(self.least - count)} more"
        return violation(f"expected {self.told}, not {count}", fix=fix)


@frozen
class OneLine(Marker):
    """Text without a line break, also at its end."""

    reads: ClassVar[tuple[type, ...]] = (str,)

    @property
    @override
    def told(self) -> str:
        return "one line"

    @override
    def check(self, value: object, context: object) -> Said:
        lines = f"{text_of(value)}.".splitlines()
        if len(lines) == 1:
            return None
        return violation(f"expected one line, not {len(lines)}", fix="leave out the line breaks")


def _require_count(owner: str, count: object) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        problem = f"{count!r} is no number of words"
        raise SchemaError(owner, problem, "give a whole number from 1")


def _words_in(token: str) -> int:
    if token.isascii():
        return 1 if token.isalnum() or _SAYS.search(token) else 0
    *others, last = _ALONE.split(token)
    return len(others) + sum(1 for part in (*others, last) if _SAYS.search(part))


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count} words"
