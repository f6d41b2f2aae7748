"""Pinning: what was really taken, who really answered, and levels that are never claimed."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest
from loopback import Reply, serving

from deterministic_llm import (
    Completion,
    ConfigurationError,
    DriftError,
    Model,
    enforce,
)
from deterministic_llm.testing import Cassette, ScriptedModel

COLD: Mapping[str, object] = {"seed": 7, "temperature": 0}


def level(*answers: str | Completion, **options: object) -> str | None:
    return ScriptedModel(answers).run("?", int, **options).determinism  # type: ignore[call-overload, no-any-return]


LEVELS: Mapping[str, tuple[str, tuple[str | Completion, ...], Mapping[str, object]]] = {
    "a seed and no temperature": ("pinned", ("9",), COLD),
    "also with a re-ask that had them too": ("pinned", ("nine or so", "9"), COLD),
    "in more body": ("pinned", ("9",), {"extra_body": COLD}),
    "several votes that agree": ("consensus", ("9", "9", "9"), {**COLD, "votes": 3}),
    "not without a seed": ("shape", ("9",), {"temperature": 0}),
    "not without a temperature": ("shape", ("9",), {"seed": 7}),
    "not at another temperature": ("shape", ("9",), {"seed": 7, "temperature": 0.7}),
    "not where the body says otherwise": (
        "shape",
        ("9",),
        {**COLD, "extra_body": {"temperature": 1}},
    ),
    "not with what is no temperature": (
        "shape",
        ("9",),
        {**COLD, "extra_body": {"temperature": False}},
    ),
    "not with what is no seed": ("shape", ("9",), {**COLD, "extra_body": {"seed": True}}),
    "not where an endless answer was shaken out of its rut": (
        "shape",
        (Completion("1 " * 400, "length"), "9"),
        COLD,
    ),
}


@pytest.mark.parametrize("name", LEVELS)
def test_a_level_is_claimed_only_where_it_was_reached(name: str) -> None:
    wanted, answers, options = LEVELS[name]
    assert level(*answers, **options) == wanted


def test_what_on_exhausted_gave_has_no_level() -> None:
    result = ScriptedModel(["x", "x"]).run("?", int, on_exhausted="return_none", **COLD)  # type: ignore[call-overload]
    assert result.determinism is None


def test_a_function_that_makes_its_own_call_is_never_taken_at_its_word() -> None:
    @enforce(int, seed=7)
    def ask() -> str:
        return "9"

    assert ask.run().determinism == "shape"


def test_another_model_that_stepped_in_is_chance() -> None:
    """The first one did not answer this time; it may the next."""
    second = ScriptedModel(["9"], **COLD)  # type: ignore[arg-type]
    result = ScriptedModel(["x", "x"], max_retries=0, **COLD).run("?", int, fallback=[second])  # type: ignore[arg-type]
    assert result.determinism == "shape"


@pytest.mark.parametrize("name", ["seed", "temperature"])
def test_a_setting_that_the_server_refused_is_not_claimed(name: str) -> None:
    error = {"message": f"Unsupported parameter: '{name}'", "param": name}
    error |= {"type": "invalid_request_error", "code": "unsupported_parameter"}
    refused = Reply(status=400, body=json.dumps({"error": error}).encode())
    with serving([refused, Reply("9"), Reply("9")]) as server:
        llm = Model("openai:pinned-no-more", base_url=server.base_url, api_key="key", seed=7)
        results = [llm.run("?", int, temperature=0) for _ in range(2)]
    assert [result.determinism for result in results] == ["shape", "shape"]
    assert [name in result.parameters for result in results] == [False, False]
    assert [name in body for body in server.bodies] == [True, False, False]


def test_a_server_that_takes_both_is_pinned_and_the_result_says_what_it_took() -> None:
    with serving([Reply("9")]) as server:
        llm = Model("openai:gpt-4o", base_url=server.base_url, api_key="key")
        result = llm.run("?", int, seed=7, temperature=0)
    assert (result.determinism, dict(result.parameters)) == ("pinned", COLD)
    assert (server.bodies[0]["seed"], server.bodies[0]["temperature"]) == (7, 0)


def test_a_seed_that_an_interface_has_no_word_for_is_not_claimed() -> None:
    part = {"type": "output_text", "text": "9"}
    body = {"output": [{"type": "message", "content": [part]}], "status": "completed"}
    with serving([Reply(body=json.dumps(body).encode())]) as server:
        llm = Model("openai-responses:gpt-5", base_url=server.base_url, api_key="key")
        result = llm.run("?", int, seed=7, temperature=0)
    assert (result.determinism, dict(result.parameters)) == ("shape", {"temperature": 0})
    assert "seed" not in server.bodies[0]


OLD = Completion("8", model="m-1", fingerprint="fp_a")
NEW = Completion("9", model="m-1", fingerprint="fp_b")


def test_another_system_than_before_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    llm = ScriptedModel([OLD, NEW, NEW], cache=tmp_path / "a.sqlite")
    llm.run("first", int)
    with caplog.at_level(logging.WARNING, "deterministic_llm"):
        drifted = llm.run("second", int, **COLD)  # type: ignore[call-overload]
        again = llm.run("third", int, **COLD)  # type: ignore[call-overload]
    assert [record.getMessage() for record in caplog.records] == [
        "another system answers: m-1 fp_a before, m-1 fp_b now"
    ]
    assert "another system than m-1 fp_a before" in drifted.explain()
    assert (drifted.determinism, again.determinism) == ("shape", "pinned")
    assert llm.run("first", int).output == 8, "what is kept is kept"


def test_the_system_is_known_to_another_program_too(tmp_path: Path) -> None:
    ScriptedModel([OLD]).run("first", int, cache=tmp_path / "a.sqlite")
    (tmp_path / "a.sqlite").rename(tmp_path / "b.sqlite")  # another cache to this process
    for log in ("-wal", "-shm"):
        beside = tmp_path / f"a.sqlite{log}"
        if beside.exists():
            beside.rename(tmp_path / f"b.sqlite{log}")
    with pytest.raises(DriftError):
        ScriptedModel([NEW]).run("second", int, cache=tmp_path / "b.sqlite", on_drift="raise")


def test_with_raise_another_system_is_not_taken_nor_kept(tmp_path: Path) -> None:
    llm = ScriptedModel([OLD, NEW, NEW, OLD], cache=tmp_path / "a.sqlite", on_drift="raise")
    llm.run("first", int)
    for _ in range(2):
        with pytest.raises(DriftError) as caught:
            llm.run("second", int)
    error = caught.value
    assert str(error) == "another system answers than before: m-1 fp_a before, m-1 fp_b now"
    assert error.attempts[-1].text == "9"
    for copied in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):  # noqa: S301  # our own
        assert (str(copied), copied.before) == (str(error), "m-1 fp_a")
    assert llm.run("second", int).output == 8


def test_with_refresh_what_a_former_system_answered_is_asked_again(tmp_path: Path) -> None:
    llm = ScriptedModel([OLD, NEW, NEW], cache=tmp_path / "a.sqlite", on_drift="refresh")
    assert llm.run("first", int).output == 8
    assert llm.run("second", int).output == 9
    refreshed = [llm.run("first", int) for _ in range(2)]
    assert [(each.output, each.determinism) for each in refreshed] == [(9, "shape"), (9, "replay")]


def test_a_server_that_names_no_system_is_not_suspected(tmp_path: Path) -> None:
    llm = ScriptedModel([OLD, "9", OLD], cache=tmp_path / "a.sqlite", on_drift="raise")
    assert [llm.run(each, int).output for each in "abc"] == [8, 9, 8]


def test_two_models_are_two_systems(tmp_path: Path) -> None:
    cache = tmp_path / "a.sqlite"
    with serving([Reply("9")]) as server:
        for name in ("openai:one", "openai:two"):
            llm = Model(name, base_url=server.base_url, api_key="key", on_drift="raise")
            llm.run("?", int, cache=cache)
    ScriptedModel([NEW]).run("?", int, cache=cache, on_drift="raise")


def test_a_cassette_recorded_anew_is_compared_with_what_it_held(tmp_path: Path) -> None:
    file = tmp_path / "grade.jsonl"
    with Cassette(file):
        ScriptedModel([OLD]).run("?", int)
    with Cassette(file, mode="record"), pytest.raises(DriftError):
        ScriptedModel([NEW]).run("?", int, on_drift="raise")
    with Cassette(file):
        assert ScriptedModel([]).run("?", int, on_drift="raise").output == 9, "no drift is replayed"


def test_an_unreadable_cassette_is_recorded_anew_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "grade.jsonl"
    file.write_text("not a cassette", "utf-8")
    with Cassette(file, mode="record"):
        assert ScriptedModel([NEW]).run("?", int).output == 9


def test_a_drift_is_in_the_record_of_a_run(tmp_path: Path) -> None:
    llm = ScriptedModel([OLD, NEW], cache=tmp_path / "a.sqlite")
    llm.run("first", int)
    record = llm.run("second", int).to_json()
    assert json.loads(record)["attempts"][0]["completion"]["drift"] == "m-1 fp_a"
    assert ScriptedModel([]).run("second", int, resume=record).output == 9


def test_an_unknown_answer_to_drift_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'warn', 'raise' or 'refresh'"):
        ScriptedModel(["9"]).run("?", int, on_drift="panic")  # type: ignore[call-overload]
