"""What is wrong with a schema before it is used: a schema goes in, findings come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.lowering.dialects import DIALECTS, LLGUIDANCE
from deterministic_llm._core.schema.lowering.distinctions import all_apart
from deterministic_llm._core.schema.lowering.editions import modern
from deterministic_llm._core.schema.lowering.lowering import lower
from deterministic_llm._core.schema.lowering.references import References, references_in
from deterministic_llm._core.schema.lowering.scope import Checker, Loss, validator_of
from deterministic_llm._core.schema.walking import subschemas
from deterministic_llm._core.schema.wording import quote
from deterministic_llm.errors import SchemaError

Level: TypeAlias = Literal["error", "warning"]
"""Whether a schema cannot work, or works otherwise than it looks."""


@frozen
class Finding:
    """One thing that is wrong at *pointer*, by the *rule* that found it, and how to mend it."""

    level: Level
    pointer: str
    rule: str
    message: str
    fix: str


@frozen
class Backend:
    """What one dialect makes of a schema: *refused* says why it cannot be lowered at all."""

    dialect: str
    losses: tuple[Loss, ...] = ()
    refused: str | None = None


def lint(schema: JsonObject) -> tuple[Finding, ...]:
    """Everything that is wrong with *schema*, in the order of the document.

    Raises SchemaError for a ``$ref`` that leads nowhere or outside.
    """
    root = modern(schema)
    context = _Context(references_in(root), validator_of(root))
    found = [
        finding
        for pointer, node in subschemas(root)
        for rule in _RULES
        for finding in rule(node, pointer, context)
    ]
    return (*found, *_unsatisfiable(schema, found))


def backends(schema: JsonObject) -> tuple[Backend, ...]:
    """What each dialect holds an answer to *schema* to, and what it does not."""
    return tuple(_backend(schema, name) for name in DIALECTS)


def _backend(schema: JsonObject, name: str) -> Backend:
    try:
        return Backend(name, lower(schema, DIALECTS[name]).losses)
    except SchemaError as error:
        return Backend(name, refused=str(error))


@frozen
class _Context:
    references: References
    checker: Checker

    def is_valid(self, value: JsonValue, node: JsonObject) -> bool:
        """Whether *value* is valid for *node*."""
        return self.checker.evolve(schema=node).is_valid(value)


_Rule: TypeAlias = Callable[[JsonObject, str, _Context], Iterator[Finding]]
_PAIRS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
)
_OPEN_PAIRS = (
    ("exclusiveMinimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
)


def _undeclared(node: JsonObject, pointer: str, context: _Context) -> Iterator[Finding]:
    """Names that must be there and that nothing describes; where others are closed, an error."""
    del context
    names, properties = node.get("required"), node.get("properties")
    known = properties if isinstance(properties, dict) else {}
    if not isinstance(names, list) or not known:
        return
    closed = node.get("additionalProperties") is False and "patternProperties" not in node
    for name in names:
        if isinstance(name, str) and name not in known:
            message = f"{quote(name)} is required and not in properties"
            level: Level = "error" if closed else "warning"
            yield Finding(level, pointer, "required", message, "describe it or do not require it")


def _contradicted(node: JsonObject, pointer: str, context: _Context) -> Iterator[Finding]:
    """A lower bound above the upper one."""
    del context
    pairs = [(*pair, False) for pair in _PAIRS] + [(*pair, True) for pair in _OPEN_PAIRS]
    for lower_name, upper_name, touching in pairs:
        low, high = node.get(lower_name), node.get(upper_name)
        if not isinstance(low, int | float) or not isinstance(high, int | float):
            continue
        if low > high or (touching and low == high):
            message = f"{lower_name} {low} leaves nothing below {upper_name} {high}"
            yield Finding("error", pointer, "bounds", message, "correct one of them")


def _mislabelled(node: JsonObject, pointer: str, context: _Context) -> Iterator[Finding]:
    """Values of an enumeration that the rest of the schema refuses."""
    options = node.get("enum")
    if not isinstance(options, list):
        return
    wrong = [each for each in options if not context.is_valid(each, node)]
    if wrong:
        level: Level = "error" if len(wrong) == len(options) else "warning"
        message = f"{quote(wrong[0])} in enum is not valid for the rest of this schema"
        yield Finding(level, pointer, "enum", message, "correct the type or leave it out")


def _unfit_default(node: JsonObject, pointer: str, context: _Context) -> Iterator[Finding]:
    """A default outside its own schema."""
    if "default" in node and not context.is_valid(node["default"], node):
        message = f"the default {quote(node['default'])} is not valid for its own schema"
        yield Finding("warning", pointer, "default", message, "correct the default or the schema")


def _ambiguous(node: JsonObject, pointer: str, context: _Context) -> Iterator[Finding]:
    """Alternatives that one value may be valid for at once."""
    for keyword in ("oneOf", "anyOf"):
        options = node.get(keyword)
        if isinstance(options, list) and not all_apart(context.references, options):
            message = f"a value may be valid for two alternatives of {keyword}"
            fix = "tell them apart by type, or by a member with a constant that each requires"
            yield Finding("warning", pointer, "ambiguous", message, fix)


def _unsatisfiable(schema: JsonObject, found: list[Finding]) -> Iterator[Finding]:
    """A schema that no value can fit, where no single rule says why."""
    if any(each.level == "error" for each in found):
        return
    try:
        lower(schema, LLGUIDANCE)
    except SchemaError as error:
        fix = "correct its contradictions"
        yield Finding("error", "#", "unsatisfiable", str(error).partition(" (")[0], fix)


_RULES: tuple[_Rule, ...] = (
    _undeclared,
    _contradicted,
    _mislabelled,
    _unfit_default,
    _ambiguous,
)
