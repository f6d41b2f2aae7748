"""Answers that were cut where a value ends: which of them may go on behind the cut."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal

import pytest

from deterministic_llm import Choice, Completion, Pattern, Template, Truncated, parse
from deterministic_llm.testing import ScriptedModel

GRADE = Template("{score:int}/10")
OPEN = [
    pytest.param(int, "7", id="digits may follow"),
    pytest.param(int, "The score is 7", id="in a sentence, too"),
    pytest.param(float, "3.1", id="and places"),
    pytest.param(Decimal, "1.5", id="of any number"),
    pytest.param(str, "I came, I s", id="a text"),
    pytest.param(str, 'She said "no"', id="a text that ends in a quotation"),
    pytest.param(str, "[a, b]", id="a text in brackets"),
    pytest.param(date, "2025-01-1", id="a day"),
    pytest.param(list[int], "- 1\n- 2\n- 3", id="bullets"),
    pytest.param(list[dict[str, int]], '{"a": 1}\n{"a": 2}', id="objects in lines"),
    pytest.param(dict[str, int], "a: 1\nb: 2", id="keys and values"),
    pytest.param(Literal["no", "not sure"], "no", id="another value begins with it"),
    pytest.param(Literal[1, 10], "1", id="or another number"),
    pytest.param(Choice("A", "AB"), "A", id="or another option"),
    pytest.param(Template("Score: {score:int}"), "Score: 7", id="a field at the end"),
    pytest.param(Template.lines("{name}: {n:int};"), "a: 1;\nb: 2;", id="records in lines"),
    pytest.param(Pattern(r"x(?P<n>\d+)"), "x7", id="a group at the end"),
]
CLOSED: list[Any] = [
    pytest.param(list[int], "[1, 2]", [1, 2], id="brackets"),
    pytest.param(list[int], "[1, 2,]", [1, 2], id="with a comma too many"),
    pytest.param(dict[str, int], "Here: {'a': 1}", {"a": 1}, id="quoted in another way"),
    pytest.param(date, '"2025-01-15"', date(2025, 1, 15), id="quotation marks"),
    pytest.param(bool, "true", True, id="a truth"),
    pytest.param(Literal["yes", "no"], "yes", "yes", id="one of several values"),
    pytest.param(Literal["only"], "only", "only", id="the one value"),
    pytest.param(Choice("A", "B"), "The answer is A", "A", id="one of several options"),
    pytest.param(GRADE, "7/10", parse("7/10", GRADE).output, id="a text behind the last field"),
]


def asked(target: object, answer: Completion) -> object:
    return ScriptedModel([answer], max_retries=0).generate("Well?", target)


@pytest.mark.parametrize(("target", "text"), OPEN)
def test_a_value_that_may_go_on_behind_the_cut_is_none(target: object, text: str):
    """Half of a number is a number as well: after stop it is taken, after length it never is."""
    asked(target, Completion(text, "stop"))
    with pytest.raises(Truncated):
        asked(target, Completion(text, "length"))


@pytest.mark.parametrize(("target", "text", "output"), CLOSED)
def test_a_value_that_is_closed_is_taken_at_the_cut(target: object, text: str, output: object):
    """Nothing behind it could make it another one."""
    assert asked(target, Completion(text, "length")) == output


def test_a_cut_number_gets_more_room():
    """It is asked for again with twice the tokens, as any cut answer."""
    model = ScriptedModel([Completion("7", "length"), Completion("72")], max_tokens=1)
    assert model.generate("How many?", int) == 72
    assert [request.parameters["max_tokens"] for request in model.requests] == [1, 2]
