"""Weighing: probabilities in words, asked for in several orders and averaged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from deterministic_llm import ConfigurationError, EnforcementError, Evidence, aweigh, weigh
from deterministic_llm._core.evidence.evidence import Scalar
from deterministic_llm._core.evidence.verbalised import orders
from deterministic_llm.testing import ScriptedModel

YES = '{"yes": 80, "no": 20}'
EVEN = '{"no": 1, "yes": 1}'


def test_what_was_said_is_averaged_each_answer_made_to_sum_to_one() -> None:
    llm = ScriptedModel([YES, EVEN])
    evidence = weigh(llm, "On topic?", ["yes", "no"], times=2)
    assert (evidence.value, evidence.source) == ("yes", "verbalised")
    assert evidence.distribution == {"yes": pytest.approx(0.65), "no": pytest.approx(0.35)}


def test_awaited_it_is_the_same() -> None:
    evidence = asyncio.run(aweigh(ScriptedModel([YES, YES, YES]), "On topic?", ["yes", "no"]))
    assert evidence.distribution["yes"] == pytest.approx(0.8)


def test_numbers_are_labels_with_a_mean() -> None:
    evidence = weigh(ScriptedModel(['{"1": 25, "2": 75}']), "Grade.", [1, 2], times=1)
    assert (evidence.value, evidence.mean) == (2, 1.75)


def test_an_answer_that_cannot_be_read_is_missing_and_not_even() -> None:
    llm = ScriptedModel(["hm", YES], max_retries=0)
    assert weigh(llm, "On topic?", ["yes", "no"], times=2).probability == pytest.approx(0.8)
    llm = ScriptedModel(["hm", YES], max_retries=0)
    awaited = asyncio.run(aweigh(llm, "On topic?", ["yes", "no"], times=2))
    assert awaited.probability == pytest.approx(0.8)


def test_where_none_can_be_read_the_error_is_raised() -> None:
    with pytest.raises(EnforcementError):
        weigh(ScriptedModel(["hm", "hm"], max_retries=0), "On topic?", ["yes", "no"], times=2)


def test_nothing_for_any_is_not_known() -> None:
    evidence = weigh(ScriptedModel(['{"yes": 0, "no": 0}']), "On topic?", ["yes", "no"], times=1)
    assert evidence == Evidence(None, reason="no answer gave any of them a probability")


@pytest.mark.parametrize(
    ("labels", "times", "said"),
    [
        (["yes"], 3, "expected 2 to 1000 labels that are written differently, got 1"),
        (["1", 1], 3, "expected 2 to 1000 labels that are written differently, got '1' twice"),
        ([], 3, "expected 2 to 1000 labels that are written differently, got 0"),
        ("no", 3, "expected a list of labels, got the text 'no'"),
        (["yes", "no"], 0, "times=0: expected at least 1"),
    ],
)
def test_what_cannot_be_weighed_is_refused(labels: Sequence[Scalar], times: int, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        weigh(ScriptedModel([]), "On topic?", labels, times=times)
    assert str(caught.value) == f"weigh: {said}"


@pytest.mark.parametrize(("size", "times"), [(2, 2), (3, 3), (5, 3), (11, 4)])
def test_every_order_has_all_labels_and_begins_with_another(size: int, times: int) -> None:
    found = orders(range(size), times)
    assert [sorted(order, key=int) for order in found] == [list(range(size))] * times  # type: ignore[arg-type]
    if size > 2:
        assert Counter(order[0] for order in found).most_common(1)[0][1] == 1


def test_the_order_is_that_of_the_question() -> None:
    llm = ScriptedModel([YES, YES])
    weigh(llm, "On topic?", ["yes", "no"], times=2)
    asked = [request.feedback for request in llm.requests]
    assert asked[0] != asked[1]
