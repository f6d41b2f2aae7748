"""The value that a text has made so far: keys and values go in, aligned changes come out.

A container is *live* when its members are shown as they close, each bent to the schema. Where only
what else comes in it can tell whose they are (an envelope, an alternative, a value of the wrong
kind), it is collected as it was written, and bent as a whole when it closes. What stands in an
envelope of the usual names is shown at once; if it turns out to be none, that is taken back.
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
    Replaced,
)
from deterministic_llm._core.reading.arriving.frames import FREE, Frame, UndecidedError
from deterministic_llm._core.reading.arriving.manners import Pace, manner_of, settles, wraps
from deterministic_llm._core.reading.syntax.documents import same


class Tree:
    """The open containers of one document, and the changes since they were last asked for."""

    __slots__ = (
        "_base",
        "_hidden",
        "_keeps_others",
        "_root",
        "_strict",
        "_value",
        "changes",
        "complete",
        "frames",
        "sealed",
        "top",
    )

    def __init__(
        self,
        root: Node,
        *,
        hidden: bool,
        strict: bool,
        keeps_others: bool = True,
        rows: ArrayNode | None = None,
    ) -> None:
        self._keeps_others = keeps_others
        self._root = root
        self._hidden = hidden
        self._strict = strict
        self._value: JsonValue = None
        self.changes: list[Change] = []
        self.complete = False
        self.sealed = False
        """Whether the document was the whole list, and not a row of it."""
        self._base = None if rows is None else Frame(rows, (), listed=True, live=True)
        """The list that the documents of a text are the rows of, one after another."""
        self.frames: list[Frame] = []
        self.top: Frame | None = None
        if rows is not None and self._base is not None:
            self._base.node = rows.item(0)
            self.frames, self.top = [self._base], self._base

    def forget(self, reason: str) -> None:
        """Nothing of this document is the answer, and nothing more of it is shown."""
        self.changes.append(Replaced(reason))
        self.frames, self.top, self._value = [], None, None
        self.complete = False

    def open(self, *, listed: bool) -> None:
        """Enter a list or an object."""
        top = self.top
        if top is None:
            frame = self._opened(self._root, (), listed=listed)
        elif top.live and top.node is not None:
            frame = self._opened(top.node, (*top.location, top.name), listed=listed)
        elif self._base is not None and listed and self._is_first_row():
            frame = self._listed(self._base, top)
        elif self._may_wrap(top, listed=listed) and top.own is not None:
            frame = self._unwrapped(top.own, top.location, listed=listed)
        else:
            frame = Frame(None, (), listed=listed, live=False)
        self.frames.append(frame)
        self.top = frame

    def _may_wrap(self, frame: Frame, *, listed: bool) -> bool:
        if frame.live or frame.own is None or frame.inner is not None:
            return False
        return wraps(frame.own, frame.key, listed=listed)

    def _is_first_row(self) -> bool:
        return self._base is not None and len(self.frames) == 2 and not self._base.content

    def _listed(self, base: Frame, row: Frame) -> Frame:
        """A list beside the members of the first row: it may be what was asked for."""
        own = base.own
        if row.live or row.inner is not None or not isinstance(own, ArrayNode):
            raise UndecidedError(void=True)
        if not wraps(own, row.key, listed=True):
            return Frame(None, (), listed=True, live=False)
        return self._unwrapped(own, (), listed=True)

    def _opened(self, node: Node, location: Location, *, listed: bool) -> Frame:
        if self._hidden:
            return Frame(None, location, listed=listed, live=False)
        manner = manner_of(node)
        own = manner.listing if listed else manner.mapping
        if own is not None:
            live = listed or not isinstance(own, ObjectNode) or self._strict
            return self._frame(own, location, listed=listed, live=live)
        if manner.listing is not None and not self._strict:
            return Frame(manner.listing, location, listed=False, live=False)
        self.changes.append(Opened(location, "other"))
        return Frame(None, location, listed=listed, live=False)

    def _unwrapped(
        self, own: ObjectNode | ArrayNode | Anything, location: Location, *, listed: bool
    ) -> Frame:
        frame = self._frame(own, location, listed=listed, live=listed)
        frame.wrapped = True
        return frame

    def _frame(
        self,
        own: ObjectNode | ArrayNode | Anything,
        location: Location,
        *,
        listed: bool,
        live: bool,
    ) -> Frame:
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
            if frame.inner is not None:
                raise UndecidedError(void=True)
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
            raise UndecidedError(void=isinstance(own, ObjectNode) and own.others is not None)
        frame.name = key

    def _place_other(self, frame: Frame, own: ObjectNode, key: str) -> None:
        """A key that no property has: another spelling of one, or a member beside them."""
        name = None if self._strict else own.names.meant(key)
        aside = frame.aside
        again = aside is not None and name in aside
        if key in frame.content or (name is not None and (again or self._is_told(frame, name))):
            raise UndecidedError
        if name is not None and name not in frame.content:
            frame.aside = {name} if aside is None else aside | {name}
            frame.name, frame.node = name, own.members[name]
        else:
            frame.others = True
            if name is not None or not (own.others or own.keeps_others or self._keeps_others):
                frame.node = None
            else:
                frame.name, frame.node = key, own.others or FREE

    def _is_told(self, frame: Frame, name: str) -> bool:
        """Whether a second spelling of *name* may be a member of its own beside it."""
        return self._keeps_others and name in frame.content

    def pace(self) -> Pace:
        """From when on a string that begins here may be shown."""
        top = cast("Frame", self.top)
        return manner_of(top.node).text if top.live and top.node is not None else "closed"

    def location(self) -> Location:
        """Where the value that comes next stands."""
        top = cast("Frame", self.top)
        return (*top.location, top.name)

    def put(self, value: JsonValue) -> None:
        """Set *value*, as it was written, in its place."""
        top = cast("Frame", self.top)
        if not top.live:
            content = top.content
            if isinstance(content, list):
                content.append(value)
            else:
                content[top.key] = value
        elif top.node is not None:
            if type(value) not in top.node.plain:
                value = self._bent(top.node, value, len(top.location) + 1)
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
        value = frame.content
        if frame.others:
            self._check_asked_for(frame)
        if frame.wrapped and top is not None:
            top.inner = value if frame.live else frame.inner
            self.put(value)
            return
        if top is not None and top is self._base and self._end_row(frame, top):
            return
        if frame.inner is not None:
            value = self._checked(frame, self._root if top is None else top.node)
        aligned = frame.live or frame.inner is not None
        if top is None:
            self._finish(value, live=aligned)
        elif aligned:
            self._show(top, value)
        else:
            self.put(value)

    def _check_asked_for(self, frame: Frame) -> None:
        """Say nothing more where *frame*, which is live, holds nothing that was asked for."""
        own, content = frame.own, frame.content
        if isinstance(own, ObjectNode) and isinstance(content, dict):
            said = content or {frame.key: None}
            if own.is_others_alone(said, depth=len(frame.location)):
                raise UndecidedError

    def _end_row(self, row: Frame, base: Frame) -> bool:
        """Take note of the end of a document of several; True when it was the whole list."""
        if isinstance(row.inner, list):
            base.content = cast("list[JsonValue]", self._checked(row, self._root))
            self.complete = self.sealed = True
            self.changes.append(Closed((), base.content))
            return True
        first = not base.content and not row.live and row.inner is None
        members = row.content.values() if isinstance(row.content, dict) else row.content
        if first and (row.own is not None or any(isinstance(each, list) for each in members)):
            raise UndecidedError
        if first and base.node is not None and not self._fits(base.node, row.content):
            raise UndecidedError
        self.complete = True
        return False

    def _checked(self, wrapper: Frame, node: Node | None) -> dict[str, JsonValue] | list[JsonValue]:
        """What was shown of a *wrapper*, if that is what it comes to as a whole."""
        inner = wrapper.inner
        if inner is None or node is None:
            raise UndecidedError(void=True)
        if not same(self._bent(node, wrapper.content, len(wrapper.location), void=True), inner):
            raise UndecidedError(void=True)
        return inner

    def _finish(self, value: JsonValue, *, live: bool = False) -> None:
        self.complete = True
        if self._hidden:
            return
        self._value = value if live else self._bent(self._root, value, 0)
        self.changes.append(Closed((), self._value))

    def _bent(self, node: Node, value: JsonValue, depth: int, *, void: bool = False) -> JsonValue:
        """*value*, in so many containers, as *node* wants it; one that cannot be bent stays.

        Where a container is refused, its own type may still take it: only the whole text can tell.
        """
        if type(value) in node.plain or (self._strict and not isinstance(value, (dict, list))):
            return value
        trace = Trace(depth)
        bent = node.bend(value, trace)
        if trace.is_refused and isinstance(value, (dict, list)):
            raise UndecidedError(void=void)
        return value if self._strict else bent

    def _fits(self, node: Node, row: JsonValue) -> bool:
        return node.fits(self._bent(node, row, 1), Trace(1))

    def snapshot(self) -> JsonValue:
        """The closed members as plain data, without containers in which nothing is closed."""
        if self.complete and self._base is None:
            return self._value
        value: JsonValue = None
        for frame in reversed(self.frames):
            if not frame.live:
                value = value or frame.inner
                continue
            if not (value or frame.content) and frame is self._base:
                continue
            content = frame.content.copy()
            if value:
                if isinstance(content, list):
                    content.append(value)
                else:
                    content[cast("str", frame.name)] = value
            value = content
        return value
