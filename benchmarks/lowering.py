"""Real schemas lowered: ``python -m benchmarks.lowering FOLDER``, over every JSON file in it.

A file is a JSON Schema, or one with instances: ``{"schema": ..., "tests": [{"data": ...}]}``, or a
list of those. Instances are made besides; only what is valid for the schema counts.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import jsonschema_rs
from core.sampling import instances
from jsonschema import validators
from referencing import Registry
from referencing.exceptions import Unresolvable

from benchmarks.tables import met, show
from deterministic_llm import SchemaError
from deterministic_llm._core.canonical import canonical_json
from deterministic_llm._core.schema.formats import format_checker
from deterministic_llm._core.schema.lowering.codecs import InexpressibleError
from deterministic_llm._core.schema.lowering.dialects import DIALECTS, Dialect
from deterministic_llm._core.schema.lowering.lowering import Lowered, UnraisableError, lower
from deterministic_llm._core.schema.walking import subschemas
from deterministic_llm.cli.progress import bar

_META = Path(__file__).parents[1] / "schemas" / "dialects"
_FORMATS = format_checker()
_EXPLAINED = {"closed", "null", "narrowed"}
"""Kinds of loss that let an instance come back otherwise than it went."""


@dataclass(slots=True)
class Tally:
    """What came of the schemas and instances of one folder."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    trips: Counter[str] = field(default_factory=Counter[str])
    seconds: list[float] = field(default_factory=list[float])
    shown: list[str] = field(default_factory=list[str])


