"""What a request says besides the prompt: how to answer, and what was wrong the last time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import UNCONSTRAINED, Abilities, Constraint
from deterministic_llm._core.schema.envelopes import ENVELOPE
from deterministic_llm._core.schema.phrasing import instruction
from deterministic_llm._core.schema.raising import raised
from deterministic_llm._core.schema.rendering import render
from deterministic_llm._core.schema.target import JsonTarget, Target


def instructions(
    target: Target[object],
    constraint: Constraint = UNCONSTRAINED,
    abilities: Abilities = Abilities(),  # noqa: B008  # frozen
) -> str:
    """How to answer so that *target* can be read; empty where the backend says it itself."""
    shown = constraint.mode == "tool" or (constraint.mode == "native" and abilities.shows_schema)
    if shown and constraint.dialect != ENVELOPE:  # a pattern does not say what its parts are
        return ""
    if not isinstance(target, JsonTarget):
        return instruction(target.form)
    if target.schema == {"type": "string"}:
        return ""  # any text is the answer
    put = raised(target, constraint.dialect)
    return f"Answer only with JSON of this type:\n{render(put.schema)}"


def reask(violations: Sequence[Violation], instructions: str) -> str:
    """The follow-up that asks for the whole again: what was wrong, and how to answer."""
    lines = _lines(violations)
    return f"A previous answer was invalid:\n{lines}\nAnswer again. {instructions}".rstrip()


def reask_members(
    violations: Sequence[Violation], target: JsonTarget[object], *, shown: bool
) -> str:
    """The follow-up that asks for the members of *target* only, the rest being right.

    *shown* says that the backend shows *target* to the model.
    """
    lines = _lines(violations)
    only = _only(target, shown=shown)
    return f"A previous answer was invalid:\n{lines}\nThe rest stays. {only}"


def go_on(target: JsonTarget[object], *, shown: bool) -> str:
    """The follow-up to an answer that was cut: what has come is kept, *target* is the rest."""
    start = "A previous answer was cut off; what had come is kept. Go on from there."
    return f"{start} {_only(target, shown=shown)}"


def begin_there(violations: Sequence[Violation], target: JsonTarget[object], *, shown: bool) -> str:
    """The follow-up to an answer that was stopped where it was not valid: *target* is the rest."""
    lines, only = _lines(violations), _only(target, shown=shown)
    kept = "It was stopped there; what had come before is kept."
    return f"A previous answer was invalid:\n{lines}\n{kept} {only}"


def _only(target: JsonTarget[object], *, shown: bool) -> str:
    if shown:
        return "Answer only with what is asked for now."
    return f"Answer only with JSON of this type:\n{_rendered(target)}"


@lru_cache(maxsize=1024)
def _rendered(target: JsonTarget[object]) -> str:
    """A part that fails once fails again in other answers, and rendering costs more than a read."""
    return render(target.schema)


def _lines(violations: Sequence[Violation]) -> str:
    """A line a violation; what was got is quoted as JSON, and only once where it repeats."""
    shown: set[str | None] = set()
    lines: list[str] = []
    room = _MOST_CHARACTERS
    for violation in violations:
        again = violation.got in shown and len(violation.got or "") > _SHORT
        shown.add(violation.got)
        line = f"- {replace(violation, got='the same') if again else violation}"
        room -= len(line)
        if lines and room < 0:
            lines.append(f"- and {len(violations) - len(lines)} more")
            break
        lines.append(line)
    return "\n".join(lines)


_MOST_CHARACTERS = 1000
"""Of violations in a follow-up, so that it stays small however much was wrong."""
_SHORT = 12
"""Characters of a value that may as well be said again."""
