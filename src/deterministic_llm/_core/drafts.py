"""What an answer that is not the target yet already holds, and the part that is still wanted."""

from __future__ import annotations

from collections.abc import Mapping

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import quick


@quick
class Draft:
    """The one JSON value that an answer held although it is not the target yet.

    It holds closed members only, so that others can be merged into it; where the text was
    *truncated*, *open_paths* are the JSONPaths in *value*, outermost first, of the objects and
    lists that were not closed, and *begun* those of members that were under way and are not in it;
    the last name of such a path may be half of one.
    """

    value: JsonValue
    truncated: bool = False
    open_paths: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()


@quick
class Place:
    """Where a member goes: instead of what is at *location*, or behind the last item of it.

    One that was *begun* has to come: a default in its place would be what nobody said.
    """

    location: tuple[str | int, ...]
    appends: bool = False
    begun: bool = False


@quick
class Patch:
    """A part of the answer that is asked for alone: its keys, and their *places* in *base*."""

    base: JsonValue
    places: Mapping[str, Place]
