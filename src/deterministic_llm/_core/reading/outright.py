"""JSON that is the output as it stands: its text and the shortcut to a target go in."""

from __future__ import annotations

from typing_extensions import TypeVar

from deterministic_llm._core.reading.goals import Shortcut
from deterministic_llm._core.reading.syntax.native import native

T = TypeVar("T")


def output_of(text: str, shortcut: Shortcut[T]) -> T:
    """The output that *text* says, which is found in one pass where the type allows for that.

    Raises pydantic's ValidationError where it says none, and any ValueError where it is no JSON.
    """
    direct = shortcut.direct
    if direct is None:
        return shortcut.validate(native(text.encode(), floats=shortcut.floats), strict=True)
    output = direct.read(text, strict=True, extra="forbid")
    if direct.members(output) != text.count(":"):
        native(text.encode(), floats=shortcut.floats)  # which refuses a member that is said twice
    return output
