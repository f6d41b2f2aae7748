"""The value that a text has made so far: keys and values go in, aligned changes come out.

A container is *live* when its members are shown as they close, each bent to the schema. Where only
what else comes in it can tell whose they are (an envelope, an alternative, a value of the wrong
kind), it is collected as it was written, and bent as a whole when it closes.
"""

from __future__ import annotations

from typing import cast

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.arrays import ArrayNode
from deterministic_llm._core.reading.alignment.bending import Node, Trace
from deterministic_llm._core.reading.alignment.leaves import Anything
from deterministic_llm._core.reading.alignment.objects import ObjectNode
from deterministic_llm._core.reading.arriving.changes import (
    Change,
    Closed,
    Location,
    Opened,
)
from deterministic_llm._core.reading.arriving.manners import Pace, manner_of, settles

FREE = Anything()


class UndecidedError(Exception):
    """Only the whole text can tell; *void* when what was shown may be wrong."""

    def __init__(self, *, void: bool = False) -> None:
        super().__init__()
        self.void = void


class Frame:
    """A container that is open; *name* and *node* are those of the value that comes next."""

    __slots__ = ("aside", "content", "key", "listed", "live", "location", "name", "node", "own")

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


class Tree:
    """The open containers of one document, and the changes since they were last asked for."""

    __slots__ = ("_hidden", "_root", "_strict", "_value", "changes", "complete", "frames", "top")

    def __init__(self, root: Node, *, hidden: bool, strict: bool) -> None:
        self._root = root
        self._hidden = hidden
        self._strict = strict
        self._value: JsonValue = None
        self.changes: list[Change] = []
        self.complete = False
        self.frames: list[Frame] = []
        self.top: Frame | None = None

    def open(self, *, listed: bool) -> None:
        """Enter a list or an object."""
        top = self.top
        if top is None:
            frame = self._opened(self._root, (), listed=listed, shown=not self._hidden)
        elif top.live and top.node is not None:
            frame = self._opened(top.node, (*top.location, top.name), listed=listed, shown=True)
        else:
            frame = Frame(None, (), listed=listed, live=False)
        self.frames.append(frame)
        self.top = frame

    def _opened(self, node: Node, location: Location, *, listed: bool, shown: bool) -> Frame:
        if not shown:
            return Frame(None, location, listed=listed, live=False)
        manner = manner_of(node)
        own = manner.listing if listed else manner.mapping
        if own is None:
            self.changes.append(Opened(location, "other"))
            return Frame(None, location, listed=listed, live=False)
        live = listed or not isinstance(own, ObjectNode) or self._strict
        frame = Frame(own, location, listed=listed, live=live)
        if live:
            self.changes.append(Opened(location, "list" if listed else "object"))
            frame.node = own.item(0) if isinstance(own, ArrayNode) else FREE
        return frame

    def named(self, key: str) -> None:
        """The next value stands under *key*."""
        frame = cast("Frame", self.top)
        frame.key = key
        if not frame.live:
            if key in frame.content:
                raise UndecidedError
            own = frame.own
            if not isinstance(own, ObjectNode) or not settles(own, key):
                return
            self._settle(frame)
        self._place(frame, key)

    def _settle(self, frame: Frame) -> None:
        """Show the members of an object of which it was not known whose they are."""
        members = cast("JsonObject", frame.content)
        frame.content, frame.live = {}, True
        self.changes.append(Opened(frame.location, "object"))
        key = frame.key
        for name, value in members.items():
            frame.key = name
            self._place(frame, name)
            self.put(value)
        frame.key = key

    def _place(self, frame: Frame, key: str) -> None:
        """Find whose value stands under *key* in a live object."""
        own = frame.own
        if isinstance(own, ObjectNode):
            node = own.members.get(key)
            if node is None:
                self._place_other(frame, own, key)
                return
            frame.node = node
        if key in frame.content or (frame.aside is not None and key in frame.aside):
            raise UndecidedError(void=frame.aside is not None and key in frame.aside)
        frame.name = key

    def _place_other(self, frame: Frame, own: ObjectNode, key: str) -> None:
        """A key that no property has: another spelling of one, or a member beside them."""
        name = None if self._strict else own.names.meant(key)
        aside = frame.aside
        if name is not None and (aside is None or name not in aside) and name not in frame.content:
            frame.aside = {name} if aside is None else aside | {name}
            frame.name, frame.node = name, own.members[name]
        elif name is not None and aside is not None and name in aside:
            raise UndecidedError
        elif name is not None or (own.others is None and not own.keeps_others):
            frame.node = None
        elif key in frame.content:
            raise UndecidedError
        else:
            frame.name, frame.node = key, own.others or FREE

    def pace(self) -> Pace:
        """From when on a string that begins here may be shown."""
        top = self.top
        if top is None or not top.live or top.node is None:
            return "closed"
        return manner_of(top.node).text

    def location(self) -> Location:
        """Where the value that comes next stands."""
        top = cast("Frame", self.top)
        return (*top.location, top.name)

    def put(self, value: JsonValue) -> None:
        """Set *value*, as it was written, in its place."""
        top = self.top
        if top is None:
            self._finish(value)
        elif not top.live:
            content = top.content
            if isinstance(content, list):
                content.append(value)
            else:
                content[top.key] = value
        elif top.node is not None:
            if type(value) not in top.node.plain and not self._strict:
                value = _bent(top.node, value)
            self._show(top, value)

    def _show(self, frame: Frame, value: JsonValue) -> None:
        content, name = frame.content, frame.name
        if isinstance(content, list):
            content.append(value)
            self.changes.append(Closed((*frame.location, name), value))
            frame.name = place = len(content)
            if isinstance(frame.own, ArrayNode):
                frame.node = frame.own.item(place)
            return
        if value is None and self._is_left_out(frame):
            frame.aside = {frame.key} if frame.aside is None else frame.aside | {frame.key}
            return
        content[cast("str", name)] = value
        self.changes.append(Closed((*frame.location, name), value))

    def _is_left_out(self, frame: Frame) -> bool:
        own = frame.own
        if self._strict or not isinstance(own, ObjectNode) or frame.key != frame.name:
            return False
        return own.leaves_out_null(frame.key)

    def close(self) -> None:
        """Leave the innermost container."""
        frame = self.frames.pop()
        top = self.top = self.frames[-1] if self.frames else None
        if top is None:
            self._finish(frame.content, live=frame.live)
        elif frame.live:
            self._show(top, frame.content)
        else:
            self.put(frame.content)

    def _finish(self, value: JsonValue, *, live: bool = False) -> None:
        self.complete = True
        if self._hidden:
            return
        self._value = value if live or self._strict else _bent(self._root, value)
        self.changes.append(Closed((), self._value))

    def snapshot(self) -> JsonValue:
        """The closed members as plain data, without containers in which nothing is closed."""
        if self.complete:
            return self._value
        value: JsonValue = None
        for frame in reversed(self.frames):
            if not frame.live:
                continue
            content = frame.content.copy()
            if value:
                if isinstance(content, list):
                    content.append(value)
                else:
                    content[cast("str", frame.name)] = value
            value = content
        return value


def _bent(node: Node, value: JsonValue) -> JsonValue:
    """*value* as *node* wants it; one that cannot be bent stays."""
    if type(value) in node.plain:
        return value
    try:
        return node.bend(value, Trace())
    except (RecursionError, ValueError):
        return value
