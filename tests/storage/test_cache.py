"""The cache: what was answered before is not asked again, and what is kept is whole."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import pickle
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel

from deterministic_llm import (
    Budget,
    Cache,
    CallFailure,
    Completion,
    ConfigurationError,
    Price,
    ProviderError,
    RetriesExhausted,
    Turn,
    Usage,
    attempts_from_json,
    enforce,
    judge,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import JsonObject, Token
from deterministic_llm.storage.caching import cached
from deterministic_llm.storage.database import unusable
from deterministic_llm.storage.keys import described_call
from deterministic_llm.testing import ScriptedModel

BUSY = CallFailure("busy", "rate_limited", retry_after=0.0)
DEAD = CallFailure("no", "bad_request")


class Grade(BaseModel):
    """What is asked for."""

    score: int


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


def test_the_same_question_again_makes_no_call_and_gives_the_same_bytes(path: Path):
    """With a re-ask on the way, and in another program that has only the file."""
    llm = ScriptedModel(["oops", '{"score": 9}'])
    first = llm.run("Grade: a", Grade, cache=path)
    second = llm.run("Grade: a", Grade, cache=path)
    third = asyncio.run(ScriptedModel([]).arun("Grade: a", Grade, cache=Cache(path)))
    assert len(llm.requests) == 2
    assert first.output == second.output == third.output == Grade(score=9)
    assert first.canonical_json() == second.canonical_json() == third.canonical_json()
    told = [
        (each.determinism, [a.origin for a in each.attempts]) for each in (first, second, third)
    ]
    assert told == [("shape", ["call"] * 2), ("replay", ["cache"] * 2), ("replay", ["cache"] * 2)]
    assert [a.text for a in second.attempts] == ["oops", '{"score": 9}']


def test_a_cached_answer_costs_neither_money_nor_budget(path: Path):
    answer = Completion('{"score": 9}', usage=Usage(100, 10), model="m-1", fingerprint="fp")
    llm = ScriptedModel([answer], prices={"scripted": Price(1, 2)}, cache=path)
    purse = Budget(calls=1)
    first = llm.run("Grade: a", Grade, budget=purse)
    second = llm.run("Grade: a", Grade, budget=purse)
    assert (first.cost, first.usage) == (Decimal("0.00012"), Usage(100, 10))
    assert (second.cost, second.usage) == (Decimal(0), Usage())
    attempt = second.attempts[0]
    assert (attempt.model_served, attempt.fingerprint, attempt.sent) == ("m-1", "fp", False)
    assert second.explain() == (
        "1. m-1, from the cache: accepted ($0.0000)\n"
        "accepted after 0 calls and 1 from the cache: $0.0000"
    ).replace(" ($0.0000)", "").replace(": $0.0000", "")
    assert [each.origin for each in attempts_from_json(second.to_json())] == ["cache"]


def test_a_cached_answer_is_read_as_what_is_asked_for_now(path: Path):
    """Where the schema is no part of the question, an answer of old is validated anew."""

    def answered() -> str:
        calls.append(1)
        return '{"score": 9}'

    calls: list[int] = []
    assert enforce(Grade, cache=path)(answered)() == Grade(score=9)
    assert enforce(dict[str, str], cache=path)(answered)() == {"score": "9"}
    with pytest.raises(RetriesExhausted) as caught:
        enforce(list[str], cache=path, max_retries=0)(answered)()
    assert (len(calls), caught.value.attempts[0].origin) == (1, "cache")


def test_only_answers_are_kept(path: Path):
    """Neither a failure nor an answer that the server broke off."""
    cut = Completion('{"score": 1', "aborted")
    llm = ScriptedModel([BUSY, cut, '{"score": 9}', DEAD], cache=path)
    first = llm.run("Grade: a", Grade)
    second = llm.run("Grade: a", Grade)
    assert [a.outcome for a in first.attempts] == ["rate_limited", "aborted", "accepted"]
    assert [a.outcome for a in second.attempts] == ["accepted"]
    for _ in range(2):
        with pytest.raises((ProviderError, AssertionError)):
            llm.run("Grade: b", Grade)
    assert len(llm.requests) == 5


def test_an_answer_to_the_same_question_in_one_run_is_another_sample(path: Path):
    """A function that hears nothing is asked the very same again."""

    def answered(essay: str) -> str:
        calls.append(essay)
        return ["no", "not yet", "3"][len(calls) - 1]

    calls: list[str] = []
    score = enforce(int, cache=path)(answered)
    outputs = [score.run("a").output, score.run("a").output]
    texts = [attempt.text for attempt in score.run("a").attempts]
    assert (outputs, texts, calls) == ([3, 3], ["no", "not yet", "3"], ["a"] * 3)


def test_a_function_with_a_turn_is_asked_anew_when_it_is_told_something_else(path: Path):
    def answered(turn: Turn, essay: str) -> str:
        calls.append(turn.number)
        return "9" if essay == "a" else "[9]"

    calls: list[int] = []
    assert [enforce(int, cache=path)(answered)("a") for _ in range(2)] == [9, 9]
    assert enforce(str, cache=path)(answered)("a") == "9"
    assert enforce(int, cache=path)(answered)("b") == 9
    assert calls == [1, 1, 1]


def test_async_functions_and_fallbacks_are_kept_as_well(path: Path):
    async def first(essay: str) -> str:
        calls.append(f"first {essay}")
        return "no"

    async def second(essay: str) -> str:
        calls.append(f"second {essay}")
        return "7"

    calls: list[str] = []
    score = enforce(int, cache=path, fallback=[second], max_retries=0)(first)

    async def twice() -> list[int]:
        return [await score("a"), await score("a")]

    assert (asyncio.run(twice()), calls) == ([7, 7], ["first a", "second a"])


def test_key_says_which_part_of_the_arguments_decides(path: Path):
    class Grader:
        @enforce(int, cache=path, key=lambda _, essay: essay.strip())
        def grade(self, essay: str) -> str:
            """Its own call."""
            calls.append(essay)
            return "9"

    calls: list[str] = []
    assert [Grader().grade("a"), Grader().grade("a "), Grader().grade("b")] == [9, 9, 9]
    assert calls == ["a", "b"]


def test_what_no_key_can_be_made_of_is_told_before_a_call(path: Path):
    @enforce(int, cache=path)
    def grade(store: object) -> str:
        raise AssertionError(store)

    with pytest.raises(ConfigurationError, match="argument 'store' is of the type object"):
        grade(object())
    with pytest.raises(ConfigurationError, match="a prompt is its own key"):
        ScriptedModel(["9"]).run("?", int, cache=path, key=len)


def test_a_judge_has_a_cache_of_its_own(path: Path):
    ruling = '{"reason": "it is", "ok": true}'
    llm = ScriptedModel(["9"], cache=path)
    paid = judge("must be kind", ScriptedModel([ruling, ruling]))
    free = judge("must be kind", ScriptedModel([ruling]), cache=path)
    runs = [llm.run("?", int, validators=[each]) for each in (paid, paid, free, free)]
    assert [run.determinism for run in runs] == ["shape", "shape", "shape", "replay"]


def test_a_call_may_do_without_the_cache_of_its_model(path: Path):
    llm = ScriptedModel(["1", "2"], cache=path)
    assert [llm.generate("?", int), llm.generate("?", int, cache=False)] == [1, 2]
    with pytest.raises(ConfigurationError, match="cache=: expected True, a path or a Cache, got"):
        llm.generate("?", int, cache=7)  # type: ignore[call-overload]


def test_what_on_exhausted_gave_keeps_no_promise(path: Path):
    llm = ScriptedModel(["no"], cache=path, max_retries=0)
    for _ in range(2):
        result = llm.run("?", int, on_exhausted="return_none")
        assert (result.output, result.determinism) == (None, None)


def test_the_file_belongs_to_its_owner_alone(path: Path):
    """The log files of SQLite, too."""
    with Cache(path.parent / "new" / "answers.sqlite") as cache:
        cache.keep("k", Completion("9"))
        modes = {
            each.name: stat.S_IMODE(each.stat().st_mode) for each in cache.path.parent.iterdir()
        }
    assert set(modes.values()) == {0o600}
    assert "answers.sqlite-wal" in modes


def test_true_is_the_users_own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    llm = ScriptedModel(["9"], cache=True)
    assert [llm.generate("?", int), llm.generate("?", int)] == [9, 9]
    assert Cache().path == tmp_path / "deterministic-llm/answers.sqlite"
    assert Cache().stats().answers == {None: 1}


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


def test_an_old_answer_is_asked_for_again_and_replaced(path: Path):
    clock = Clock()
    with Cache(path, max_age=60, clock=clock) as cache:
        llm = ScriptedModel(["1", "2"], cache=cache)
        outputs = []
        for clock.now in (1000.0, 1060.0, 1061.0, 1100.0):
            outputs.append(llm.generate("?", int))
        assert outputs == [1, 1, 2, 2]
        assert (cache.stats().oldest, cache.stats().newest) == (1061.0, 1061.0)


def test_the_first_answer_stays(path: Path):
    """Two processes that asked at once: who comes later is told the same as all others."""
    with Cache(path) as one, Cache(path) as other:
        one.keep("k", Completion("1"))
        other.keep("k", Completion("2"))
        assert one.find("k") == other.find("k") == Completion("1")


def test_the_oldest_answers_go_when_there_is_no_room(path: Path):
    clock = Clock()
    with Cache(path, max_bytes=200_000, clock=clock) as cache:
        for number in range(400):
            clock.now += 1
            cache.keep(str(number), Completion("x" * 1000))
        assert cache.stats().size < 300_000
        assert cache.find("0") is None
        assert cache.find("399") == Completion("x" * 1000)


def test_answers_are_counted_and_cleared(path: Path):
    clock = Clock()
    with Cache(path, clock=clock) as cache:
        cache.keep("a", Completion("1", model="m"))
        clock.now = 2000.0
        cache.keep("b", Completion("2", model="m"))
        cache.keep("c", Completion("3"))
        stats = cache.stats()
        assert stats.answers == {None: 1, "m": 2}
        assert (stats.path, stats.oldest, stats.newest) == (path, 1000.0, 2000.0)
        assert cache.clear(older_than=500) == 1
        assert cache.clear() == 2
        assert cache.stats().answers == {}
        assert cache.stats().oldest is None


def test_a_cache_goes_to_another_process_by_its_path(path: Path):
    cache = Cache(path, max_age=60, max_bytes=1 << 20)
    again = pickle.loads(pickle.dumps(cache))  # noqa: S301  # our own
    assert (again.path, again.max_age, again.max_bytes) == (path, 60, 1 << 20)
    assert repr(again) == f"Cache({str(path)!r})"


@pytest.mark.parametrize(
    ("options", "said"),
    [({"max_age": 0}, "max_age=0: expected"), ({"max_bytes": 0}, "max_bytes=0: expected")],
)
def test_limits_are_above_nothing(path: Path, options: dict[str, float], said: str):
    with pytest.raises(ConfigurationError, match=said):
        Cache(path, **options)


def not_sqlite(path: Path) -> None:
    path.write_text("# a text\n" * 1000)


def another_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE people (name)")
    connection.close()


def a_later_version(path: Path) -> None:
    with Cache(path) as cache:
        cache.keep("k", Completion("1"))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("made", [not_sqlite, another_database, a_later_version, a_folder])
def test_a_file_that_is_no_cache_is_left_alone(path: Path, made: Callable[[Path], None]):
    made(path)
    before = path.read_bytes() if path.is_file() else b""
    with Cache(path) as cache, pytest.raises(ConfigurationError, match="is no cache of answers"):
        ScriptedModel(["9"], cache=cache).generate("?", int)
    assert (path.read_bytes() if path.is_file() else b"") == before


def busy(path: Path) -> Exception:
    """What SQLite says where another process writes."""
    with closing(sqlite3.connect(path)) as first:
        first.execute("CREATE TABLE a (b)")
        first.execute("BEGIN EXCLUSIVE")
        with closing(sqlite3.connect(path, timeout=0)) as second:
            return error_of(lambda: second.execute("INSERT INTO a VALUES (1)"))


def full(path: Path) -> Exception:
    """What it says where there is no room."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("CREATE TABLE a (b)")
        return error_of(lambda: connection.execute("INSERT INTO a VALUES (zeroblob(100000))"))


