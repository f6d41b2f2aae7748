"""What was worked out before, kept by its arguments as long as those are short.

Keys and paths of an answer may be as long as a model likes: kept by the thousand they would fill a
service that runs for weeks, and they hardly come again.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import cast

from typing_extensions import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LONGEST = 1_000
"""Characters of all arguments together; with more of them nothing is kept."""


def remembered(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """What a function came to for at most so many of its arguments, if they are not too long."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        kept = _Kept(cast("Callable[..., object]", function), most)
        if kept.alone:  # nothing of ours runs where it is found
            return cast("Callable[P, T]", kept.__getitem__)

        def call(*arguments: object) -> object:
            return kept[arguments]

        return cast("Callable[P, T]", call)

    return decorate


class _Kept(dict[object, object]):
    """What *function* came to, by its argument, or by all where it takes several."""

    def __init__(self, function: Callable[..., object], most: int) -> None:
        super().__init__()
        self._function, self._most = function, most
        self.alone = len(signature(function).parameters) == 1

    def __missing__(self, key: object) -> object:
        arguments = (key,) if self.alone else cast("tuple[object, ...]", key)
        value = self._function(*arguments)
        if _are_short(arguments):
            if len(self) >= self._most:
                self.clear()
            self[key] = value
        return value


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
