"""An answer that declines, and fills in the form all the same: the words around a value go in.

Out comes the sentence that says that nothing was looked at ("I cannot score this; the text is
missing."), or None. It stands anywhere before the value, or right behind it, unless the model goes
on to say why it has one ("but here is my best guess", "so I give 0"), or says what in particular it
could not look at ("I cannot verify the sources").
"""

from __future__ import annotations

from deterministic_llm._core.reading.finding.refusals import clause, is_reported
from deterministic_llm._core.reading.finding.tongues import spoken_in

REACH = 1_200
"""Characters on each side of a value in which such a sentence is looked for."""


def declined(before: str, behind: str) -> str | None:
    """The sentence around a value by which it is none."""
    if not (before or behind):
        return None
    said = _said_before(before[-REACH:])
    return _said_behind(behind[:REACH]) if said is None else said


def _said_before(text: str) -> str | None:
    for tongue in spoken_in(text):
        for found in tongue.declines.finditer(text):
            start, end = found.span()
            if tongue.explained.search(text, end) or tongue.conceded.search(text[:start]):
                continue
            if not is_reported(text, start):
                return clause(text, start, end)
    return None


def _said_behind(text: str) -> str | None:
    for tongue in spoken_in(text):
        led = tongue.led.match(text)
        found = None if led is None else tongue.declines.match(text, led.end())
        if found and not tongue.explained.search(text, found.end(), found.end() + 200):
            return clause(text, found.start(), found.end())
    return None
