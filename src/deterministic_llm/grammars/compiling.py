"""Languages compiled once, each in a thread of its own; a guard of every text is a copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from threading import Thread

from deterministic_llm._core.guards import Guard, Guards, Language, Verdict
from deterministic_llm.errors import SchemaError
from deterministic_llm.grammars.engine import Matcher, matcher
from deterministic_llm.grammars.prefixes import Prefix
from deterministic_llm.grammars.widening import widened


def guards() -> Guards | None:
    """What makes guards; None where the engine is not installed."""
    return _guard if _is_installed() else None


@lru_cache(maxsize=1)
def _is_installed() -> bool:
    return find_spec("llguidance") is not None


def _guard(language: Language, *, patience: float) -> Guard:
    """The guard of a new text in *language*; where that takes longer, it catches up later."""
    compiled = _compiled(language)
    compiled.wait(patience)
    return _Late(compiled) if compiled.under_way else compiled.guard()


@lru_cache(maxsize=256)
def _compiled(language: Language) -> _Compiled:
    return _Compiled(language)


class _Compiled:
    """The matcher of *language*, made in the background."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._matcher: Matcher | None = None
        self._thread = Thread(target=self._compile, name="grammar")
        self._thread.start()

    @property
    def under_way(self) -> bool:
        """Whether it is not made yet."""
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Let it be made, for so many seconds at most."""
        self._thread.join(seconds)

    def guard(self) -> Guard:
        """The guard of a new text."""
        matcher = self._matcher
        return _UNGUARDED if matcher is None else Prefix(matcher.deep_copy())

    def _compile(self) -> None:
        self._matcher = next(_matchers(self._language), None)


def _matchers(language: Language) -> Iterator[Matcher]:
    """What the engine makes of *language*, first of as much of it as it may take."""
    for without in _LESS_AND_LESS:
        try:
            schema = widened(language.schema, plain_numbers=language.plain_numbers, without=without)
        except SchemaError:
            return
        made = matcher(schema)
        if made is not None:
            yield made


_LESS_AND_LESS: tuple[tuple[str, ...], ...] = (
    (),
    ("patternProperties",),
    ("pattern", "patternProperties"),
    ("pattern", "patternProperties", "allOf"),
)


class _Unguarded:
    """Says nothing of a language that the engine does not take."""

    def feed(self, piece: str) -> Verdict:
        """Nothing."""
        del piece
        return "unknown"


_UNGUARDED = _Unguarded()


class _Late:
    """A guard whose language is still being compiled: it keeps the text until then."""

    __slots__ = ("_compiled", "_guard", "_kept")

    def __init__(self, compiled: _Compiled) -> None:
        self._compiled = compiled
        self._kept: list[str] = []
        self._guard: Guard | None = None

    def feed(self, piece: str) -> Verdict:
        """What can be said of the text with *piece*; nothing before the language is there."""
        if self._guard is not None:
            return self._guard.feed(piece)
        self._kept.append(piece)
        if self._compiled.under_way:
            return "unknown"
        self._guard = self._compiled.guard()
        return self._guard.feed("".join(self._kept))
