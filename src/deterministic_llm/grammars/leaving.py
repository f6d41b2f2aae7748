"""Where a text left what it was to be: a text and its target go in, a place and a hint come out."""

from __future__ import annotations

import string
from collections.abc import Iterable

from deterministic_llm._core.guards import Dead, Guards, Language
from deterministic_llm._core.reading.forms.claims import Matched
from deterministic_llm._core.reading.forms.exact import match_exactly
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.forms import TextForm
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm._core.stops.exactness import may_become_exact
from deterministic_llm.grammars.compiling import guards
from deterministic_llm.grammars.hints import LONGEST, expected_one_of, shown


@frozen
class Leaving:
    """The first character that the target cannot have, at *offset*, and what was *expected*.

    It is that behind the last one where the text is too short.
    """

    offset: int
    expected: str


def can_tell(target: Target[object]) -> bool:
    """Whether it can be told where a text leaves *target*: of JSON only by the engine."""
    return not isinstance(target, JsonTarget) or guards() is not None


def left(text: str, target: Target[object], beginnings: Iterable[int] = (0,)) -> Leaving | None:
    """Where *text* leaves *target*; None where it does not, or where that cannot be told.

    A document may begin at any of *beginnings*: the one that gets furthest is spoken of.
    """
    if not isinstance(target, JsonTarget):
        return _left_form(text, target.form)
    made = guards()
    if made is None:
        return None
    language = Language(target.schema, plain_numbers=True)
    found = {start: _left_document(text[start:], language, made) for start in beginnings}
    if not found or None in found.values():
        return None
    start, leaving = max(found.items(), key=_reach)
    return None if leaving is None else Leaving(start + leaving.offset, leaving.expected)


def _reach(each: tuple[int, Leaving | None]) -> tuple[int, int]:
    start, leaving = each
    return (0 if leaving is None else leaving.offset, -start)


def _left_document(text: str, language: Language, made: Guards) -> Leaving | None:
    guard = made(language, patience=_PATIENCE)
    verdict = guard.feed(text)
    if verdict == "alive":
        verdict = guard.feed(_NOTHING_HAS_IT)
    return Leaving(verdict.offset, verdict.expected) if isinstance(verdict, Dead) else None


_PATIENCE = 60.0
_NOTHING_HAS_IT = "\0"
"""It is refused everywhere in JSON, and so tells what is expected where a text ends."""


def _left_form(text: str, form: TextForm) -> Leaving | None:
    """The same for a *form* that stands alone, letter by letter."""
    if isinstance(match_exactly(form, text), Matched):
        return None
    low, high = 0, len(text) + 1
    while high - low > 1:  # what cannot go on cannot go on any further
        middle = (low + high) // 2
        if may_become_exact(form, text[:middle]) is False:
            high = middle
        else:
            low = middle
    begun = text[:low]
    if low < len(text) and not _signs(begun, form):
        begun = begun.rstrip()  # blanks at the end are let pass, and others follow
    return Leaving(len(begun), _following(begun, form))


def _following(begun: str, form: TextForm) -> str:
    """What may follow *begun*; all of it where there is only one way to go on."""
    forced = ""
    while len(signs := _signs(begun + forced, form)) == 1 and len(forced) <= LONGEST:
        forced += signs.pop()
    if forced:
        return f"expected {shown(forced)}"
    return "expected another character" if len(signs) > _MANY else expected_one_of(signs)


def _signs(begun: str, form: TextForm) -> set[str]:
    signs = {each for each in _SIGNS if may_become_exact(form, begun + each)}
    # A blank counts where something follows it: at the end of a text any are let pass.
    blank = begun and any(may_become_exact(form, f"{begun} {each}") for each in _SIGNS)
    return signs | {" "} if blank else signs


_SIGNS = string.ascii_letters + string.digits + string.punctuation
_MANY = 60
