"""An answer for some members that needs no mending: its text goes in, the whole comes out.

What it makes of a text is what a full reading would make of it; where that is not sure, it makes
nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection
from operator import attrgetter

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.reading.alignment.openings import shape_of
from deterministic_llm._core.reading.doubts import may_be_a_call
from deterministic_llm._core.reading.goals import goal_of, shortcut_to
from deterministic_llm._core.reading.omissions import may_hold_omission, may_omit
from deterministic_llm._core.reading.outcomes import Parsed
from deterministic_llm._core.reading.reader import MAX_CHARACTERS
from deterministic_llm._core.reading.syntax.native import native
from deterministic_llm._core.remembering import remembered
from deterministic_llm._core.schema.locations import Location, schema_at, sole
from deterministic_llm._core.schema.merges import merged
from deterministic_llm._core.schema.patches import patch_target
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm._core.schema.violations import step

T_co = TypeVar("T_co", covariant=True)


def read_intact(text: str, target: JsonTarget[T_co], patch: Patch) -> Parsed[T_co] | None:
    """The whole that comes of JSON with all the keys that were asked for, valid as it stands.

    Other members may stand beside those, but none that could be one of them, or hold it. Nothing is
    left to bend where the type takes the whole and leaves no doubts.
    """
    shortcut = shortcut_to(target)
    if shortcut is None or not target.closable or not _may_be_intact(text, patch):
        return None
    try:
        said, lists = native(text.encode(), floats=shortcut.floats), shortcut.lists_texts
        if not isinstance(said, dict) or not _brings_all(said, target, patch):
            return None
        value = merged(patch, said)
        # Others may leave out what was asked for.
        others_omit = len(said) > len(patch.places) and may_omit(text, lists=lists)
        if others_omit or may_hold_omission(value, lists=lists):
            return None
        output = shortcut.validate(value, strict=True)
    except ValueError:  # pydantic's is one, too
        return None
    if len(said) == len(patch.places):
        return Parsed(output, (), (0, len(text)))
    others = {key: said[key] for key in said if key not in patch.places}
    return Parsed(output, left_aside(others), (0, len(text)))


def left_aside(others: JsonObject) -> tuple[Repair, ...]:
    """The record of members that were not asked for, and so are not taken."""
    return tuple(
        Repair("a member that was not asked for", f"${step(key)}", value, None, "none")
        for key, value in others.items()
    )


def may_be_inside(target: JsonTarget[object], location: Location, said: Collection[str]) -> bool:
    """Whether all of *said* may be members of the one at *location*."""
    names = (sole(schema_at(target, location), target.schema) or {}).get("properties")
    return isinstance(names, dict) and all(key in names for key in said)


def _may_be_intact(text: str, patch: Patch) -> bool:
    if text[:1] != "{" or len(text) > MAX_CHARACTERS or may_be_a_call(text):
        return False
    # A rest may begin again with what had come.
    return not any(map(_APPENDS, patch.places.values()))


_APPENDS = attrgetter("appends")


def _brings_all(said: JsonObject, target: JsonTarget[object], patch: Patch) -> bool:
    """Whether *said* has every member of *patch* under its key, and no other that could be one."""
    places = patch.places
    if said.keys() == places.keys():
        return True
    if not said.keys() > places.keys():
        return False
    lone = next(iter(places.values())).location if len(places) == 1 else None
    return _are_apart(target, patch_target(target, patch), lone, tuple(said))


@remembered(1024)
def _are_apart(
    target: JsonTarget[object],
    asked: JsonTarget[object],
    lone: Location | None,
    keys: tuple[str, ...],
) -> bool:
    """Whether the others of *keys* are surely none of those that were *asked* for.

    They are another spelling of none, no wrapper, and not all inside the one at *lone*.
    """
    names, wanted = goal_of(asked).plan.start.names, asked.schema["properties"]
    if names is None or not isinstance(wanted, dict):
        return False
    if any(names.meant(key) is not None for key in keys if key not in wanted):
        return False
    if shape_of(dict.fromkeys(keys)) is not None:
        return False
    return lone is None or not may_be_inside(target, lone, keys)
