"""A text in the one member of an object: what is asked for, and how it comes out again."""

from __future__ import annotations

import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm import (
    Choice,
    Completion,
    EnforcementError,
    FieldClosed,
    Model,
    Template,
)
from deterministic_llm._core.contract import ladder
from deterministic_llm._core.exchange import Abilities
from deterministic_llm._core.schema.envelopes import Envelope, opened
from deterministic_llm.targets import compiled
from deterministic_llm.testing import ScriptedModel

HOSTED = Abilities(("native", "tool", "json"), shows_schema=True, dialect="openai")
FEELING = Choice("good", "bad")
GRADE = Template("Score: {score:int}/10 – {comment}")


def test_a_choice_is_a_member_of_few_values():
    first, *weaker = ladder(compiled(FEELING), "auto", HOSTED)
    assert (first.mode, first.strict) == ("native", True)
    assert [each.mode for each in weaker] == ["prompt"]
    assert first.schema == {
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": ["good", "bad"]}},
        "required": ["answer"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("abilities", "modes"),
    [
        (Abilities(("native", "grammar")), ["grammar", "native", "prompt"]),
        (Abilities(("native", "json"), dialect="mistral"), ["prompt"]),
        (Abilities(("tool", "json")), ["prompt"]),
    ],
    ids=["a grammar is stronger", "no patterns there", "no schemas there"],
)
def test_a_template_is_held_by_what_can_hold_it(abilities: Abilities, modes: list[str]):
    assert [each.mode for each in ladder(compiled(GRADE), "auto", abilities)] == modes


TEXTS = [
    pytest.param('{"answer": "good"}', "good", id="the text"),
    pytest.param(' {\n "answer" : "a\\n\\u00e9\\ud83d\\ude00\\"" }\n', 'a\né😀"', id="escapes"),
    pytest.param('{"answer": "1', '{"answer": "1', id="a cut one, whose text may go on"),
    pytest.param('{"answer": "go"', "go", id="one that is not closed after its text"),
    pytest.param("good", "good", id="no envelope"),
    pytest.param('{"other": "good"}', '{"other": "good"}', id="another member"),
    pytest.param('{"answer": 7}', '{"answer": 7}', id="no text"),
    pytest.param(
        '{"answer": "good"} or {"answer": "bad"}',
        '{"answer": "good"} or {"answer": "bad"}',
        id="two of them are none",
    ),
    pytest.param(
        '{"answer": "good", "answer": "bad"}',
        '{"answer": "good", "answer": "bad"}',
        id="nor is one with two members",
    ),
]


@pytest.mark.parametrize(("answer", "text"), TEXTS)
def test_what_is_no_envelope_stays_as_it_is(answer: str, text: str):
    assert opened(answer) == text


@given(st.text(), st.booleans(), st.integers(1, 5))
def test_a_text_comes_out_as_it_went_in(text: str, in_ascii: bool, size: int):  # noqa: FBT001
    """Whole and in pieces, however they are cut."""
    answer = json.dumps({"answer": text}, ensure_ascii=in_ascii)
    assert opened(answer) == text
    envelope = Envelope()
    pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
    assert "".join(map(envelope.feed, pieces)) == text


@given(st.text())
def test_any_text_is_taken_in_pieces_as_it_is_whole(text: str):
    """What is no envelope comes out once that is known."""
    envelope = Envelope()
    said = "".join(map(envelope.feed, text))
    assert said == text or envelope.is_open or '{"answer":"'.startswith("".join(text.split()))


ENVELOPED = '{"answer": "Score: 7/10 \\u2013 Well \\"told\\""}'


@pytest.mark.parametrize("said", [ENVELOPED, 'Score: 7/10 – Well "told"'])
def test_a_held_text_is_read_and_streamed_like_any_other(said: str):
    """A server that ignores the schema answers with the text alone."""
    result = ScriptedModel([said], abilities=HOSTED).run("?", GRADE)
    record = result.output
    assert (result.mode, record.score, record.comment) == ("native", 7, 'Well "told"')
    with ScriptedModel([said], abilities=HOSTED).stream("?", GRADE) as events:
        closed = [each.path for each in events if isinstance(each, FieldClosed)]
        assert (closed, events.result.output) == (["$.score", "$.comment"], result.output)


def test_a_wrong_one_is_asked_for_again():
    """In the words of the form."""
    script = [Completion('{"answer": "fair"}'), Completion('{"answer": "bad"}')]
    model: Model = ScriptedModel(script, abilities=HOSTED)
    result = model.run("?", FEELING)
    assert (result.output, len(result.attempts)) == ("bad", 2)
    assert '"fair"' in result.attempts[1].request.feedback


@pytest.mark.parametrize("finish", ["stop", "length"])
@pytest.mark.parametrize(
    "answer",
    ['{"answer": "1', '{"answer": "1", "answer": "11"}', '{"answer": "1"} {"answer": "11"}'],
)
def test_half_an_answer_or_one_of_two_is_no_output(answer: str, finish: Literal["stop", "length"]):
    """With "1" and "11" to choose from, each of these has a "1" in it."""
    said = Completion(answer, finish)
    model = ScriptedModel([said], abilities=Abilities(("native",)), max_retries=0)
    with pytest.raises(EnforcementError):
        model.run("Which?", Choice("1", "11"))
