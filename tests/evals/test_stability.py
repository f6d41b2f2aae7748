"""stability(): what it finds, what it keeps, and how it ends."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from deterministic_llm import (
    Budget,
    CallFailure,
    ConfigurationError,
    Curtailed,
    ProviderError,
    Stability,
    astability,
    enforce,
    stability,
)
from deterministic_llm._core.consensus.intervals import Interval
from deterministic_llm.evals.runs import Run
from deterministic_llm.testing import ScriptedModel


class Grade(BaseModel):
    """A score, and perhaps why."""

    score: int
    comment: str = ""


def answering(*answers: str) -> Callable[[str], str]:
    """A function that gives its answers in turns, whatever it is asked."""
    left, lock = list(answers), threading.Lock()

    def answer(essay: str) -> str:
        del essay
        with lock:
            return left.pop(0)

    return answer


def of(*rows: Sequence[str], **options: Any) -> Stability:
    """The report on a model that gave *rows*: for each question what its runs said."""
    by_run = [answer for run in zip(*rows, strict=True) for answer in run]
    scorer = enforce(Grade, max_retries=0)(answering(*by_run))
    questions = [f"essay {index}" for index in range(len(rows))]
    given = {"runs": len(rows[0]), "concurrency": 1, "score": "score", **options}
    return stability(scorer, questions, **given)


def grade(score: int) -> str:
    return f'{{"score": {score}}}'


def test_a_scorer_that_always_says_the_same_never_flips():
    figures = of([grade(3)] * 4, [grade(8)] * 4).figures
    assert (figures.items, figures.runs, figures.answered, figures.calls) == (2, 8, 8, 8)
    assert figures.same_text == figures.same_answer == Interval(1.0, 1.0, 1.0)
    assert figures.flips.value == figures.spread.value == 0
    assert figures.alpha.value == 1
    assert figures.fails_below == pytest.approx(3 / 8)
    assert figures.reliability is not None
    assert figures.reliability.agreement.value == 1
    assert figures.reliability.votes == {0.8: 1, 0.9: 1, 0.95: 1}


def test_what_differs_in_words_alone_is_the_same_answer():
    figures = of([grade(3), "Sure! " + grade(3)], [grade(8), grade(8)]).figures
    assert figures.same_text.value == 0.5
    assert figures.same_answer.value == 1
    assert figures.plain.value == 0.75
    assert figures.valid.value == 1


def test_two_runs_that_differ_are_a_flip():
    figures = of([grade(3), grade(4)], [grade(8), grade(8)]).figures
    assert figures.flips.value == 0.5
    assert figures.same_answer.value == 0.5


def test_a_run_without_a_valid_output_is_missing_and_no_answer_of_its_own():
    report = of([grade(3), "no idea"], [grade(8), grade(8)])
    figures = report.figures
    assert figures.valid.value == 0.75
    assert figures.fails_below is None
    assert figures.flips.value == 0
    assert figures.same_answer.value == 0.5
    missing = report.rows[0][1]
    assert (missing.answer, missing.score, missing.answered) == (None, None, True)
    assert missing.error == "RetriesExhausted: no valid answer"


def test_people_are_compared_with_every_run():
    report = of([grade(3), grade(5)], [grade(8), grade(8)], labels=[4, 7])
    validity = report.figures.validity
    assert validity is not None
    assert (validity.items, validity.error.value, validity.bias.value) == (2, 1.0, 0.5)


def test_a_question_that_no_person_scored_is_left_out_of_that():
    report = of([grade(3), grade(5)], [grade(8), grade(8)], labels=[None, 7])
    validity = report.figures.validity
    assert validity is not None
    assert (validity.items, validity.error.value, validity.bias.value) == (1, 1.0, 1.0)


def test_outputs_that_are_no_numbers_are_compared_as_wholes():
    scorer = enforce(Grade)(answering(grade(3), '{"score": 3, "comment": "Well."}'))
    report = stability(scorer, ["a"], runs=2, concurrency=1)
    assert report.figures.flips.value == 1
    assert report.figures.reliability is None


def test_the_score_may_be_a_function_of_the_output():
    report = of([grade(3), grade(5)], score=lambda output: output.score // 2 * 2)
    assert [run.score for run in report.rows[0]] == [2, 4]


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("grade", "score='grade': the output has no member 'grade' there (it has: score, comment)"),
        ("comment", "score='comment': expected a number there, got ''"),
        ("score.deep", "score='score.deep': the output has no member 'deep' there (it has: none)"),
    ],
)
def test_a_score_that_is_not_there_is_told(score: str, said: str):
    with pytest.raises(ConfigurationError) as caught:
        of([grade(3)], score=score)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runs": 0}, "runs=0: expected at least 1"),
        ({"concurrency": 0}, "concurrency=0: expected at least 1"),
        ({"labels": [1, 2]}, "labels=: expected one an input, 1, got 2"),
        ({"names": ["a", "b"]}, "names=: expected one an input, 1, got 2"),
        (
            {"run": 3},
            (
                "stability: no option run= (there are: runs, score, labels, names, concurrency, "
                "budget, path, progress)"
            ),
        ),
    ],
)
def test_options_that_make_no_sense_are_told(options: dict[str, Any], said: str):
    with pytest.raises(ConfigurationError) as caught:
        of([grade(3)], **options)
    assert str(caught.value) == said


@pytest.mark.parametrize("inputs", ["essay", 7, {"a"}])
def test_inputs_are_a_list(inputs: Any):
    scorer = enforce(int)(answering("1"))
    with pytest.raises(ConfigurationError) as caught:
        stability(scorer, inputs)
    assert str(caught.value) == (
        f"stability: expected a list of inputs, got {type(inputs).__name__}"
    )


def test_a_function_of_another_kind_is_told():
    function: Any = answering("1")
    said = "stability: expected a function decorated with enforce, got function"
    with pytest.raises(ConfigurationError, match=said):
        stability(function, ["a"])
    said = "astability: expected an async function decorated with enforce, got Enforcer"
    with pytest.raises(ConfigurationError, match=said):
        asyncio.run(astability(enforce(int)(function), ["a"]))


def test_what_a_function_raises_is_raised_in_both_colours():
    def wrong(essay: str) -> str:
        raise ValueError(essay)

    async def awrong(essay: str) -> str:
        raise ValueError(essay)

    with pytest.raises(ValueError, match="a"):
        stability(enforce(int)(wrong), ["a"])
    with pytest.raises(ValueError, match="a"):
        asyncio.run(astability(enforce(int)(awrong), ["a"]))


def test_arguments_may_be_several_or_named():
    @enforce(str)
    def joined(one: str, two: str) -> str:
        return f"{one}-{two}"

    report = stability(joined, [("a", "b"), {"one": "c", "two": "d"}], runs=1)
    assert [row[0].answer for row in report.rows] == ['"a-b"', '"c-d"']


def test_an_async_function_is_measured_alike():
    left = [grade(3), grade(8), grade(3), grade(7)]

    @enforce(Grade)
    async def scorer(essay: str) -> str:
        del essay
        return left.pop(0)

    report = asyncio.run(astability(scorer, ["a", "b"], runs=2, score="score", concurrency=1))
    assert [[run.score for run in row] for row in report.rows] == [[3, 3], [8, 7]]
    assert report.figures.runs == report.figures.answered == 4


@pytest.mark.untraced
def test_votes_make_flips_rarer():
    """One voter in three is off by one; fifteen of them seldom are most."""
    chance = random.Random(7)  # noqa: S311  # a model's whims

    @enforce(int)
    def scorer(essay: str) -> str:
        return str(int(essay) + (chance.random() < 1 / 3))

    essays = [f"{index}" for index in range(20)]
    flips = [
        stability(
            scorer.with_options(votes=votes), essays, runs=4, concurrency=1
        ).figures.flips.value
        for votes in (1, 5, Curtailed(15))
    ]
    assert flips[0] > flips[1] > flips[2]


def test_a_budget_that_is_used_up_ends_it_and_the_report_says_so():
    report = of([grade(3)] * 3, [grade(8)] * 3, budget=Budget(calls=4))
    assert [len(row) for row in report.rows] == [2, 2]
    assert report.figures.calls == 4
    assert report.stopped is not None
    assert report.stopped.startswith("the budget does not cover another call")
    assert "stopped: the budget" in str(report)


def test_a_provider_that_will_never_answer_ends_it():
    model = ScriptedModel([CallFailure("wrong key", "unauthorized", status=401)])
    with pytest.raises(ProviderError):
        stability(model.enforce(int)(lambda essay: essay), ["a", "b"], concurrency=1)
    assert len(model.requests) == 1


def test_an_async_one_ends_alike():
    model = ScriptedModel([CallFailure("wrong key", "unauthorized", status=401)])

    @model.enforce(int)
    async def scorer(essay: str) -> str:
        return essay

    with pytest.raises(ProviderError):
        asyncio.run(astability(scorer, ["a", "b"], concurrency=1))


def test_a_run_that_was_never_answered_says_nothing_of_the_model():
    busy = CallFailure("busy", "overloaded", status=503)
    model = ScriptedModel(["3", busy])
    scorer = model.enforce(int, transport_retries=0)(lambda essay: essay)
    figures = stability(scorer, ["a"], runs=2, concurrency=1).figures
    assert (figures.runs, figures.answered, figures.valid.value) == (2, 1, 1.0)


def test_with_a_cache_each_run_is_a_sample_and_the_second_time_none_is_asked_for(tmp_path: Path):
    model = ScriptedModel(["3", "4", "5"])
    scorer = model.enforce(int, cache=tmp_path / "answers.sqlite")(lambda essay: essay)
    first = stability(scorer, ["a"], runs=3, concurrency=1)
    again = stability(scorer, ["a"], runs=3, concurrency=1)
    assert [run.score for run in first.rows[0]] == [3, 4, 5]
    assert [run.answer for run in again.rows[0]] == [run.answer for run in first.rows[0]]
    assert (first.figures.calls, again.figures.calls, len(model.requests)) == (3, 0, 3)


def test_progress_is_told_from_the_first_run_to_the_last():
    told: list[tuple[int, int]] = []
    of([grade(3)] * 2, [grade(8)] * 2, progress=lambda done, of: told.append((done, of)))
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


# What is kept.


def kept(path: Path, *answers: str, questions: Sequence[str] = ("a", "b"), runs: int = 2) -> int:
    """How many of *answers* were asked for, with the runs of *path* known."""
    left = list(answers)

    @enforce(int)
    def scorer(essay: str) -> str:
        del essay
        return left.pop(0)

    stability(scorer, questions, runs=runs, concurrency=1, path=path)
    return len(answers) - len(left)


def test_runs_that_are_in_the_file_are_not_made_again(tmp_path: Path):
    path = tmp_path / "runs.jsonl"
    assert kept(path, "1", "2", "1", "2") == 4
    assert kept(path) == 0
    assert kept(path, "1", "2", runs=3) == 2


def test_a_line_that_was_cut_off_is_run_again(tmp_path: Path):
    path = tmp_path / "runs.jsonl"
    kept(path, "1", "2", "1", "2")
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert kept(path, "2") == 1
    assert len(path.read_bytes().splitlines()) == len(whole.splitlines())
    assert kept(path) == 0


def test_a_file_that_holds_nothing_yet_is_begun(tmp_path: Path):
    path = tmp_path / "runs.jsonl"
    path.write_bytes(b'{"format": "determ')
    assert kept(path, "1", "2", "1", "2") == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1}\n', ": holds other runs: give another path, or remove it to begin anew"),
        ("[]\n", ", line 1: no run that was kept here: give another path, or remove it"),
        ("no JSON\n", ", line 1: no run that was kept here: give another path, or remove it"),
        ('{"a": 1}', ", line 1: no run that was kept here: give another path, or remove it"),
        ("a note", ", line 1: no run that was kept here: give another path, or remove it"),
    ],
)
def test_a_file_that_is_none_of_ours_stays_as_it_is(tmp_path: Path, content: str, said: str):
    path = tmp_path / "notes.txt"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        kept(path)
    assert str(caught.value) == f"{path}{said}"
    assert path.read_text() == content


def test_runs_of_other_questions_are_not_taken_for_these(tmp_path: Path):
    path = tmp_path / "runs.jsonl"
    kept(path, "1", "2", "1", "2")
    with pytest.raises(ConfigurationError, match="holds other runs"):
        kept(path, questions=("a", "c"))


def test_a_text_that_utf_8_has_no_word_for_is_kept_all_the_same(tmp_path: Path):
    """Half a surrogate pair, which a model may write."""
    path = tmp_path / "runs.jsonl"
    assert kept(path, "1", "2", "\ud800", "\ud800", "2") == 5
    assert kept(path) == 0


def test_a_line_that_is_no_run_is_told(tmp_path: Path):
    path = tmp_path / "runs.jsonl"
    kept(path, "1", "2", "1", "2")
    with path.open("a") as file:
        file.write('{"item": 0, "what": 1}\n')
    with pytest.raises(ConfigurationError, match="line 6: no run that was kept here"):
        kept(path)


def test_a_run_survives_its_record():
    run = of([grade(3)]).rows[0][0]
    assert Run.from_json(json.loads(json.dumps(run.to_json()))) == run


# What is shown.


def test_the_table_says_every_figure_there_is():
    report = of([grade(3), grade(5)], [grade(8), grade(8)], labels=[4, 7])
    called = [line.split("  ")[0] for line in str(report).splitlines()[1:]]
    assert called == [
        *("valid outputs", "valid at once", "same text", "same answer", "flips", "spread"),
        *("alpha", "ICC(2,1)", "ICC(3,1)", "error"),
        *("votes for 0.8", "votes for 0.9", "votes for 0.95"),
        *("kappa", "Spearman", "distance", "bias"),
    ]
    first = "answer: 2 questions, 4 runs, 4 calls, at an unknown cost"
    assert str(report).splitlines()[0] == first


def test_what_there_is_no_figure_of_is_none_and_null():
    report = of(["no idea"], ["none"])
    assert any(line.split()[:2] == ["flips", "none"] for line in str(report).splitlines())
    figures = json.loads(report.to_json())["figures"]
    assert figures["flips"] == {"value": None, "low": None, "high": None}
    assert "<svg" in report.to_html()


def test_the_record_holds_every_run():
    report = of([grade(3), grade(5)], [grade(8), "no idea"], labels=[4, None], names=["a", "b"])
    record = json.loads(report.to_json())
    assert [each["name"] for each in record["questions"]] == ["a", "b"]
    assert [each["label"] for each in record["questions"]] == [4, None]
    runs = [[Run.from_json(run) for run in each["runs"]] for each in record["questions"]]
    assert runs == [list(row) for row in report.rows]


def test_the_page_needs_no_other_file_and_runs_nothing():
    page = of([grade(3), grade(5)], [grade(8), grade(8)], labels=[4, 8]).to_html()
    for outside in ("http:", "https:", "<script", "<link", "<img", "@import", "url("):
        assert outside not in page
    headings = ["Scores by question", "Flips", "What agreement is worth", "What votes are worth"]
    assert [each for each in headings if f"<h2>{each}</h2>" in page] == headings


def test_what_a_model_says_is_no_markup_on_the_page():
    scorer = enforce(str)(answering("<script>alert(1)</script>", "b"))
    report = stability(scorer, ["a"], runs=2, concurrency=1, names=["<b>x</b>"])
    page = report.to_html()
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_report_is_saved_whole_as_page_or_json(tmp_path: Path):
    report = of([grade(3), grade(5)], [grade(8), grade(8)])
    report.save(tmp_path / "out" / "report.html")
    report.save(tmp_path / "out" / "report.json")
    assert (tmp_path / "out" / "report.html").read_text() == report.to_html()
    assert (tmp_path / "out" / "report.json").read_text() == report.to_json()
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [
        "report.html",
        "report.json",
    ]


def test_an_interrupt_does_not_wait_for_a_run_that_does_not_end(tmp_path: Path):
    """What Ctrl-C does while a server is silent; the runs so far are in the file."""
    kept, over = threading.Event(), threading.Event()

    @enforce(int)
    def scorer(essay: str) -> str:
        if essay == "silence":
            over.wait(60)
        if essay == "interrupt":
            kept.wait(60)
            raise KeyboardInterrupt
        return "7"

    def advance(known: int, _: int) -> None:
        if known:
            kept.set()

    questions = ["silence", "quick", "interrupt"]
    file = tmp_path / "runs.jsonl"
    with pytest.raises(KeyboardInterrupt):
        stability(scorer, questions, runs=1, concurrency=3, path=file, progress=advance)
    assert not over.is_set()
    over.set()
    assert len(file.read_text().splitlines()) == 2


def test_runs_go_on_at_the_same_time():
    """Three runs that all wait for one another end only if they are under way together."""
    together = threading.Barrier(3, timeout=30)

    @enforce(int)
    def scorer(essay: str) -> str:
        together.wait()
        return essay

    report = stability(scorer, ["1", "2", "3"], runs=1, concurrency=3)
    assert [row[0].score for row in report.rows] == [1, 2, 3]