def readonly(path: Path) -> Exception:
    """What it says of a file that is not ours to write."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE a (b)")
        connection.execute("PRAGMA query_only = 1")
        return error_of(lambda: connection.execute("INSERT INTO a VALUES (1)"))


def no_table(path: Path) -> Exception:
    """What it says of a file of another kind."""
    with closing(sqlite3.connect(path)) as connection:
        return error_of(lambda: connection.execute("SELECT 1 FROM a"))


def error_of(call: Callable[[], object]) -> Exception:
    with pytest.raises(sqlite3.Error) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    ("failed", "said"),
    [
        pytest.param(busy, "is in use: database is locked (wait", id="locked"),
        pytest.param(full, "cannot be written: database or disk is full (make room", id="full"),
        pytest.param(readonly, "cannot be written: attempt to write a readonly", id="readonly"),
        pytest.param(no_table, "is no cache of answers: no such table: a (choose", id="no cache"),
        pytest.param(
            lambda _: PermissionError(13, "Permission denied"),
            "cannot be made: [Errno 13] Permission denied (choose another path)",
            id="a folder of somebody else",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told(
    path: Path, failed: Callable[[Path], OSError | sqlite3.Error], said: str
):
    """A cache that is locked or has no room is one all the same."""
    assert str(unusable(path, failed(path))).startswith(f"{path}: {said}")


@pytest.mark.parametrize("on_drift", ["warn", "raise", "refresh"])
def test_an_answer_that_was_paid_is_given_also_where_the_file_fails(
    path: Path, caplog: pytest.LogCaptureFixture, on_drift: Literal["warn", "raise", "refresh"]
):
    """It went bad while the call was under way, in what is asked of it first."""

    def answers(_: Request) -> Completion:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP TABLE systems")
            connection.execute("DROP TABLE answers")
        return Completion("9", model="m", fingerprint="f")

    with Cache(path) as cache:
        ask = cached(answers, cache, described, on_drift=on_drift)
        assert ask(Request(1)) == Completion("9", model="m", fingerprint="f")
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3
    assert "the system that answered before could not be read" in caplog.text


def described(request: Request) -> JsonObject:
    return described_call(request, url="", model="m")


def test_an_answer_that_cannot_be_written_is_given(path: Path, caplog: pytest.LogCaptureFixture):
    """JSON has no logarithm of zero, and SQLite no half of a letter."""
    for answer in (
        Completion("9", tokens=(Token("9", float("-inf")),)),
        Completion("9", model="\ud800"),
    ):
        with Cache(path) as cache:
            ask = cached(lambda _, answer=answer: answer, cache, described)
            assert ask(Request(1)) == answer
    assert caplog.text.count("an answer could not be kept") == 2


def test_a_cache_that_was_closed_keeps_no_connection(path: Path):
    """However often it is opened again."""
    cache, before = Cache(path), connections()
    for _ in range(5):
        cache.stats()
        cache.close()
    assert connections() == before
    cache.stats()
    assert connections() == before + 1
    cache.close()


def connections() -> int:
    gc.collect()
    return sum(isinstance(each, sqlite3.Connection) for each in gc.get_objects())


def test_a_row_that_cannot_be_read_is_asked_for_again(path: Path):
    llm = ScriptedModel(["1", "2"])
    with Cache(path) as cache:
        llm.generate("?", int, cache=cache)
        connection = sqlite3.connect(path)
        connection.execute("""UPDATE answers SET value = '{"text": 7}'""")
        connection.commit()
        connection.close()
        assert [llm.generate("?", int, cache=cache) for _ in range(2)] == [2, 2]


def test_a_look_that_fails_holds_up_nobody(path: Path):
    """Who asks the same next is told at once, and waits for no one."""
    llm = ScriptedModel([Completion("1", model="m")], on_drift="refresh", timeout=5.0)
    with Cache(path) as cache:
        llm.generate("?", int, cache=cache)
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE systems")
    connection.execute("CREATE TABLE systems (name)")
    connection.close()
    for _ in range(2):
        with Cache(path) as cache, pytest.raises(ConfigurationError, match="no such column"):
            llm.generate("?", int, cache=cache)


def test_a_disk_that_takes_no_more_costs_no_answer(path: Path, caplog: pytest.LogCaptureFixture):
    with Cache(path) as cache:
        cache.stats()
        connection = sqlite3.connect(path)
        connection.execute("DROP TABLE answers")
        connection.execute("CREATE TABLE answers (key, stored, value)")
        connection.close()
        assert ScriptedModel(["9"], cache=cache).generate("?", int) == 9
    assert "an answer could not be kept" in caplog.text


CHILD = """
import sys
from deterministic_llm import Completion, Cache
from deterministic_llm.testing import ScriptedModel

