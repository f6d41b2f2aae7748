"""The containers that are open while a text is read: values go in, finished ones come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.syntax.documents import MAX_DEPTH, ReadingError, same
from deterministic_llm._core.reading.syntax.edits import CUT_OFF, Edits
from deterministic_llm._core.reading.syntax.punctuation import CLOSERS, OPENERS
from deterministic_llm._core.schema.violations import json_path


@dataclass(slots=True)
class OpenObject:
    """An object whose closer was not met; *key* waits for its value."""

    at: int
    members: JsonObject = field(default_factory=dict)
    key: str | None = None

    @property
    def content(self) -> JsonObject:
        """What is closed in it."""
        return self.members


@dataclass(slots=True)
class OpenList:
    """A list or a tuple whose closer was not met; *bare* if its last item had no quotes."""

    at: int
    opener: str
    content: list[JsonValue] = field(default_factory=list)
    commas: int = 0
    bare: bool = False


Open: TypeAlias = OpenObject | OpenList


class Nesting:
    """The stack of open containers and, when `complete`, the value that they made."""

    __slots__ = ("_counts", "_edits", "_extra", "_stack", "begun", "complete", "value")

    def __init__(self, edits: Edits) -> None:
        self._edits = edits
        self._stack: list[Open] = []
        self._counts = {"{": 0, "[": 0, "(": 0}
        self._extra = 0
        self.begun: str | None = None
        self.complete = False
        self.value: JsonValue = None

    @property
    def top(self) -> Open | None:
        """The innermost open container."""
        return self._stack[-1] if self._stack else None

    @property
    def parent(self) -> Open | None:
        """The open container around the innermost one."""
        return self._stack[-2] if len(self._stack) > 1 else None

    def path(self) -> str:
        """The JSONPath of the place where the next value goes."""
        return json_path(self._keys())

    def open(self, char: str, at: int) -> None:
        """Enter the container that *char* opens."""
        if len(self._stack) == MAX_DEPTH:
            raise ReadingError("too_deep", f"expected at most {MAX_DEPTH} levels of nesting", at)
        opener = OPENERS[char]
        if char != opener:
            self._edits.add("full-width bracket", at)
        self._counts[opener] += 1
        self._stack.append(OpenObject(at) if opener == "{" else OpenList(at, opener))

    def put(self, value: JsonValue, at: int) -> None:
        """Set *value*, read at *at*, in its place: a member, an item, or the whole."""
        top = self.top
        if top is None:
            self.value, self.complete = value, True
        elif isinstance(top, OpenList):
            top.content.append(value)
        elif top.key is not None:
            if top.key in top.members:
                self._check_duplicate(top.members[top.key], value, at)
            top.members[top.key], top.key = value, None

    def close(self, char: str, at: int, *, last: str) -> None:
        """Leave the innermost container that *char* closes, and all that are open inside it.

        If there is none, the closer is a doubled one, or its opener is missing: *last*, the end of
        the token before it, tells.
        """
        opener = CLOSERS[char]
        if char in "\uff5d\uff3d\uff09":
            self._edits.add("full-width bracket", at)
        if not self._counts[opener]:
            if opener != CLOSERS.get(last):
                raise ReadingError("ambiguous", "expected a bracket that this one closes", at)
            self.extra_closer(at)
            return
        while not self._opened_by(opener):
            self.close_innermost(at)
        self._leave(at)

    def extra_closer(self, at: int) -> None:
        """Let pass a closer that nothing opened; how many times is bounded."""
        self._extra += 1
        if self._extra > MAX_DEPTH:
            raise ReadingError("syntax", "expected no closer that nothing opened", at)
        self._edits.add("extra closer", at)

    def close_innermost(self, at: int) -> None:
        """Leave the innermost container, whose closer is missing at *at*."""
        self._edits.add("missing closer", at)
        self._leave(at)

    def cut_off(self, at: int, *, more: bool) -> tuple[str, ...]:
        """Make the value of what is closed; the paths of the containers left open, outermost first.

        An open container with nothing closed in it is not there at all. *more* says that the text
        ended behind a comma.
        """
        paths: list[str] = []
        lost = more
        while self._stack:
            self._edits.add("missing closers at the end", at)
            keys = self._keys()[: len(self._stack) - 1]
            top = self._stack.pop()
            if isinstance(top, OpenObject) and top.key in top.members:
                raise ReadingError("duplicate_key", "expected each key once", at)
            key = top.key if isinstance(top, OpenObject) else None
            lost = lost or not top.content or key is not None
            if key is not None or not top.content:
                self.begun = key
            if top.content:
                paths.append(json_path(keys))
                self.put(top.content, at)
        if lost and CUT_OFF not in self._edits:
            self._edits.add(CUT_OFF, at)
        if not self.complete:
            raise ReadingError("truncated", "expected at least one complete member", at)
        return tuple(reversed(paths))

    def _keys(self) -> list[str | int]:
        keys: list[str | int] = []
        for container in self._stack:
            if isinstance(container, OpenList):
                keys.append(len(container.content))
            elif container.key is not None:
                keys.append(container.key)
        return keys

    def _opened_by(self, opener: str) -> bool:
        top = self._stack[-1]
        return opener == (top.opener if isinstance(top, OpenList) else "{")

    def _leave(self, at: int) -> None:
        top = self._stack.pop()
        opener = top.opener if isinstance(top, OpenList) else "{"
        self._counts[opener] -= 1
        if isinstance(top, OpenList) and opener == "(":
            self.put(self._parenthesised(top), at)
        else:
            self.put(top.content, at)

    def _parenthesised(self, group: OpenList) -> JsonValue:
        if group.commas or not group.content:
            self._edits.add("tuple", group.at)
            return group.content
        if group.bare:
            raise ReadingError("syntax", "expected a value, not a word in parentheses", group.at)
        self._edits.add("parentheses", group.at)
        return group.content[0]

    def _check_duplicate(self, before: JsonValue, after: JsonValue, at: int) -> None:
        if not same(before, after):
            raise ReadingError(
                "duplicate_key",
                "expected each key once, or with equal values,",
                at,
                fix="keep the one that is meant",
            )
        self._edits.add("equal duplicate key", at)
