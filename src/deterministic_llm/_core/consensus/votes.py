"""What several votes came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from deterministic_llm._core.records import frozen


@frozen
class Votes:
    """What several valid answers came to: so many, a *number*, and *failed* without a valid one.

    *share* is that of the votes that say what was taken, for the part on which they agree least;
    free texts count only where there is nothing else. *shares* has it for each path. *counts* says
    how often each whole output was given, as its canonical JSON. *chosen* is the place of the
    attempt that the output is from. With *merged* no single vote said all of the output, and
    *chosen* is the nearest.
    """

    number: int
    share: float
    shares: Mapping[str, float] = field(default_factory=dict[str, float])
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    chosen: int = -1
    failed: int = 0
    merged: bool = False
