"""What reading a text comes to: the output that it says, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Repair, Violation
from deterministic_llm._core.drafts import Draft

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, init=False)
class Parsed(Generic[T_co]):
    """What a text says: the *output*, the *repairs* it took, and the *span* where it stood.

    *truncated* says that closers were missing and only closed members were taken; *open_paths*
    are the JSONPaths, outermost first, of the objects and lists that may have gone on.
    """

    output: T_co
    repairs: tuple[Repair, ...]
    span: tuple[int, int]
    truncated: bool = False
    open_paths: tuple[str, ...] = ()

    def __init__(
        self,
        output: T_co,
        repairs: tuple[Repair, ...],
        span: tuple[int, int],
        truncated: bool = False,  # noqa: FBT001, FBT002  # the order of the fields
        open_paths: tuple[str, ...] = (),
    ) -> None:
        # One is made of every text: what a frozen dataclass does by itself takes three times as
        # long, a fifth of the time for a short text.
        members = self.__dict__
        members["output"], members["repairs"], members["span"] = output, repairs, span
        if truncated:
            members["truncated"], members["open_paths"] = truncated, open_paths


@dataclass(frozen=True, slots=True)
class Unread:
    """The text is not the target: why, and which repairs did not help.

    *draft* is what was read all the same, where exactly one document stood there.
    """

    violations: tuple[Violation, ...]
    repairs_tried: tuple[Repair, ...] = ()
    draft: Draft | None = None
