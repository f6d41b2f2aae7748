"""A single value that is given twice: it and what stands behind it go in, out comes whether."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pydantic_core import to_jsonable_python

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.finding.grades import grade_given
from deterministic_llm._core.reading.finding.retractions import (
    OTHERS,
    is_another_number,
    is_taken_back,
)
from deterministic_llm._core.schema.wording import resolve


def is_doubled(output: object, behind: str, schema: JsonObject) -> bool:
    """Whether what stands *behind* the answer *output* is another one."""
    if isinstance(output, int | float | Decimal) and not isinstance(output, bool):
        most = schema.get("maximum")
        given = grade_given(behind, most=most if isinstance(most, int | float) else None)
        return (given is not None and given != output) or is_another_number(behind, output)
    return is_taken_back(behind, _other_labels(schema, output))


def _other_labels(schema: JsonObject, output: object) -> Sequence[str]:
    """The words that would have said another answer than *output*, where there are few."""
    if isinstance(output, bool):
        return OTHERS[output]
    said: JsonValue = to_jsonable_python(output, fallback=repr)
    node = resolve(schema, root=schema)
    labels = node.get("enum") if isinstance(node, dict) else None
    options = labels if isinstance(labels, list) else []
    return [each for each in options if isinstance(each, str) and each != said]
