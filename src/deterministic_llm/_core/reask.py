"""What a request says besides the prompt: how to answer, and what was wrong the last time."""

from __future__ import annotations

from collections.abc import Sequence

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.schema.phrasing import instruction
from deterministic_llm._core.schema.rendering import render
from deterministic_llm._core.schema.target import JsonTarget, Target


def instructions(target: Target[object]) -> str:
    """How to answer so that *target* can be read."""
    if not isinstance(target, JsonTarget):
        return instruction(target.form)
    if target.schema == {"type": "string"}:
        return ""  # any text is the answer
    return f"Answer with JSON only, of this type:\n{render(target.schema)}"


def reask(violations: Sequence[Violation], instructions: str) -> str:
    """The follow-up that asks again: one line a violation, got values quoted on that line."""
    lines = "\n".join(f"- {violation}" for violation in violations)
    return f"A previous answer was not valid:\n{lines}\nAnswer again. {instructions}".rstrip()
