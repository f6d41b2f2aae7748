"""What stands round an answer: fences, tags, prose, thoughts, marked drafts; none of it counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import cast

from benchmarks.drafts import Damage, Draft, is_intact
from benchmarks.specimens import random_value
from benchmarks.writing import Style, Tree, Verbatim, write

_BEFORE = (
    "Here is the JSON you asked for:\n\n",
    "Sure! ",
    "I went through the notes and filled in every field.\n\n",
    "Done. As shown in [4], the {placeholders} are filled in:\n",
    "Based on the text above (see section 2), this is what I get:\n",
    "Certainly, here's the result.\n",
)
_AFTER = (
    "\n\nLet me know if anything should change.",
    "\n\nNote: amounts are in euros; {currency} was not set.",
    "\nI hope this helps!",
    "\n\nThe values come from the table [2] and from the letter.",
)
_FENCES = (
    ("```json\n", "\n```"),
    ("```\n", "\n```"),
    ("~~~json\n", "\n~~~"),
    ("```JSON\n", "\n```\n"),
)
_TAGS = ("answer", "output", "json", "result", "response")
_CALLS = (
    ("final_answer(", ")"),
    ("submit(", ");"),
    ('{"name": "submit", "arguments": ', "}"),
    ('<tool_call>\n{"name": "record_result", "arguments": ', "}\n</tool_call>"),
)
_DRAFTS = (
    ("First draft:\n\n", "\n\nCorrected version:\n\n"),
    ("Example of the format:\n\n", "\n\nFinal answer:\n\n"),
)
_CALL, _FENCE, _TAG, _DRAFT, _PROSE, _THOUGHT, _EDGE = range(1, 8)


def another(draft: Draft, rng: Random) -> str:
    """Another valid value than that of *draft*, as plain JSON."""
    value = random_value(draft.schema, rng)
    while value == draft.value:
        value = random_value(draft.schema, rng)
    return write(cast("Tree", value), Style(indented=bool(rng.randrange(2))))


def is_called(draft: Draft) -> bool:
    """Whether the answer stands in a call."""
    return any(rank == _CALL for rank, _, _ in draft.layers)


def _layer(rank: int, *pairs: tuple[str, str]) -> Damage:
    return lambda draft, rng: draft.within(rank, *rng.choice(pairs))


def _tag(draft: Draft, rng: Random) -> Draft | None:
    tag = rng.choice(_TAGS)
    return draft.within(_TAG, f"<{tag}>\n", f"\n</{tag}>")


def _call(draft: Draft, rng: Random) -> Draft | None:
    style = draft.style
    busy = style.cut is not None or style.escaped or style.closers
    if busy or not isinstance(draft.tree, dict):
        return None
    return draft.within(_CALL, *rng.choice(_CALLS))


def _prose(*pairs: tuple[str, str]) -> Damage:
    # Prose beside a notation without brackets could be read as a part of it.
    def damage(draft: Draft, rng: Random) -> Draft | None:
        noted = isinstance(draft.tree, Verbatim)
        return None if noted else draft.within(_PROSE, *rng.choice(pairs))

    return damage


def _thought(draft: Draft, rng: Random) -> Draft | None:
    tag = rng.choice(("think", "thinking"))
    before, after = rng.choice((("Maybe this: ", ""), ("A first guess is\n```json\n", "\n```")))
    thought = f"<{tag}>{before}{another(draft, rng)}{after}\nNo, look again.</{tag}>\n"
    return draft.within(_THOUGHT, thought)


def _marked_draft(draft: Draft, rng: Random) -> Draft | None:
    if isinstance(draft.tree, Verbatim):
        return None
    before, between = rng.choice(_DRAFTS)
    return draft.within(_DRAFT, before + another(draft, rng) + between)


def _twice(draft: Draft, rng: Random) -> Draft | None:
    del rng
    if not is_intact(draft) or draft.style.cut is not None:
        return None
    again = json.dumps(draft.value, ensure_ascii=False)
    return draft.within(_DRAFT, "", f"\n\nOnce more on one line:\n\n{again}\n")


LAYERS: Mapping[str, Damage] = {
    "a call": _call,
    "a fence": _layer(_FENCE, *_FENCES),
    "an unclosed fence": _layer(_FENCE, ("```json\n", "\n"), ("```\n", "\n")),
    "tags": _tag,
    "a marked draft": _marked_draft,
    "the same answer twice": _twice,
    "prose before": _prose(*((before, "") for before in _BEFORE)),
    "prose around": _prose(*((before, after) for before in _BEFORE for after in _AFTER)),
    "prose after": _prose(*(("", after) for after in _AFTER)),
    "a thought with another value": _thought,
    "a byte order mark": _layer(_EDGE, ("\ufeff", "")),
    "zero-width characters": _layer(_EDGE, ("\u200b", "\u200b\n")),
}