def main() -> None:
    """Print the table for the folder that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lowering", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dialect", default="openai", choices=[*DIALECTS])
    parser.add_argument("--limit", type=int, default=None, help="files, evenly spread")
    parser.add_argument("--every", type=int, default=1, help="makes instances of every Nth file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=0, help="faults shown in full")
    options = parser.parse_args()
    files = sorted(options.folder.rglob("*.json"))
    if options.limit:
        files = files[:: max(1, len(files) // options.limit)]
    tally = Tally()
    dialect = DIALECTS[options.dialect]
    with bar(len(files)) as (progress, step):
        for number, file in enumerate(files):
            random = None if number % options.every else _seeded(options.seed)
            for schema, given in _schemas(_document(file, tally)):
                _measure(str(file), schema, given, dialect, random, tally)
            progress.advance(step)
    _report(options.dialect, tally)
    for fault in tally.shown[: options.show]:
        print(fault)


def _seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - repeatable on purpose


def _document(file: Path, tally: Tally) -> Any:
    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        tally.outcomes["no JSON"] += 1
        tally.shown.append(f"{file}: {error}")
        return []


def _schemas(document: Any) -> Iterator[tuple[Any, list[Any]]]:
    for each in document if isinstance(document, list) else [document]:
        if isinstance(each, dict) and isinstance(each.get("tests"), list) and "schema" in each:
            yield each["schema"], [test.get("data") for test in each["tests"]]
        elif isinstance(each, dict):
            yield each, []


def _measure(
    name: str,
    schema: Any,
    given: list[Any],
    dialect: Dialect,
    random: Random | None,
    tally: Tally,
) -> None:
    """Lower *schema*, and send its instances there and back unless there is nothing to draw by."""
    validator = _validator(schema)
    if validator is None:
        tally.outcomes["no valid schema"] += 1
        return
    began = perf_counter()
    try:
        lowered = lower(schema, dialect)
    except SchemaError as error:
        outside = "nothing is fetched" in str(error)
        tally.outcomes["refers outside" if outside else "not lowered"] += 1
        tally.shown.append(f"{name}: {error}")
        return
    tally.seconds.append(perf_counter() - began)
    passes = _meta(dialect).is_valid(lowered.schema)
    tally.outcomes["passes" if passes else "fails the meta-schema"] += 1
    if not passes:
        error = next(_meta(dialect).iter_errors(lowered.schema))
        tally.shown.append(f"{name}: meta-schema: {error.instance_path} {error.message[:200]}")
    if random is None:
        return
    checked = validators.validator_for(lowered.schema, validators.Draft202012Validator)(
        lowered.schema, format_checker=_FORMATS
    )
    for instance in _valid(validator, given, random):
        trip = _trip(lowered, checked, instance)
        tally.trips[trip] += 1
        if trip not in _GOOD:
            tally.shown.append(f"{name}: {trip}: {json.dumps(instance)[:300]}")


def _valid(validator: Any, given: list[Any], random: Random) -> Iterator[Any]:
    try:
        yield from (each for each in given[:20] if validator.is_valid(each))
        seen = set[str]()
        for each in instances(validator, random, tries=4):
            if (text := canonical_json(each)) not in seen:
                seen.add(text)
                yield each
    except (Unresolvable, RecursionError):
        return


def _trip(lowered: Lowered, checked: Any, instance: Any) -> str:
    losses = {loss.kind for loss in lowered.losses}
    try:
        answer = lowered.push_down(instance)
    except InexpressibleError:
        return "recorded loss" if losses & {"narrowed", "closed"} else "inexpressible"
    if not checked.is_valid(answer):
        return "refused by the lowered schema"
    try:
        raised = lowered.raise_back(json.loads(json.dumps(answer)))
    except UnraisableError:
        return "not raised"
    if canonical_json(raised) == canonical_json(instance):
        return "equal"
    return "recorded loss" if losses & _EXPLAINED else "changed"


_GOOD = ("equal", "recorded loss")


def _validator(schema: Any) -> Any:
    kind = validators.validator_for(schema, validators.Draft202012Validator)
    known = kind.META_SCHEMA
    edition = known.get("$id", known.get("id"))
    if kind is validators.Draft3Validator or not isinstance(schema, dict):
        return None
    # By the name of the edition: a name that is unknown would be fetched.
    if not jsonschema_rs.meta.is_valid({**schema, "$schema": edition}) or not _compiles(schema):
        return None
    return kind(schema, registry=Registry(), format_checker=_FORMATS)


def _compiles(schema: Any) -> bool:
    """Whether Python reads every pattern, as it must to validate."""
    for _, node in subschemas(schema):
        patterns = [node.get("pattern"), *(node.get("patternProperties") or {})]
        try:
            any(re.compile(each) is None for each in patterns if isinstance(each, str))
        except re.error:
            return False
    return True


def _meta(dialect: Dialect) -> Any:
    if dialect.name not in _METAS:
        schema = json.loads((_META / f"{dialect.name}.json").read_text("utf-8"))
        _METAS[dialect.name] = jsonschema_rs.validator_for(schema)
    return _METAS[dialect.name]


_METAS: dict[str, Any] = {}


def _report(dialect: str, tally: Tally) -> None:
    valid = (
        sum(tally.outcomes.values()) - tally.outcomes["no valid schema"] - tally.outcomes["no JSON"]
    )
    lowered, passes = len(tally.seconds), tally.outcomes["passes"]
    trips, good = sum(tally.trips.values()), sum(tally.trips[each] for each in _GOOD)
    typical = median(tally.seconds) * 1000 if tally.seconds else 0.0
    slow = quantiles(tally.seconds, n=100)[-1] * 1000 if len(tally.seconds) > 1 else 0.0
    local = valid - tally.outcomes["refers outside"]
    rows: list[list[object]] = [
        ["schemas", valid, ">= 9000", met(valid >= 9000)],
        ["lowered", _share(lowered, local), "> 99.5 %", met(lowered > 0.995 * local)],
        ["pass the meta-schema", _share(passes, lowered), "all", met(passes == lowered)],
        ["instances equal or with a recorded loss", _share(good, trips), ">= 98 %",
         met(good >= 0.98 * trips)],
        ["of them equal", _share(tally.trips["equal"], trips), "", ""],
        ["median ms", f"{typical:.2f}", "<= 10", met(typical <= 10)],
        ["ms of the slowest hundredth", f"{slow:.0f}", "", ""],
    ]  # fmt: skip
    show(f"Lowering to {dialect}", ["", "figure", "aim", ""], rows)
    print(dict(tally.outcomes), dict(tally.trips))


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / max(whole, 1):.2f} %)"


if __name__ == "__main__":
    main()
