"""What reading a text comes to: the output that it says, or why there is none."""

from __future__ import annotations

from typing import Generic

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Repair, Violation
from deterministic_llm._core.drafts import Draft
from deterministic_llm._core.records import quick

T_co = TypeVar("T_co", covariant=True)


@quick
class Parsed(Generic[T_co]):
    """What a text says: the *output*, the *repairs* it took, and the *span* where it stood.

    *truncated* says that closers were missing and only closed members were taken; *open_paths*
    are the JSONPaths, outermost first, of the objects and lists that may have gone on, and *begun*
    those of members that were under way; the last name of such a path may be half of one.
    """

    output: T_co
    repairs: tuple[Repair, ...]
    span: tuple[int, int]
    truncated: bool = False
    open_paths: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()


@quick
class Unread:
    """The text is not the target: why, and which repairs did not help.

    *draft* is what was read all the same, where exactly one document stood there.
    """

    violations: tuple[Violation, ...]
    repairs_tried: tuple[Repair, ...] = ()
    draft: Draft | None = None
