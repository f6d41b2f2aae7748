"""A single value that is given twice: it and what stands behind it go in, out comes whether."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from pydantic_core import to_jsonable_python

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.reservations import is_reserved
from deterministic_llm._core.reading.finding.conclusions import comes_to
from deterministic_llm._core.reading.finding.courtesies import are_courtesies
from deterministic_llm._core.reading.finding.grades import grade_given, speaks_of_another
from deterministic_llm._core.reading.finding.regrades import is_cut
from deterministic_llm._core.reading.finding.retractions import (
    OTHERS,
    is_another_number,
    is_taken_back,
)
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.wording import resolve


def is_doubled(output: object, behind: str, schema: JsonObject) -> bool:
    """Whether what stands *behind* the answer *output* is another one, or unsays it."""
    if _UNSAID.fullmatch(behind) is not None:
        return True
    if isinstance(output, int | float | Decimal) and not isinstance(output, bool):
        most = schema.get("maximum")
        best = most if isinstance(most, int | float) else None
        given = grade_given(behind, most=best)
        # Of a number without a best one, an equation may be what tries the answer out.
        concluded = None if best is None else comes_to(behind.casefold())
        if concluded is not None and concluded != output:
            return True
        if best is not None and (is_cut(behind.casefold()) or speaks_of_another(behind)):
            return True
        return (given is not None and given != output) or is_another_number(behind, output)
    if isinstance(output, bool) and is_reserved(str(output), behind):
        return True
    others = _other_labels(schema, output)
    return is_taken_back(behind, others) or (are_courtesies(behind) and _is_named(others, behind))


_UNSAID = expression(
    r"[\s*_.,!…:;–—-]{0,8}(?:(?:or )?not|no|nope|nah|never|i lied|as if|psych"
    r"|(?:just )?(?:kidding|joking)|that(?:['’]s| is| was) (?:a lie|a joke"
    r"|(?:the|a|my) (?:first )?draft|an? example))[\s*_.!)]*",
    re.IGNORECASE,
)
"""All that follows, where it says that the answer is none."""


def _is_named(labels: Sequence[str], behind: str) -> bool:
    """Whether one of *labels* stands *behind*: "Cheers!" may be an answer, too."""
    named = "|".join(map(re.escape, labels))
    return (
        bool(labels) and re.search(rf"(?<!\w)(?:{named})(?!\w)", behind, re.IGNORECASE) is not None
    )


def _other_labels(schema: JsonObject, output: object) -> Sequence[str]:
    """The words that would have said another answer than *output*, where there are few."""
    if isinstance(output, bool):
        return OTHERS[output]
    said: JsonValue = to_jsonable_python(output, fallback=repr)
    options = [label for node in _branches(schema) for label in _listed(node.get("enum"))]
    return [each for each in options if isinstance(each, str) and each != said]


def _branches(schema: JsonObject) -> Iterator[JsonObject]:
    """*schema*, and what it may be instead."""
    whole = resolve(schema, root=schema)
    for each in (whole, *_listed(whole.get("anyOf"))) if isinstance(whole, dict) else ():
        node = resolve(each, root=schema)
        if isinstance(node, dict):
            yield node


def _listed(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()
