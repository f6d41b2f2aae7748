"""What an answer must become, compiled once: a JSON value of a type, or text of a form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeAlias

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.forms import TextForm

if TYPE_CHECKING:
    from deterministic_llm._core.schema.raising import Ascent
    from deterministic_llm._core.schema.sites import Site

T_co = TypeVar("T_co", covariant=True)


@frozen
class Valid(Generic[T_co]):
    """The payload is the target, as this *output*."""

    output: T_co


@frozen
class Invalid:
    """The payload is not the target, with every rule that it breaks in document order."""

    violations: tuple[Violation, ...]


Checked: TypeAlias = Valid[T_co] | Invalid


class Decoder(Protocol[T_co]):
    """The full validation of a payload; what it accepts is what the target means."""

    def check(
        self, value: JsonValue, text: str | None = None, context: object = None
    ) -> Checked[T_co]:
        """Validate a JSON *value*, or faster the *text* that says it in strict JSON.

        *context* is for the validators of a type.
        """
        ...


class Validate(Protocol[T_co]):
    """Gives the output of a JSON value at once, or raises pydantic's ValidationError."""

    def __call__(
        self, value: JsonValue, /, *, strict: bool, extra: Literal["forbid"] | None = None
    ) -> T_co:
        """Take nothing but what the type says, if *strict*; *extra* refuses other members."""
        ...


class ReadsAtOnce(Protocol[T_co]):
    """Gives the output of JSON text at once, or raises pydantic's ValidationError."""

    def __call__(self, text: str, /, *, strict: bool, extra: Literal["forbid"]) -> T_co:
        """Take the last of two members of one name, and numbers that are not finite."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Direct(Generic[T_co]):
    """The way from JSON text to the output in one pass, for a type that says all of its members.

    *read* is the pass, and *members* counts those of an output: of a text with more colons than
    that it is not known whether one was said twice.
    """

    read: ReadsAtOnce[T_co]
    members: Callable[[object], int]


@dataclass(frozen=True, slots=True, eq=False)
class JsonTarget(Generic[T_co]):
    """A target whose payload is a JSON value that fits *schema*.

    *floats* says whether a number with a fraction can be a part of the output. *validate*, where
    there is one, is all that it takes to check a value, and *closable* says whether it can refuse
    the members that the type does not name without changing the output; *direct*, where there is
    one, does both with the text of a value. *site* is the place of the
    whole, where members can be validated by themselves. *ascent* is there where the schema is that
    of another target, lowered, and leads back to it. *documented* says that the schema is all there
    is to it: no type stands behind it. *keyed* says that no value is a member without its key.
    """

    name: str
    schema: JsonObject
    decoder: Decoder[T_co] = field(repr=False)
    floats: bool = True
    validate: Validate[T_co] | None = field(default=None, repr=False)
    closable: bool = False
    direct: Direct[T_co] | None = field(default=None, repr=False)
    site: Site | None = field(default=None, repr=False)
    ascent: Ascent[T_co] | None = field(default=None, repr=False)
    documented: bool = False
    keyed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TextTarget(Generic[T_co]):
    """A target whose payload is text of a *form*; *build* makes the output of what it captured.

    *site* is the place of the whole, where what was captured can be validated by itself.
    """

    name: str
    form: TextForm
    build: Callable[[JsonValue], Checked[T_co]] = field(repr=False)
    site: Site | None = field(default=None, repr=False)


Target: TypeAlias = JsonTarget[T_co] | TextTarget[T_co]
