"""Every text of the reading corpus: each value of what is read has a figure, or a reason."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from core.case_running import CASES, load, target_of

from deterministic_llm import Completion, EnforcementError, Token
from deterministic_llm._core.shapes.tokens import text_of
from deterministic_llm.testing import ScriptedModel


def cut(data: bytes, chance: random.Random) -> tuple[Token, ...]:
    """*data* in tokens of one to four bytes."""
    ends = [0]
    while ends[-1] < len(data):
        ends.append(min(ends[-1] + chance.randint(1, 4), len(data)))
    pieces = pairwise(ends)
    return tuple(Token(text_of(data[start:end]), -chance.random()) for start, end in pieces)


@pytest.mark.slow
def test_whatever_was_read_of_a_text_its_confidence_is_told() -> None:
    chance, known, unknown = random.Random(5), 0, 0  # noqa: S311  # a table, no secret
    for case in load(CASES):
        tokens = cut(case.raw.encode("utf-8", "surrogatepass"), chance)
        llm = ScriptedModel([Completion(case.raw, tokens=tokens)], max_retries=0)
        try:
            result = llm.run("?", target_of(case.target), confidence=True)  # type: ignore[call-overload]
        except EnforcementError:
            continue
        for evidence in result.confidence.values():
            assert (evidence.source is None) == (evidence.reason is not None)
            known += evidence.source is not None
            unknown += evidence.source is None
    assert known > 700
    assert unknown > 700
