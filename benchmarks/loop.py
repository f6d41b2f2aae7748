"""What asking again and enforcing cost, each figure with its mark."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from reasks import (
    LONG_PROMPT,
    Question,
    Story,
    asked_for_field,
    asked_for_whole,
    asked_with_own_schema,
    mended_one_by_one,
)

from benchmarks.grading import GRADING
from benchmarks.overhead import Enforcement, enforcements, races
from benchmarks.tables import met, percent, show
from deterministic_llm import Mode
from deterministic_llm.cli.schemas import token_count

MODES: tuple[Mode, ...] = ("prompt", "json", "native", "tool")
MOST_CHARACTERS = 1500
"""Of a re-ask beyond the prompt."""
MOST_SAID = 0.15
"""Of a whole answer."""
MOST_TOKENS, MOST_TOKENS_OF_WHOLE = 1800, 2650
"""Prompt + 4 x completion over both calls: with one field again, and with the whole again."""


def main(*, rounds: int) -> None:
    """Print the sizes, the tokens and the times, these as medians over *rounds* in turns."""
    _show_sizes()
    _show_choices()
    _show_tokens()
    _show_enforcement(rounds)
    _show_races(rounds)


def _show_sizes() -> None:
    rows = [
        [f"{mode}: {3 - number} of 20 items bad", *_sizes(story, number, each)]
        for mode in MODES
        for story in [mended_one_by_one(mode)]
        for number, each in enumerate(story.reasks)
    ]
    header = [
        f"re-asks of a prompt of {len(LONG_PROMPT):,}",
        "added",
        "schema",
        f"<= prompt + {MOST_CHARACTERS:,}",
        "<= 1st call + it",
        "no growth",
        "answer",
        f"< {MOST_SAID:.0%}",
        "same prefix",
    ]
    show("Re-asks, in characters", header, rows)


def _sizes(story: Story, number: int, reask: Question) -> list[object]:
    return [
        reask.messages - len(LONG_PROMPT),
        reask.schema,
        met(reask.sent - len(LONG_PROMPT) <= MOST_CHARACTERS),
        met(reask.sent - story.questions[0].sent <= MOST_CHARACTERS),
        met(number == 0 or reask.sent <= story.reasks[number - 1].sent),
        percent(reask.said, story.whole),
        met(reask.said < MOST_SAID * story.whole),
        met(reask.keeps_prompt),
    ]


def _show_choices() -> None:
    """Another schema loses the provider's cache of the prompt; the whole is more to write."""
    rows: list[list[object]] = []
    for items in (4, 6, 8, 20):
        story = mended_one_by_one("native", items=items)
        first = story.reasks[0]
        chosen = "the bad members" if first.in_part else "the whole"
        rows.append([f"{items} items", story.whole, chosen, first.said])
    header = ["native: 3 bad items of", "whole answer", "asked for", "answer"]
    show(f"Whole or part by price, prompt of {len(LONG_PROMPT):,} characters", header, rows)


def _show_tokens() -> None:
    if token_count("") is None:
        print("\ntokens: not counted, as tiktoken finds no cl100k vocabulary here")
        return
    rows = [
        [how, *(each.sent for each in story.questions), story.cost, mark, met(story.cost <= mark)]
        for how, mark, story in _gradings()
    ]
    header = ["one bad field of a grade (cl100k tokens)", "1st prompt", "2nd prompt", "cost", "<="]
    show("Prompts + 4 x completions of both calls", [*header, ""], rows)


def _gradings() -> Iterator[tuple[str, int, Story]]:
    most = MOST_TOKENS_OF_WHOLE
    for mode in MODES:
        ask = partial(asked_for_field, GRADING, mode, _tokens)
        yield f"{mode}: the field", MOST_TOKENS, ask(answered="field")
        if mode in {"prompt", "json"}:  # a schema that is sent leaves no choice
            yield f"{mode}: the field, but all is said", most, ask(answered="whole")
        yield f"{mode}: the whole", most, asked_for_whole(GRADING, mode, _tokens)
    yield "own call, the first schema again", most, asked_with_own_schema(GRADING, _tokens)
    known = asked_with_own_schema(GRADING, _tokens, mode="native")
    yield "the same, mode='native'", most, known


def _tokens(text: str) -> int:
    return token_count(text) or 0


def _show_enforcement(rounds: int) -> None:
    header = ["answers", "in all", "<=", "", "reading", "deciding", "function", "rest"]
    header += ["validate_json", "ratio"]
    rows = [_enforced(each) for each in enforcements(rounds=rounds)]
    show(
        "Enforcement around a function, us of the processor a call, medians of rounds in turns",
        header,
        rows,
    )


def _enforced(times: Enforcement) -> list[object]:
    rest = times.whole - times.reading - times.deciding - times.function
    parts = (times.reading, times.deciding, times.function, rest, times.validation)
    return [
        times.answers,
        f"{times.whole * 1e6:.1f}",
        f"{times.mark * 1e6:.0f}",
        met(times.whole <= times.mark),
        *(f"{seconds * 1e6:.1f}" for seconds in parts),
        f"{times.whole / times.validation:.1f}",
    ]


def _show_races(rounds: int) -> None:
    rows = [
        [
            race.what,
            f"{race.ours * 1e6:.0f} us",
            f"{race.bare * 1e6:.0f} us",
            f"{race.ratio:.2f}",
            met(race.ratio <= 1),
        ]
        for race in races(rounds=rounds)
    ]
    header = ["call through the openai client", "generate()", "create()", "ratio", "<= 1"]
    show("Time of the processor, server in another process, medians of rounds", header, rows)
