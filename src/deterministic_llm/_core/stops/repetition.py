"""A text that repeats itself without end: chunks of it go in, one by one, each read once."""

from __future__ import annotations

from deterministic_llm._core.regexes import expression

CHUNK = 512
"""Characters that are looked at together."""
LONGEST_RUN = 64
"""Characters of what is repeated."""
LONG = 1_024
"""Characters of repetition from which on it is endless, if there are 50 times of it."""
TIMES = 50
TIMES_OF_ITEMS = 2_000
"""Of what may be items of a list, all alike: a list of 2,000 zeros is none that anybody wants."""


class Repetition:
    """How long the end of a text has been blank, or the same run again and again."""

    __slots__ = ("_blank", "_length", "_period", "_tail")

    def __init__(self) -> None:
        self._tail = ""
        self._period = 0
        self._length = 0
        self._blank = 0

    def feed(self, chunk: str) -> bool:
        """Whether the text is endless with *chunk*, the next `CHUNK` characters of it."""
        self._blank = self._blank + len(chunk) if chunk.isspace() else 0
        window = self._tail + chunk
        period = self._period
        if period and window[-CHUNK:] == window[-CHUNK - period : -period]:
            self._length += len(chunk)
        else:
            self._period = _period(window)
            self._length = len(chunk) if self._period else 0
        self._tail = window[-2 * LONGEST_RUN :]
        return self._blank >= LONG or self._is_endless(window)

    def _is_endless(self, window: str) -> bool:
        period = self._period
        if not period or self._length < max(LONG, TIMES * period):
            return False
        return self._length >= TIMES_OF_ITEMS * period or not _may_be_items(window[-period:])


def _period(window: str) -> int:
    """Of which length the run is that the last chunk of *window* repeats; 0 when it does not."""
    end = len(window) - LONGEST_RUN
    at = window.rfind(window[end:], max(0, end - LONGEST_RUN), len(window) - 1)
    period = end - at
    if at < 0 or len(window) < CHUNK + period:
        return 0
    return period if window[-CHUNK:] == window[-CHUNK - period : -period] else 0


def _may_be_items(run: str) -> bool:
    """Whether *run*, again and again, may be items, all alike: lines, or what stands in a list."""
    if run.isspace():
        return False
    return "\n" in run or ("," in run and any(map(_is_listed, (run, f'"{run}'))))


def _is_listed(run: str) -> bool:
    """Whether *run*, which begins inside no string, says nothing but JSON values."""
    bare = _CUT_WORDS.sub("", _QUOTED.sub("", run * 3))
    return not _SCALARS.sub("", bare).strip(_SIGNS)


_QUOTED = expression(r'"(?:[^"\\]|\\.)*+"?')
_CUT_WORDS = expression(r"\A\w+|\w+\Z")
_SCALARS = expression(r"\b(?:true|false|null)\b|[-+]?\d[\d.eE+-]*+")
_SIGNS = " \t\r,:[]{}"