cache = Cache(sys.argv[1])
for number in range(1000):
    ScriptedModel([str(number)], cache=cache).generate(f"question {number}", int)
    print(number, flush=True)
"""


@pytest.mark.untraced
def test_a_process_that_is_killed_leaves_no_half_written_row(path: Path):
    """SIGKILL in the middle of 1,000 cached answers, twice over the same file."""
    for until in (100, 600):
        child = subprocess.Popen(  # noqa: S603  # our own script
            [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        told = next(int(line) for line in child.stdout if int(line) >= until)
        child.send_signal(signal.SIGKILL)
        child.stdout.close()
        child.wait()
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        values = [json.loads(value) for (value,) in connection.execute("SELECT value FROM answers")]
        connection.close()
        assert len(values) > told
        assert sorted(int(value["text"]) for value in values) == list(range(len(values)))
    with Cache(path) as cache:
        model = ScriptedModel([str(number) for number in range(len(values), 1000)], cache=cache)
        outputs = [model.generate(f"question {number}", int) for number in range(1000)]
    assert outputs == list(range(1000))


def test_processes_may_make_the_file_at_the_same_time(path: Path):
    script = (
        "import sys; from deterministic_llm import Cache, Completion;"
        "Cache(sys.argv[1]).keep(sys.argv[2], Completion('9'))"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(path), str(n)], stderr=subprocess.PIPE)  # noqa: S603
        for n in range(4)
    ]
    assert [child.communicate()[1] for child in children] == [b""] * 4
    assert Cache(path).stats().answers == {None: 4}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # fork with threads
def test_a_child_of_a_fork_opens_the_file_anew(path: Path):
    with Cache(path) as cache:
        cache.keep("parent", Completion("1"))
        child = os.fork()
        if not child:
            known = cache.find("parent")
            cache.keep("child", Completion("2"))
            os._exit(0 if known == Completion("1") else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert cache.find("child") == Completion("2")
