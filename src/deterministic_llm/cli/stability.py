"""``dllm stability``: inputs and a scorer go in, how repeatable its answers are comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Inputs = Annotated[
    Path, typer.Argument(help="JSONL, an object or a text a line; or a folder of .txt files.")
]
Call = Annotated[str | None, typer.Option(help="What is run: module:function, decorated.")]
ModelName = Annotated[str | None, typer.Option(help="Or the model that is asked itself.")]
PromptFile = Annotated[
    Path | None, typer.Option(help="What it is asked, with {text} or {member} of the input.")
]
Wanted = Annotated[
    str | None,
    typer.Option(help="What it answers: a JSON Schema, module:Type, or a form with {score:int}."),
]
Times = Annotated[int, typer.Option(min=1, help="How often each input is asked.")]
ScoreName = Annotated[str | None, typer.Option(help="The member of the output that is looked at.")]
LabelName = Annotated[str | None, typer.Option(help="The member of an input that a person gave.")]
NameOf = Annotated[str | None, typer.Option(help="The member that names an input.")]
VotesOption = Annotated[str | None, typer.Option(help="Votes in each run: a number, or adaptive.")]
Temperature = Annotated[float | None, typer.Option(help="Of the model.")]
CachePath = Annotated[Path | None, typer.Option(help="Keep the answers in this file.")]
Kept = Annotated[Path | None, typer.Option(help="Keep the runs in this file, and go on from it.")]
Dollars = Annotated[float | None, typer.Option(help="Spend no more than so much.")]
Calls = Annotated[int | None, typer.Option(help="Make no more calls than so many.")]
AtOnce = Annotated[int, typer.Option(min=1, help="Runs at the same time.")]
PageFile = Annotated[Path | None, typer.Option(help="Write a page with plots to this file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]


def stability(  # noqa: PLR0913  # the options of a command
    inputs: Inputs,
    *,
    call: Call = None,
    model: ModelName = None,
    prompt: PromptFile = None,
    answer: Wanted = None,
    runs: Times = 5,
    score: ScoreName = None,
    label: LabelName = None,
    name: NameOf = None,
    votes: VotesOption = None,
    temperature: Temperature = None,
    cache: CachePath = None,
    keep: Kept = None,
    usd: Dollars = None,
    calls: Calls = None,
    concurrency: AtOnce = 8,
    html: PageFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask each input several times, and say how often the answers agree.

    Exit code 0 means that all was asked, 1 that a limit stopped it, 2 that it cannot be asked.
    """
    from deterministic_llm.cli.measuring import (
        asked,
        called,
        ends_plainly,
        inputs_of,
        options_of,
        show,
    )
    from deterministic_llm.cli.progress import bar
    from deterministic_llm.cli.questions import questions_in
    from deterministic_llm.evals.stability import stability as measured
    from deterministic_llm.metering.budgets import Budget

    with ends_plainly(keep):
        questions = questions_in(inputs, label=label, name=name)
        scorer = called(call) if call is not None else asked(model, prompt, answer, questions)
        scorer = scorer.with_options(**options_of(votes, temperature, cache))
        with bar(len(questions) * runs) as (shown, task):
            report = measured(
                scorer,
                inputs_of(questions, call=call),
                runs=runs,
                score=score,
                labels=[each.label for each in questions],
                names=[each.name for each in questions],
                concurrency=concurrency,
                budget=None if usd is None and calls is None else Budget(usd=usd, calls=calls),
                path=keep,
                progress=lambda done, _: shown.update(task, completed=done),
            )
    show(report, page=html, as_json=as_json)
