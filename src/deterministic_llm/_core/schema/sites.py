"""The places of an answer: how a value there is validated by itself, and what stands below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.target import Checked, Decoder, Invalid, Valid
from deterministic_llm._core.schema.wording import resolve

Token: TypeAlias = str | int
"""The name of a member, or the index of an item."""


@frozen
class Bounds:
    """What a value that is still being written must keep to, where that is known.

    *most_characters* of a text, blanks at its ends not counted where it is *stripped*, and
    *most_items* of a list. *labels* are all that a text may be, in any spelling.
    """

    most_characters: int | None = None
    stripped: bool = False
    most_items: int | None = None
    labels: tuple[str, ...] = ()


UNBOUNDED = Bounds()


class LooksAround(BaseException):
    """A validator of a member asked for what stands beside it, so it cannot run before that is.

    It is no error, and no validator's own ``except Exception`` may take it.
    """


class Site:
    """One place of an answer.

    It is *known*, or *unknown*: nothing can be said of it alone. A member that the type leaves out
    is *ignored*, one that it refuses *forbidden*. What it takes to validate a value is made when a
    first one comes.
    """

    __slots__ = (
        "_decode",
        "_decoder",
        "_items",
        "_named",
        "_open",
        "_others",
        "bounds",
        "standing",
    )

    def __init__(
        self,
        decode: Callable[[], Decoder[object] | None] | None = None,
        open_: Callable[[], Members] | None = None,
        *,
        bounds: Bounds = UNBOUNDED,
        standing: Literal["known", "unknown", "ignored", "forbidden"] = "known",
    ) -> None:
        self._decode = decode
        self._decoder: Decoder[object] | None = None
        self._open = open_
        self._named: Mapping[Token, Site] = {}
        self._others: Site = self
        self._items: Site = self
        self.bounds = bounds
        self.standing = standing

    def names(self, token: Token) -> bool:
        """Whether the type has a member or item *token* by itself."""
        self.inner(token)
        return token in self._named

    def inner(self, token: Token) -> Site:
        """The place of the member or item *token*."""
        if self._open is not None:
            members, self._open = self._open(), None
            self._named, self._others, self._items = members.named, members.others, members.items
        return self._named.get(token) or (self._items if type(token) is int else self._others)

    def check(self, value: JsonValue, context: object = None) -> Checked[object] | None:
        """What *value* is, validated by itself; None where that cannot be told yet."""
        if self._decode is not None:
            self._decoder, self._decode = self._decode(), None
        if self._decoder is None:
            return None
        try:
            return self._decoder.check(value, None, context)
        except LooksAround:
            self._decoder = None
            return None


@frozen
class Members:
    """The places below one: *named* ones, the *others* of an object, the *items* of a list."""

    named: Mapping[Token, Site]
    others: Site
    items: Site


UNKNOWN = Site(standing="unknown")
"""Nothing is said of this place, nor of any below it."""
IGNORED = Site(standing="ignored")
FORBIDDEN = Site(standing="forbidden")


class AnyValue:
    """Takes whatever stands there."""

    def check(
        self, value: JsonValue, text: str | None = None, context: object = None
    ) -> Checked[JsonValue]:
        """*value*."""
        del text, context
        return Valid(value)


class Built:
    """Takes what *build* takes, as a decoder."""

    def __init__(self, build: Callable[[JsonValue], Valid[object] | Invalid]) -> None:
        self._build = build

    def check(
        self, value: JsonValue, text: str | None = None, context: object = None
    ) -> Checked[object]:
        """What *build* makes of *value*."""
        del text, context
        return self._build(value)


def labels_of(node: JsonValue, root: JsonObject) -> tuple[str, ...]:
    """The texts that *node* lists as its only values; none where it admits others, too."""
    known = resolve(node, root=root)
    listed = None
    if isinstance(known, dict) and not known.keys() & {"anyOf", "oneOf", "allOf"}:
        listed = [known["const"]] if "const" in known else known.get("enum")
    texts = (
        tuple(each for each in listed or () if isinstance(each, str))
        if isinstance(listed, list)
        else ()
    )
    return texts if isinstance(listed, list) and len(texts) == len(listed) else ()


def without_ignored(value: JsonValue, site: Site) -> JsonValue:
    """*value* without the members that the type leaves out."""
    if isinstance(value, list):
        items = [without_ignored(each, site.inner(index)) for index, each in enumerate(value)]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if not isinstance(value, dict):
        return value
    members = {
        name: without_ignored(each, inner)
        for name, each in value.items()
        if (inner := site.inner(name)).standing != "ignored"
    }
    same_members = len(members) == len(value)
    return value if same_members and all(members[key] is value[key] for key in value) else members
