"""Cassettes: a whole story is recorded, and comes again as it was without a call."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from deterministic_llm import (
    Attempt,
    Budget,
    Cache,
    CallFailure,
    Cassette,
    Completion,
    ConfigurationError,
    DeadlineExceeded,
    EnforcementError,
    RecordError,
    ReplayError,
    Result,
    Turn,
    Usage,
    enforce,
    judge,
)
from deterministic_llm._core.attempts import Answered
from deterministic_llm._core.secrecy import keys_in
from deterministic_llm.testing import Answer, ScriptedModel

BUSY = CallFailure("busy", "rate_limited", status=429, retry_after=0.0, seconds=0.5)


class Grade(BaseModel):
    """What is asked for."""

    score: int


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


def story(model: ScriptedModel, **options: object) -> Result[Grade] | EnforcementError:
    try:
        return model.run("Grade: a", Grade, **options)
    except EnforcementError as error:
        return error


def told(attempts: Iterable[Attempt[object]]) -> list[object]:
    """The attempts, wherever they are from."""
    return [
        replace(each, completion=replace(each.completion, origin="call"))
        if isinstance(each, Answered)
        else replace(each, failure=replace(each.failure, origin="call"))
        for each in attempts
    ]


SCRIPTS = [
    pytest.param(['{"score": 9}'], id="a good answer"),
    pytest.param(
        [BUSY, "no", Completion('{"score": 9}', usage=Usage(9, 3), model="m", seconds=1.5)],
        id="a busy server, a re-ask, and an answer with its figures",
    ),
    pytest.param(["no", "no", "no"], id="the same wrong answer"),
    pytest.param([CallFailure("no", "unauthorized", status=401)], id="a failure for good"),
    pytest.param([Completion(None, "refusal", "I will not.")], id="a refusal"),
    pytest.param(["1", "2", "3", "4"], id="a budget that is used up"),
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_story_comes_again_as_it_was(path: Path, script: list[Answer]):
    """Failures, figures and error included."""
    with Cassette(path) as recording:
        recorded = story(ScriptedModel(script), budget=Budget(calls=3), max_retries=5)
    with Cassette(path) as playing:
        played = story(ScriptedModel([]), budget=Budget(calls=0), max_retries=5)
    assert (recording.replays, playing.replays) == (False, True)
    assert type(played) is type(recorded)
    assert told(played.attempts) == told(recorded.attempts)
    assert {attempt.origin for attempt in played.attempts} == {"cassette"}
    if isinstance(played, Result) and isinstance(recorded, Result):
        assert played.output == recorded.output
        assert (played.usage, played.cost) == (recorded.usage, recorded.cost)
        assert (recorded.determinism, played.determinism) == ("shape", "replay")


def test_waiting_is_told_and_not_done(path: Path):
    """A server that asked for 3,000 seconds: played at once, and the deadline knows of them."""
    with Cassette(path):
        story(ScriptedModel([BUSY, '{"score": 9}']))
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    lines[1]["failure"]["retry_after"], lines[2]["ended"] = 3000.0, 3020.0
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    with Cassette(path, mode="replay"):
        blocking = ScriptedModel([]).run("Grade: a", Grade, timeout=4000)
    with Cassette(path, mode="replay"):
        awaited = asyncio.run(ScriptedModel([]).arun("Grade: a", Grade, timeout=4000))
    for result in (blocking, awaited):
        assert result.attempts[1].ended == 3020.0
        assert "after waiting 30" in result.explain()
    with Cassette(path, mode="replay"), pytest.raises(DeadlineExceeded):
        ScriptedModel([]).run("Grade: a", Grade, timeout=2000)


def test_functions_judges_threads_and_loops_are_on_the_same_cassette(path: Path):
    """One function is told by its name, whatever became of its code."""
    ruling = '{"reason": "it is", "ok": true}'

    def stories(calls: list[str], judged: ScriptedModel) -> list[object]:
        @enforce(int, validators=[judge("must be kind", judged)])
        def score(turn: Turn, essay: str, client: object) -> str:
            del client
            calls.append(essay)
            return f"{len(essay)}" if turn.number > 1 else "no"

        @enforce(int)
        async def ascore(essay: str) -> str:
            calls.append(essay)
            return "7"

        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda essay: score(essay, object()), ["a", "bb", "ccc"]))
        return [*results, asyncio.run(ascore("a"))]

    calls: list[str] = []
    with Cassette(path):
        recorded = stories(calls, ScriptedModel([ruling] * 3))
    assert (recorded, len(calls)) == ([1, 2, 3, 7], 7)
    with Cassette(path):
        assert stories(calls, ScriptedModel([])) == recorded
    assert len(calls) == 7


def test_a_cassette_stands_before_a_cache(path: Path):
    """What came from the cache is recorded like any answer; playing needs no cache."""
    cache = path.with_name("answers.sqlite")
    llm = ScriptedModel(["9"], cache=cache)
    with Cache(cache):
        llm.generate("?", int)
    with Cassette(path):
        assert llm.run("?", int).determinism == "replay"
    with Cassette(path):
        result = ScriptedModel([], cache=path.with_name("other.sqlite")).run("?", int)
    assert (result.output, result.attempts[0].origin) == (9, "cassette")
    assert not path.with_name("other.sqlite").exists()


MODES = [
    ("off", False, ["1"], False),
    ("off", True, ["1"], True),
    ("record", False, ["1"], True),
    ("record", True, ["1"], True),
    ("once", False, ["1"], True),
    ("once", True, [], True),
    ("replay", True, [], True),
]


@pytest.mark.parametrize(("mode", "there", "answers", "after"), MODES)
def test_a_mode_says_when_calls_are_made(
    path: Path, *, mode: str, there: bool, answers: list[Answer], after: bool
):
    if there:
        with Cassette(path):
            ScriptedModel(["0"]).generate("?", int)
    before = path.read_bytes() if there else b""
    model = ScriptedModel(answers)
    with Cassette(path, mode=mode):  # type: ignore[arg-type]
        output = model.generate("?", int)
    assert (output, len(model.requests), path.exists()) == (len(answers), len(answers), after)
    assert (path.read_bytes() if after else b"") == before or mode in {"record", "once"}


def test_a_block_without_calls_leaves_no_file(path: Path):
    with Cassette(path) as cassette:
        pass
    assert not path.exists()
    assert cassette.takes == ()


def test_the_innermost_cassette_is_the_one_that_counts(path: Path):
    with Cassette(path) as outer, Cassette(path.with_name("inner.jsonl")) as inner:
        ScriptedModel(["1"]).generate("?", int)
    assert (len(outer.takes), len(inner.takes)) == (0, 1)


def test_a_miss_shows_what_differs_from_the_nearest(path: Path):
    with Cassette(path):
        ScriptedModel(["1"]).generate("Weather in Rome?", str)
        ScriptedModel(["9"], temperature=0).generate("Grade this.\nOf the sea.\nThe end.", int)
    with Cassette(path), pytest.raises(ReplayError) as caught:
        ScriptedModel([], temperature=1).generate("Grade this.\nOf the lake.\nThe end.", int)
    changes = [line for line in str(caught.value).splitlines() if line[:2] in {"- ", "+ "}]
    assert changes == [
        '-        "Of the sea.",',
        '+        "Of the lake.",',
        '-    "temperature": 0',
        '+    "temperature": 1',
    ]
    assert str(caught.value).startswith(
        f"{path}: no such call is recorded; the nearest differs so:"
    )
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


def test_a_call_that_is_made_once_more_is_a_miss(path: Path):
    with Cassette(path):
        ScriptedModel(["1"]).generate("?", int)
    with Cassette(path):
        ScriptedModel([]).generate("?", int)
        with pytest.raises(ReplayError, match="was recorded once and is made once more"):
            ScriptedModel([]).generate("?", int)
    path.write_text('{"cassette": 1}\n', "utf-8")
    with Cassette(path, mode="replay"), pytest.raises(ReplayError, match="nothing is recorded"):
        ScriptedModel([]).generate("?", int)


KEY = "sk-proj-abc123def456ghi789"


def test_no_key_is_written(path: Path):
    """Of parameters, headers, arguments and texts; and it is found again with another key."""

    def stories(key: str) -> list[object]:
        @enforce(str)
        def own(essay: str, api_key: str) -> str:
            return f"{essay} by {api_key}"

        llm = ScriptedModel(
            [CallFailure(f"wrong key {key}", "overloaded", retry_after=0.0), f"Key {key}!"],
            headers={"Authorization": f"Bearer {key}"},
            extra_body={"api_key": key, "top_k": 3},
        )
        return [
            llm.generate(f"Repeat {key}", str),
            own("Hi", key),
            own(f"Bearer {key}", api_key=""),
        ]

    with Cassette(path):
        stories(KEY)
    assert KEY not in path.read_text("utf-8")
    assert "abc123def456" not in path.read_text("utf-8")
    with Cassette(path):
        assert stories("sk-proj-another0key0of0mine") == [
            "Key [hidden]!",
            "Hi by [hidden]",
            "[hidden] by",
        ]


def test_no_key_is_written_that_an_argument_is_called_by(path: Path):
    @enforce(str)
    def own(essays: dict[str, str]) -> str:
        return essays[KEY]

    with Cassette(path):
        own({KEY: "Hi"})
    assert KEY not in path.read_text("utf-8")
    with Cassette(path):
        assert own({KEY: "Hi"}) == "Hi"


@pytest.mark.parametrize(
    "text",
    [
        "sk-ant-api03-AbCdEf0123456789",
        "Bearer abcdefgh12345678",
        "bearer AbC.dEf_123-456789",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "hf_abcdefghijklmnopqrstuvwxyz012345",
        "xoxb-123456789012-abcdefgh",
        "sk_live_abcdefghijklmnop",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefgh_-12",
    ],
)
def test_a_key_is_known_by_its_form(text: str):
    assert keys_in(f"see: {text}, please") == {text}


@pytest.mark.parametrize(
    "text",
    [
        "the bearer of responsibilities",
        "basic structures2023",
        "a task-oriented-approach-number-1",
        "sk-learn",
        "the Akita, a dog",
    ],
)
def test_words_are_no_keys(text: str):
    assert keys_in(text) == set()


def test_a_word_is_not_taken_for_a_secret(path: Path):
    """Hiding it would give another answer when it is played."""
    with Cassette(path):
        ScriptedModel(["a string"], headers={"X-Kind": "string"}).generate("?", str)
    with Cassette(path):
        assert ScriptedModel([]).generate("?", str) == "a string"


BROKEN = [
    ("", "calls.jsonl:1: expected"),
    ('{"cassette": 2}\n', "calls.jsonl:1: expected"),
    ('{"cassette": 1}\nno\n', "calls.jsonl:2: is no JSON"),
    ('{"cassette": 1}\n[]\n', "calls.jsonl:2: expected an object"),
    ('{"cassette": 1}\n{"asked": 1}\n', "calls.jsonl:2: expected a recorded call"),
    ('{"cassette": 1}\n{"asked": {}, "ended": 1}\n', "calls.jsonl:2 failure: expected an object"),
    (
        '{"cassette": 1}\n{"asked": {}, "ended": 1, "completion": {}}\n',
        "calls.jsonl:2 completion.text: is missing",
    ),
]


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_a_file_that_is_no_cassette_is_told(path: Path, text: str, said: str):
    path.write_text(text, "utf-8")
    with pytest.raises(RecordError) as caught, Cassette(path):
        pass
    assert said in str(caught.value)


def test_a_file_that_is_no_text_is_told_and_can_be_recorded_over(path: Path):
    path.write_bytes(b"\xff\x00")
    with pytest.raises(RecordError, match=r"calls\.jsonl: is not UTF-8 at byte 0"), Cassette(path):
        pass
    with Cassette(path, mode="record"):
        ScriptedModel(["1"]).generate("?", int)
    with Cassette(path):
        assert ScriptedModel([]).generate("?", int) == 1


def test_what_cannot_be_replayed_is_told_at_once(path: Path):
    with (
        pytest.raises(ConfigurationError, match="no cassette to replay"),
        Cassette(path, mode="replay"),
    ):
        pass
    with pytest.raises(ConfigurationError, match="mode='never': expected one of off, record, once"):
        Cassette(path, mode="never")  # type: ignore[arg-type]


def test_texts_of_all_kinds_come_back(path: Path):
    """Half a surrogate pair, line ends of other systems, and what is no ASCII."""
    said = "é\u2028x\x85 \ud800 \r\n\t\x00"
    with Cassette(path):
        ScriptedModel([Completion(said)], max_retries=0).run("é?", str, on_exhausted="return_none")
    with Cassette(path):
        played = ScriptedModel([], max_retries=0).run("é?", str, on_exhausted="return_none")
    assert played.attempts[0].text == said


def test_calls_of_many_threads_are_all_recorded(path: Path):
    barrier = threading.Barrier(8)

    def ask(number: int) -> int:
        barrier.wait(5)
        return ScriptedModel([str(number)]).generate(f"question {number}", int)

    with Cassette(path), ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == [*range(8)]
    with Cassette(path):
        assert [ScriptedModel([]).generate(f"question {n}", int) for n in range(8)] == [*range(8)]
