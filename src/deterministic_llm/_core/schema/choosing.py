"""Validators of JSON Schema that leave an alternative at the first thing which it refuses.

Those of `jsonschema` gather all that each of them refuses: of a value that holds itself, as trees
do, each part is then looked at twice as often as the one around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, cast

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from referencing import Registry

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.formats import format_checker


class _Descending(Protocol):
    def descend(
        self, instance: JsonValue, schema: JsonValue, *, schema_path: int
    ) -> Iterator[ValidationError]:
        """What *schema* refuses of *instance*, one after another."""
        ...


def choosing(kind: type[Validator]) -> type[Validator]:
    """*kind* with our own ``anyOf`` and ``oneOf``, which tell the same values apart."""
    made = cast("Callable[..., type[Validator]]", getattr(validators, "extend"))  # noqa: B009  # untyped
    return made(kind, validators={"anyOf": _any_of, "oneOf": _one_of})


def _any_of(
    validator: _Descending, options: Sequence[JsonValue], instance: JsonValue, schema: JsonObject
) -> Iterator[ValidationError]:
    del schema
    if next(_fitting(validator, options, instance), None) is None:
        yield ValidationError("fits none of the alternatives")


def _one_of(
    validator: _Descending, options: Sequence[JsonValue], instance: JsonValue, schema: JsonObject
) -> Iterator[ValidationError]:
    del schema
    fitting = _fitting(validator, options, instance)
    if next(fitting, None) is None:
        yield ValidationError("fits none of the alternatives")
    elif next(fitting, None) is not None:
        yield ValidationError("fits several of the alternatives")


def _fitting(
    validator: _Descending, options: Sequence[JsonValue], instance: JsonValue
) -> Iterator[int]:
    """The indices of the *options* that *instance* is valid for."""
    for index, option in enumerate(options):
        refused = validator.descend(instance, option, schema_path=index)
        if next(refused, None) is None:
            yield index


NEWEST = choosing(Draft202012Validator)
"""The validator of 2020-12."""
_FORMATS = format_checker()


def newest(schema: JsonObject) -> Validator:
    """It for *schema*, formats included; nothing is fetched."""
    return NEWEST(schema, registry=Registry(), format_checker=_FORMATS)
