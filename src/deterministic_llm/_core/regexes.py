"""Regular expressions that are compiled when they are first used.

There are some hundreds of them, which take longer to compile than all the rest takes to import, and
an answer that needs no mending meets a dozen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, AnyStr, cast

if TYPE_CHECKING:
    import regex


def expression(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What ``re.compile`` gives, compiled when it is first used."""
    return cast("re.Pattern[AnyStr]", _Waiting(partial(re.compile, source, flags)))


def partial_expression(source: str, flags: int = 0) -> regex.Pattern[str]:
    """The same of a library that knows scripts, and tells whether a text to come may yet match."""
    return cast("regex.Pattern[str]", _Waiting(partial(_compiled, source, flags)))


def _compiled(source: str, flags: int) -> object:
    import regex  # noqa: PLC0415  # records alone do not need it

    return regex.compile(source, flags)


class _Waiting:
    """A compiled expression to all who ask it something; what they ask it for stays at hand."""

    def __init__(self, compiling: Callable[[], object]) -> None:
        self._compiling = compiling

    @cached_property
    def _compiled(self) -> object:
        return self._compiling()

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        found: object = getattr(self._compiled, name)
        setattr(self, name, found)
        return found
