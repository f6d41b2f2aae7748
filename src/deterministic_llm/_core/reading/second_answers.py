"""A second answer beside one in JSON, in another notation: a table or lines that differ.

In: what stands beside the answer, and the answer. Out: whether it says another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deterministic_llm._core.reading.equality import equal
from deterministic_llm._core.reading.finding.found import Found
from deterministic_llm._core.reading.finding.thinking import thinking
from deterministic_llm._core.reading.goals import Goal
from deterministic_llm._core.reading.judging import bend
from deterministic_llm._core.reading.notations.notation import read_notation
from deterministic_llm._core.reading.outcomes import Parsed
from deterministic_llm._core.reading.rivals import GAP
from deterministic_llm._core.reading.syntax.documents import Document
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.kinds import kinds, kinds_of_items, required_names


def beside(found: Found) -> str:
    """The text without its candidates and thinking, a gap in the place of each."""
    spans = [(each.start, each.end) for each in found.candidates if each.kind not in _WHOLE]
    return GAP.join(outside([*spans, *thinking(found.text).blocks], found.text))


def outside(spans: Sequence[tuple[int, int]], text: str) -> Iterator[str]:
    """What of *text* no span covers."""
    at = 0
    for start, end in sorted(spans):
        yield text[at:start]
        at = max(at, end)
    yield text[at:]


def says_another(rest: str, goal: Goal[object], output: object, context: object) -> bool:
    """Whether *rest*, without the answer itself, is a record, or a list of them, unlike *output*.

    All required members must be named in it, so that words about the answer cost little.
    """
    if kinds(goal.target.schema) == _ARRAY and "object" not in kinds_of_items(goal.target.schema):
        return _lists_others(rest, goal, output, context)
    names, said = required_names(goal.target.schema), rest.casefold()
    if not names or "\n" not in rest.strip():
        return False
    if not all(name.casefold().replace("_", " ").split(" ")[0] in said for name in names):
        return False
    noted = read_notation(rest, goal.target.schema)
    if noted is None:
        return False
    reading = bend(Document(noted[0], len(rest), noted[1]), goal, context, start=0)
    return isinstance(reading, Parsed) and not equal(reading.output, output)


def _lists_others(rest: str, goal: Goal[object], output: object, context: object) -> bool:
    """Whether *rest* has bullets that are items, too, and not those of *output*."""
    bullets = _BULLETS.findall(rest)
    if len(bullets) < 2 or len(bullets) > _MOST or any(len(each.split()) > 3 for each in bullets):
        return False
    noted = read_notation("\n".join(f"- {each}" for each in bullets), goal.target.schema)
    if noted is None:
        return False
    reading = bend(Document(noted[0], len(rest), noted[1]), goal, context, start=0)
    return isinstance(reading, Parsed) and not equal(reading.output, output)


_ARRAY = frozenset({"array"})
_MOST = 1_000
_BULLETS = expression(r"^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+([^\s\0][^\n\0]{0,60})$", re.MULTILINE)
_WHOLE = frozenset({"whole", "lines"})
