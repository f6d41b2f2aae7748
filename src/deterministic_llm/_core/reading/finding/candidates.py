"""A candidate: a stretch of a completion that may be the payload, and what it is called."""

from __future__ import annotations

from typing import Literal, TypeAlias

from deterministic_llm._core.records import quick

Kind: TypeAlias = Literal["whole", "fence", "span", "tag", "call", "tool", "lines"]
"""What holds it: nothing, a fence, prose, a tag, a call, a tool envelope; or a run of spans."""
Mark: TypeAlias = Literal[
    "draft", "example", "quotation", "corrected", "final", "part", "schema_echo", "metadata"
]
"""What the words around it, or its own keys, call it."""


@quick
class Candidate:
    """Text from *start* to *end*; *open* when its opener has no closer, so it may be cut off."""

    start: int
    end: int
    kind: Kind
    mark: Mark | None = None
    open: bool = False
