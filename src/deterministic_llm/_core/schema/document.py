"""JSON Schema documents as targets: checked when declared, validated in full, nothing fetched.

Types need nothing of this: it is imported where a document is met, since jsonschema, which it is
built on, takes a fifth of the time that all the rest takes to load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import cast

from jsonschema import (
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
    Draft201909Validator,
    Draft202012Validator,
)
from jsonschema.exceptions import SchemaError as InvalidSchema
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from referencing import Registry

from deterministic_llm._core.attempts import Code, Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.choosing import choosing
from deterministic_llm._core.schema.document_sites import site_of_document
from deterministic_llm._core.schema.formats import format_checker
from deterministic_llm._core.schema.redos import backtracking
from deterministic_llm._core.schema.resolving import check_resolved
from deterministic_llm._core.schema.target import Checked, Invalid, JsonTarget, Valid
from deterministic_llm._core.schema.violations import broken, extra, json_path, missing
from deterministic_llm._core.schema.walking import subschemas, untitled
from deterministic_llm._core.schema.wording import lookup, quote
from deterministic_llm.errors import SchemaError

_CODES: Mapping[str, Code] = {
    "enum": "enum",
    "const": "enum",
    "minimum": "range",
    "maximum": "range",
    "exclusiveMinimum": "range",
    "exclusiveMaximum": "range",
    "multipleOf": "range",
    "minLength": "length",
    "maxLength": "length",
    "minItems": "length",
    "maxItems": "length",
    "minProperties": "length",
    "maxProperties": "length",
    "pattern": "pattern",
    "format": "format",
}
_DIALECTS: Mapping[str, type[Validator]] = {
    "http://json-schema.org/draft-04/schema": Draft4Validator,
    "http://json-schema.org/draft-06/schema": Draft6Validator,
    "http://json-schema.org/draft-07/schema": Draft7Validator,
    "https://json-schema.org/draft/2019-09/schema": Draft201909Validator,
    "https://json-schema.org/draft/2020-12/schema": Draft202012Validator,
}
_CHOOSING: Mapping[type[Validator], type[Validator]] = {
    dialect: choosing(dialect) for dialect in _DIALECTS.values()
}
_NEWEST = "https://json-schema.org/draft/2020-12/schema"
_FORMATS = format_checker()
_REFERENCES = ("$ref", "$dynamicRef")


def schema_target(schema: JsonObject, *, name: str) -> JsonTarget[JsonValue]:
    """Compile a JSON Schema document; raises SchemaError when it is invalid or looks outside."""
    try:
        return _compiled(schema, name)
    except RecursionError:
        fix = "give what is inside a name in $defs"
        raise SchemaError(name, "is nested too deep to be checked", fix) from None


def _compiled(schema: JsonObject, name: str) -> JsonTarget[JsonValue]:
    written = schema.get("$schema", _NEWEST)
    dialect = _DIALECTS.get(str(written).rstrip("#"))
    if dialect is None:
        where, problem = f"{name} $schema", f"unknown dialect {quote(written)}"
        raise SchemaError(where, problem, f"use {_NEWEST}")
    _check_valid(dialect, schema, name)
    for pointer, node in subschemas(schema):
        _check_references(node, schema, f"{name} {pointer}")
        _check_patterns(node, f"{name} {pointer}")
    check_resolved(schema, dialect=str(written), name=name)
    plain: JsonObject = {key: schema[key] for key in schema if key != "$schema"}  # it names others
    validator = _CHOOSING[dialect](plain, registry=Registry(), format_checker=_FORMATS)
    decoder = SchemaDecoder(validator, schema)
    site = site_of_document(schema, decoder.part, newest=dialect is Draft202012Validator)
    return JsonTarget(name, untitled(schema), decoder, site=site, documented=True)


def _check_valid(dialect: type[Validator], schema: JsonObject, name: str) -> None:
    try:
        dialect.check_schema(schema)
    except InvalidSchema as error:
        where = f"{name} {json_path(error.absolute_path)}"
        raise SchemaError(
            where, f"not a valid JSON Schema: {error.message}", "correct it"
        ) from None


def _check_references(node: JsonObject, schema: JsonObject, where: str) -> None:
    for keyword in _REFERENCES:
        pointer = node.get(keyword)
        if not isinstance(pointer, str):
            continue
        if not pointer.startswith("#"):
            problem = f"{keyword} to {quote(pointer)}: nothing is fetched from disk or network"
            raise SchemaError(where, problem, "copy it into $defs and refer to '#/$defs/...'")
        if pointer.startswith("#/") and lookup(schema, pointer) is None:
            raise SchemaError(
                where, f"{keyword} to {quote(pointer)}, which is not there", "define it"
            )


def _check_patterns(node: JsonObject, where: str) -> None:
    pattern, of_keys = node.get("pattern"), node.get("patternProperties")
    patterns = [pattern] if isinstance(pattern, str) else []
    for keyword, each in [
        *(("pattern", each) for each in patterns),
        *(("patternProperties", each) for each in (of_keys if isinstance(of_keys, dict) else ())),
    ]:
        if (reason := backtracking(each)) is not None:
            problem = f"can take exponential time: {reason}"
            raise SchemaError(f"{where}/{keyword}", problem, "simplify it")


@frozen
class SchemaDecoder:
    """Validates by *validator*, and says what is wrong in the words of the whole *schema*."""

    validator: Validator
    schema: JsonObject

    def part(self, node: JsonObject) -> SchemaDecoder:
        """What validates a member by *node*, a part of the schema."""
        evolve = cast("Callable[..., Validator]", getattr(self.validator, "evolve"))  # noqa: B009  # untyped
        return replace(self, validator=evolve(schema=node))

    def check(
        self, value: JsonValue, text: str | None = None, context: object = None
    ) -> Checked[JsonValue]:
        """Validate *value*."""
        del text, context  # only types read text faster and have validators of their own
        try:
            errors = sorted(self.validator.iter_errors(value), key=_document_order)
        except OverflowError:  # an integer that is divided by a fraction it is too large for
            return _TOO_LARGE
        if not errors:
            return Valid(value)
        found = [violation for error in errors for violation in self._violations(error)]
        return Invalid(tuple(dict.fromkeys(found)))

    def _violations(self, error: ValidationError) -> Iterator[Violation]:
        location = tuple(error.absolute_path)
        node = cast("JsonObject", error.schema)
        instance = cast("JsonValue", error.instance)
        if error.validator == "required" and isinstance(instance, dict):
            properties = cast("JsonObject", node.get("properties", {}))
            for name in cast("list[str]", error.validator_value):
                if name not in instance:
                    yield missing((*location, name), properties.get(name, {}), self.schema)
        elif error.validator == "additionalProperties" and isinstance(instance, dict):
            known = cast("JsonObject", node.get("properties", {}))
            for name in instance:
                if name not in known:
                    yield extra((*location, name), instance[name])
        else:
            code = _CODES.get(str(error.validator), "type")
            yield broken(code, location, node, instance, self.schema)


_TOO_LARGE = Invalid((Violation("$", "range", "expected no integer beyond all floats"),))


def _document_order(error: ValidationError) -> tuple[int, list[str]]:
    return len(error.absolute_path), [str(token) for token in error.absolute_path]
