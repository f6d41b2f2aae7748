"""Valid values, damaged in one to five ways: each text has one right answer, or must be refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import cast

from benchmarks.drafts import Damage, Draft
from benchmarks.fatal import FATAL
from benchmarks.layers import LAYERS
from benchmarks.meaning import MEANING
from benchmarks.specimens import (
    JsonObject,
    flat_schema,
    property_names,
    random_schema,
    random_value,
)
from benchmarks.syntax import NOTATIONS, SYNTAX
from benchmarks.writing import Style, Tree
from deterministic_llm import JsonValue


@dataclass(frozen=True, slots=True)
class Damaged:
    """A *raw* text for *schema* that says *value*, or is *fatal* and must be refused."""

    schema: JsonObject
    value: JsonValue
    raw: str
    fatal: bool
    damages: tuple[str, ...]


def damaged(seed: str) -> Damaged:
    """The damaged text of *seed*; one in four must be refused, one in twelve is no JSON at all."""
    rng = Random(seed)  # noqa: S311 - repeatable on purpose
    lot = rng.randrange(12)
    schema = flat_schema(rng) if lot == 0 else random_schema(rng)
    value = random_value(schema, rng)
    restyled = property_names(schema)
    style = Style(indented=bool(rng.randrange(2)), restyled=restyled, seed=rng.randrange(2**32))
    draft = Draft(schema, value, cast("Tree", value), style)
    mild = {**LAYERS, **SYNTAX} if lot in _FATAL_LOTS else {**LAYERS, **SYNTAX, **MEANING}
    names: list[str] = []
    if lot == 0:
        draft = _one_more(NOTATIONS, draft, rng, names)
    elif lot in _FATAL_LOTS:
        draft = _one_more(FATAL, draft, rng, names)
    for _ in range(rng.randint(1, 5) - len(names)):
        draft = _one_more(mild, draft, rng, names)
    return Damaged(schema, draft.value, draft.text(), lot in _FATAL_LOTS, tuple(names))


_FATAL_LOTS = frozenset({1, 2, 3})


def _one_more(damages: Mapping[str, Damage], draft: Draft, rng: Random, names: list[str]) -> Draft:
    """*draft* with one of *damages* that changes its text; its name joins *names*."""
    text = draft.text()
    for name in rng.sample(sorted(damages), len(damages)):
        changed = None if name in names else damages[name](draft, rng)
        if changed is not None and changed.text() != text:
            names.append(name)
            return changed
    return draft
