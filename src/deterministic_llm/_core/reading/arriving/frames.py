"""A container of a document that is open, as it was written or as the schema wants it."""

from __future__ import annotations

from typing import Final

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.alignment.arrays import ArrayNode
from deterministic_llm._core.reading.alignment.bending import Node
from deterministic_llm._core.reading.alignment.leaves import Anything
from deterministic_llm._core.reading.alignment.objects import ObjectNode
from deterministic_llm._core.reading.arriving.changes import Location

FREE: Final = Anything()
"""The node of what no schema says anything about."""


class UndecidedError(Exception):
    """Only the whole text can tell; *void* when what was shown may be wrong."""

    def __init__(self, *, void: bool = False) -> None:
        super().__init__()
        self.void = void


class Frame:
    """A container at *location*.

    It is *live* when its members are shown as they close, as *own* wants them; *name* and *node*
    are then those of the value that comes next. Else its content is as written; it may still come
    to be live, or be a wrapper of what *own* wants.
    """

    __slots__ = (
        "aside",
        "content",
        "inner",
        "key",
        "listed",
        "live",
        "location",
        "name",
        "node",
        "others",
        "own",
        "wrapped",
    )

    def __init__(
        self,
        own: ObjectNode | ArrayNode | Anything | None,
        location: Location,
        *,
        listed: bool,
        live: bool,
    ) -> None:
        self.own = own
        self.location = location
        self.listed = listed
        self.live = live
        self.content: dict[str, JsonValue] | list[JsonValue] = [] if listed else {}
        self.key = ""
        self.name: str | int = 0
        self.node: Node | None = None
        self.aside: set[str] | None = None
        """Properties that stand in it under another name, or as null that was left out."""
        self.others = False
        """Whether it has a member that no property means."""
        self.wrapped = False
        """Whether it stands in a wrapper, and so for it."""
        self.inner: dict[str, JsonValue] | list[JsonValue] | None = None
        """What was shown of the container in it, where it is a wrapper."""
