"""JSON that is the output as it stands: its bytes and the shortcut to a target go in."""

from __future__ import annotations

from typing_extensions import TypeVar

from deterministic_llm._core.reading.goals import Shortcut
from deterministic_llm._core.reading.syntax.native import native

T = TypeVar("T")


def output_of(data: bytes, shortcut: Shortcut[T]) -> T:
    """The output that *data* says, which is found in one pass where the type allows for that.

    Raises pydantic's ValidationError where it says none, and any ValueError where it is no JSON.
    """
    direct = shortcut.direct
    if direct is None:
        return shortcut.validate(native(data, floats=shortcut.floats), strict=True)
    output = direct.read(data, strict=True, extra="forbid")
    if direct.members(output) != data.count(b":"):
        native(data, floats=shortcut.floats)  # which refuses a member that is said twice
    return output
