"""How sure an output is: from the tokens of its answer, from votes, or not known, and why."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from math import exp, log
from pathlib import Path
from typing import Annotated, Literal

import pytest
from loopback import Reply, serving
from pydantic import BaseModel, Field

from deterministic_llm import (
    Choice,
    Completion,
    Evidence,
    Model,
    Result,
    Template,
    Token,
    enforce,
    letters,
    validator,
)
from deterministic_llm.testing import Cassette, ScriptedModel

Score = Annotated[int, Field(ge=0, le=10)]


class Grade(BaseModel):
    """What is asked for."""

    reason: str
    score: Score
    passed: bool | None = None


def said(*tokens: str | tuple[str, float, dict[str, float]]) -> Completion:
    """An answer in these tokens; those that are only a text were sure."""
    listed = tuple(
        Token(each, 0.0)
        if isinstance(each, str)
        else Token(each[0], log(each[1]), tuple((text, log(p)) for text, p in each[2].items()))
        for each in tokens
    )
    return Completion("".join(token.text for token in listed), tokens=listed)


GOOD = said(
    '{"reason":"', ("Clear", 0.5, {}), ("ly", 0.5, {}), '","score":',
    ("8", 0.6, {"9": 0.3, "7": 0.06}), ',"passed":', ("true", 0.9, {"false": 0.08}), "}",
)  # fmt: skip


def run(*answers: Completion | str, **options: object) -> Result[Grade]:
    return ScriptedModel(answers).run("Grade: ...", Grade, confidence=True, **options)  # type: ignore[call-overload, no-any-return]


def known(result: Result[object]) -> dict[str, Evidence]:
    assert result.confidence is not None
    return dict(result.confidence)


def test_nobody_is_asked_for_confidence_unless_it_is_wanted() -> None:
    llm = ScriptedModel([GOOD])
    assert llm.run("Grade: ...", Grade).confidence is None
    assert "logprobs" not in llm.requests[0].parameters


def test_each_field_has_the_probability_that_its_tokens_give_it() -> None:
    sure = known(run(GOOD))
    assert list(sure) == ["$.reason", "$.score", "$.passed"]
    score = sure["$.score"]
    assert (score.source, score.value, score.mode) == ("logprobs", 8, 8)
    assert score.mass == pytest.approx(0.96)
    assert score.mean == pytest.approx((8 * 0.6 + 9 * 0.3 + 7 * 0.06) / 0.96)
    assert score.probability == pytest.approx(0.6 / 0.96)
    assert sure["$.passed"].distribution == {
        False: pytest.approx(0.08 / 0.98),
        True: pytest.approx(0.9 / 0.98),
        None: 0.0,
    }
    reason = sure["$.reason"]
    assert (reason.tokens, reason.distribution) == (4, {})
    assert reason.probability == pytest.approx(0.25)
    assert reason.typical == pytest.approx(0.25 ** (1 / 4))


def test_the_tokens_are_asked_for_and_what_the_caller_says_of_them_wins() -> None:
    llm = ScriptedModel([GOOD, GOOD])
    llm.run("Grade: ...", Grade, confidence=True)
    llm.run("Grade: ...", Grade, confidence=True, extra_body={}, top_logprobs=5)  # type: ignore[call-overload]
    asked = [request.parameters for request in llm.requests]
    assert [each["logprobs"] for each in asked] == [True, True]
    assert [each["top_logprobs"] for each in asked] == [20, 5]


def test_a_fence_and_prose_around_the_answer_move_nothing() -> None:
    before, score = 'Here 🎉:\n```json\n{"reason":"x","score":', ("8", 0.6, {"9": 0.4})
    answer = said(before, score, ',"passed":null}', "\n```")
    sure = known(run(answer))
    assert sure["$.score"].distribution[9] == pytest.approx(0.4)
    assert sure["$.passed"].probability == 1.0


def test_an_envelope_is_looked_into() -> None:
    answer = said('{"grade":{"reason":"x","score":', ("8", 0.6, {"9": 0.4}), "}}")
    assert known(run(answer))["$.score"].probability == pytest.approx(0.6)


def test_what_does_not_stand_in_the_answer_has_no_figure_and_says_why() -> None:
    answer = said('{"reason":"x","score":', ("8", 0.6, {"9": 0.4}), "}")
    passed = known(run(answer))["$.passed"]
    assert passed == Evidence(None, reason="the value does not stand in the text as it is")


def test_a_number_in_quotes_is_still_that_number() -> None:
    answer = said('{"reason":"x","score":"', ("8", 0.6, {"9": 0.4}), '"}')
    assert known(run(answer))["$.score"].probability == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"reason":"x","score":8}', "the answer came without the probabilities of its tokens"),
        (
            Completion('{"reason":"x","score":8}', tokens=(Token("{}", 0.0),)),
            "the tokens do not say the text that was read",
        ),
    ],
)
def test_without_tokens_nobody_knows(answer: Completion | str, reason: str) -> None:
    assert known(run(answer))["$.score"] == Evidence(8, reason=reason)


LOST = said('{"reason":"x","score":', ("8", 0.3, {"8.5": 0.6}), "}")


def test_a_mass_under_a_half_is_not_known_without_votes() -> None:
    score = known(run(LOST))["$.score"]
    assert (score.source, score.probability, score.distribution) == (None, None, {})
    assert score.reason == "the legal values have 30% of the probability"
    assert score.flagged


def test_a_mass_under_a_half_falls_back_to_votes() -> None:
    other = '{"reason":"x","score":7}'
    score = known(run(LOST, LOST, other, votes=3))["$.score"]
    assert score.source == "votes"
    assert score.distribution[8] == pytest.approx(2.5 / 8.5)


def test_the_distributions_of_votes_are_averaged() -> None:
    other = said('{"reason":"x","score":', ("7", 0.5, {"8": 0.5}), "}")
    first = said('{"reason":"x","score":', ("8", 0.9, {"7": 0.1}), "}")
    result = run(first, other, first, votes=3)
    score = known(result)["$.score"]
    assert (score.source, score.value) == ("logprobs", result.output.score)
    assert score.distribution[8] == pytest.approx((0.9 + 0.5 + 0.9) / 3)
    assert known(result)["$.reason"] == Evidence("x", "votes", 1.0)


def test_a_vote_that_failed_is_missing_and_no_answer() -> None:
    """A reply that cannot be read is never the worst grade."""
    good = '{"reason":"x","score":8}'
    result = run(good, "no idea", "no idea", "no idea", good, votes=3)
    score = known(result)["$.score"]
    assert result.votes is not None
    assert result.votes.failed == 1
    assert score.distribution[8] == pytest.approx(2.5 / 7.5)
    assert score.distribution[0] == pytest.approx(0.5 / 7.5)


def test_a_member_that_was_asked_for_alone_has_the_tokens_of_its_own_answer() -> None:
    first = said('{"reason":"', ("ok", 0.7, {}), '","score":', ("80", 0.9, {}), "}")
    second = said('{"score":', ("8", 0.6, {"9": 0.4}), "}")
    result = run(first, second)
    sure = known(result)
    assert sure["$.score"].probability == pytest.approx(0.6)
    assert sure["$.reason"].probability == pytest.approx(0.7)


def test_what_a_validator_mended_is_not_what_the_tokens_say() -> None:
    def lowered(grade: Grade) -> Grade:
        return grade.model_copy(update={"score": min(grade.score, 5)})

    def strict(grade: Grade) -> None:
        if grade.score > 5:
            message = "too good"
            raise ValueError(message)

    result = run(GOOD, validators=[validator(strict, fix=lowered)])
    assert result.output.score == 5
    assert known(result)["$.score"].source is None
    assert known(result)["$.passed"].source == "logprobs"


def confidence(target: object, *answers: Completion, **options: object) -> dict[str, Evidence]:
    llm = ScriptedModel(answers)
    return known(llm.run("?", target, confidence=True, **options))  # type: ignore[call-overload]


def test_a_template_of_one_score_is_a_score_question() -> None:
    target = Template("Essay score: {score}/10", score=Score)
    sure = confidence(target, said("Essay score: ", ("10", 0.7, {"9": 0.2}), "/10"))
    assert sure["$.score"].mean == pytest.approx((7 + 1.8) / 0.9)


def test_a_bare_word_of_a_choice() -> None:
    answer = said(("yes", 0.7, {"no": 0.2, " no": 0.1}))
    assert confidence(Choice("yes", "no"), answer)["$"].probability == pytest.approx(0.7)
    assert confidence(Literal["yes", "no"], answer)["$"].probability == pytest.approx(0.7)


def test_a_number_named_in_a_sentence() -> None:
    sure = confidence(Score, said("Score", ":", (" 8", 0.7, {" 9": 0.3})))
    assert sure["$"].mean == pytest.approx(8.3)


def test_records_a_line_each() -> None:
    target = Template.lines("{name}: {score}", name=str, score=Score)
    answer = said("Ann: ", ("8", 0.5, {"9": 0.5}), "\nBo: ", ("8", 0.9, {"7": 0.1}))
    sure = confidence(target, answer)
    assert sure["$[0].score"].mean == pytest.approx(8.5)
    assert sure["$[1].score"].mean == pytest.approx(7.9)


def test_letters_are_mapped_back_to_scores() -> None:
    labels = letters(range(11))
    answer = said('"', ("H", 0.75, {"I": 0.25}), '"')
    sure = confidence(Literal["A", "H", "I"], answer)["$"].mapped(labels)
    assert (sure.value, sure.mean) == (7, pytest.approx(7.25))


def test_a_stream_is_as_sure_as_a_whole_answer() -> None:
    llm = ScriptedModel([GOOD, GOOD])
    with llm.stream("Grade: ...", Grade, confidence=True) as events:
        for _ in events:
            pass
    assert events.result.confidence == known(run(GOOD))


def test_an_awaited_run_is_as_sure() -> None:
    result = asyncio.run(ScriptedModel([GOOD]).arun("Grade: ...", Grade, confidence=True))
    assert result.confidence == known(run(GOOD))


def test_a_cache_and_a_cassette_keep_the_tokens(tmp_path: Path) -> None:
    llm = ScriptedModel([GOOD])
    asked = [
        llm.run("Grade: ...", Grade, confidence=True, cache=tmp_path / "answers.sqlite")
        for _ in range(2)
    ]
    assert (asked[1].determinism, asked[1].confidence) == ("replay", asked[0].confidence)
    for answers in ([GOOD], []):
        with Cassette(tmp_path / "grade.jsonl"):
            played = ScriptedModel(answers).run("Grade: ...", Grade, confidence=True)
        assert played.confidence == asked[0].confidence


def test_a_cassette_drops_tokens_that_spell_a_secret(tmp_path: Path) -> None:
    """A key in pieces would not be found where the text is searched for it."""
    answer = said('"sk-abc', 'def0123456789xyz"')
    file = tmp_path / "leak.jsonl"
    with Cassette(file):
        ScriptedModel([answer]).run("?", str, extra_body={"api_key": "sk-abcdef0123456789xyz"})
    assert "sk-abc" not in file.read_text("utf-8")
    assert "0123456789xyz" not in file.read_text("utf-8")


def test_the_record_of_a_run_does_without_tokens() -> None:
    assert "tokens" not in run(GOOD).to_json()


LISTED = [
    {"token": '{"a":"', "bytes": list(b'{"a":"'), "logprob": 0.0, "top_logprobs": []},
    {"token": "\\xf0\\x9f", "bytes": [0xF0, 0x9F], "logprob": -0.25, "top_logprobs": []},
    {"token": "\\x8e\\x89", "bytes": [0x8E, 0x89], "logprob": -0.5, "top_logprobs": []},
    {"token": '","n":', "logprob": 0.0},
    {
        "token": "8",
        "bytes": [56],
        "logprob": log(0.75),
        "top_logprobs": [
            {"token": "8", "bytes": [56], "logprob": log(0.75)},
            {"token": "9", "bytes": [57], "logprob": log(0.25)},
            {"token": "x", "bytes": [120], "logprob": -9999.0},
        ],
    },
    {"token": "}", "bytes": None, "logprob": -0.0},
]


class Pair(BaseModel):
    """A text and a score."""

    a: str
    n: Score


def chat(listed: Sequence[object]) -> Reply:
    reply = Reply('{"a":"🎉","n":8}')
    body = json.loads(reply.payload())
    body["choices"][0]["logprobs"] = {"content": listed}
    return Reply(body=json.dumps(body).encode())


def test_a_chat_server_is_asked_for_the_tokens_and_its_list_is_read() -> None:
    with serving([chat(LISTED)]) as server:
        llm = Model("openai:gpt-5-mini", base_url=server.base_url, api_key="key")
        result = llm.run("?", Pair, confidence=True)
    assert (server.bodies[0]["logprobs"], server.bodies[0]["top_logprobs"]) == (True, 20)
    sure = known(result)
    assert sure["$.a"].probability == pytest.approx(exp(-0.75))
    assert sure["$.n"].mean == pytest.approx(8.25)


@pytest.mark.parametrize("name", ["logprobs", "top_logprobs"])
def test_a_server_that_tells_no_probabilities_is_asked_without(name: str) -> None:
    error = {"message": f"Unsupported parameter: '{name}'", "param": name}
    error |= {"type": "invalid_request_error", "code": "unsupported_parameter"}
    refused = Reply(status=400, body=json.dumps({"error": error}).encode())
    with serving([refused, Reply('{"a":"x","n":8}')]) as server:
        llm = Model("openai:some-model", base_url=server.base_url, api_key="key")
        result = llm.run("?", Pair, confidence=True)
    assert [name in body for body in server.bodies] == [True, False]
    assert known(result)["$.n"].source is None


def test_a_token_without_a_number_makes_the_list_worthless() -> None:
    with serving([chat([*LISTED[:-1], {"token": "}", "logprob": None}])]) as server:
        llm = Model("openai:gpt-5-mini", base_url=server.base_url, api_key="key")
        result = llm.run("?", Pair, confidence=True)
    assert known(result)["$.n"].source is None


def test_chunks_of_a_stream_bring_their_tokens() -> None:
    events = [
        {"choices": [{"index": 0, "delta": {"content": text}, "logprobs": {"content": [token]}}]}
        for text, token in zip(['{"a":"', "", "🎉", '","n":', "8", "}"], LISTED, strict=True)
    ]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    reply = Reply(body=body.encode(), headers={"content-type": "text/event-stream"})
    with serving([reply]) as server:
        llm = Model("openai:gpt-5-mini", base_url=server.base_url, api_key="key")
        with llm.stream("?", Pair, confidence=True) as stream:
            for _ in stream:
                pass
    sure = known(stream.result)
    assert sure["$.a"].probability == pytest.approx(exp(-0.75))
    assert sure["$.n"].mean == pytest.approx(8.25)


def test_a_responses_answer_brings_its_tokens_by_a_function_of_ones_own() -> None:
    @enforce(Pair, confidence=True)
    def ask() -> object:
        part = {"type": "output_text", "text": '{"a":"🎉","n":8}', "logprobs": LISTED}
        return {"output": [{"type": "message", "content": [part]}], "status": "completed"}

    assert known(ask.run())["$.n"].mean == pytest.approx(8.25)


def test_the_embedded_model_says_what_else_it_might_have_written() -> None:
    """Its probabilities are those before the grammar, which leaves no choice: mass is lost.

    Its tokens are single digits, so that a 1 that was not taken may be 1 or 10.
    """
    llm = Model("local:smollm2-135m", temperature=0, seed=1)
    target = Template("Essay score: {score}/10", score=Score)
    result = llm.run(
        "Grade this essay: I like dogs because they are loyal.", target, confidence=True
    )
    tokens = result.accepted.completion.tokens  # type: ignore[union-attr]
    assert "".join(token.text for token in tokens) == result.raw
    score = known(result)["$.score"]
    assert score.value == result.output.score
    assert score.mass is not None
    assert 0 < score.mass <= 1
    if score.source is not None:
        assert sum(score.distribution.values()) == pytest.approx(1)
        assert score.mean is not None
