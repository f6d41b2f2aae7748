"""Lowering and raising: what is valid comes back as it was, or a recorded loss says why not."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from core.random_schemas import documents
from core.sampling import instances
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tracing import sweep

from deterministic_llm import SchemaError
from deterministic_llm._core.canonical import canonical_json
from deterministic_llm._core.schema.formats import format_checker
from deterministic_llm._core.schema.lowering.codecs import InexpressibleError
from deterministic_llm._core.schema.lowering.dialects import DIALECTS, Dialect
from deterministic_llm._core.schema.lowering.lowering import Lowered, UnraisableError, lower

SCHEMAS = Path(__file__).parents[3] / "schemas" / "dialects"
FORMATS = format_checker()
UNSOUND = {"described", "text"}
"""Losses after which an answer may break a rule of the original schema."""

ALL = sweep(
    DIALECTS,
    shown={
        "anthropic",
        "azure",
        "bedrock",
        "fireworks",
        "gemini",
        "mistral",
        "openai",
        "outlines-core",
        "xgrammar",
    },
)


@cache
def meta(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")))


def validator(schema: Any) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=FORMATS)


def lowered(schema: Any, dialect: Dialect) -> Lowered | None:
    try:
        return lower(schema, dialect)
    except SchemaError as error:
        assume("leads back to itself" not in str(error))
        return None


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311  # guards nothing


def unexplained(instance: Any, raised: Any, kinds: set[str]) -> list[str]:
    """The differences between *instance* and what came back that no loss of these *kinds* tells."""
    if isinstance(instance, dict) and isinstance(raised, dict):
        gone = [key for key in instance if key not in raised]
        found = [] if "closed" in kinds or not gone else [f"lost {gone}"]
        if "null" in kinds:
            found = [] if all(instance[key] is None for key in gone) else found
        added = [key for key in raised if key not in instance]
        if added and not ("null" in kinds and all(raised[key] is None for key in added)):
            found.append(f"added {added}")
        for key in instance.keys() & raised.keys():
            found += unexplained(instance[key], raised[key], kinds)
        return found
    if isinstance(instance, list) and isinstance(raised, list):
        longer = raised[len(instance) :]
        found = [f"added {longer}"] if any(each is not None for each in longer) else []
        found += [] if "null" in kinds or not longer else [f"added {longer}"]
        shorter = instance[len(raised) :]
        found += [] if "closed" in kinds or not shorter else [f"lost {shorter}"]
        for one, other in zip(instance, raised, strict=False):
            found += unexplained(one, other, kinds)
        return found
    return [] if canonical_json(instance) == canonical_json(raised) else [f"{instance} != {raised}"]


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=settings.default.max_examples // 4)
@given(schema=documents(), seed=st.integers(0, 999))
def test_what_goes_down_comes_back(name: str, schema: Any, seed: int):
    """The law: instance, pushed down, valid for the lowered schema, raised, is the instance."""
    fitted = lowered(schema, DIALECTS[name])
    if fitted is None:
        assert not list(instances(validator(schema), seeded(seed)))
        return
    problem = next(meta(name).iter_errors(fitted.schema), None)
    assert problem is None, f"{problem.json_path}: {problem.message}"
    kinds = {loss.kind for loss in fitted.losses}
    whole = validator(fitted.schema)
    for instance in instances(validator(schema), seeded(seed), tries=4):
        try:
            answer = fitted.push_down(instance)
        except InexpressibleError:
            assert kinds & {"narrowed", "closed"}
            continue
        assert whole.is_valid(answer)
        assert unexplained(instance, fitted.raise_back(answer), kinds) == []


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=settings.default.max_examples // 4)
@given(schema=documents(), seed=st.integers(0, 999))
def test_an_answer_is_an_instance_unless_a_loss_says_otherwise(name: str, schema: Any, seed: int):
    """Any answer to the lowered schema: raised, it is valid, where nothing is only described."""
    fitted = lowered(schema, DIALECTS[name])
    if fitted is None:
        return
    unsound = UNSOUND & {loss.kind for loss in fitted.losses}
    original = validator(schema)
    for answer in instances(validator(fitted.schema), seeded(seed), tries=4):
        try:
            raised = fitted.raise_back(answer)
        except UnraisableError:
            continue
        problem = None if unsound else next(original.iter_errors(raised), None)
        assert problem is None, f"{problem.json_path}: {problem.message}: {json.dumps(answer)}"
        if fitted.same:
            assert raised == answer
