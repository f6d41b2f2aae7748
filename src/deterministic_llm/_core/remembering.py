"""What was worked out before, kept by its arguments as long as those are short.

Keys and paths of an answer may be as long as a model likes: kept by the thousand they would fill a
service that runs for weeks, and they hardly come again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import cast

from typing_extensions import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LONGEST = 1_000
"""Characters of all arguments together; with more of them nothing is kept."""


def remembered(maxsize: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """What a function came to for the last *maxsize* of its arguments that are not too long."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        kept = cast("Callable[P, T]", lru_cache(maxsize=maxsize, typed=True)(function))

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            return (kept if _are_short(args) else function)(*args, **kwargs)

        return call

    return decorate


def _are_short(arguments: tuple[object, ...]) -> bool:
    """Whether the texts in *arguments*, and in tuples of them, are short enough together."""
    pending, characters = [*arguments], 0
    while pending and characters <= LONGEST:
        here = pending.pop()
        if isinstance(here, str):
            characters += len(here)
        elif isinstance(here, tuple):
            pending += here
    return characters <= LONGEST
