"""Python types as targets: pydantic validates, its JSON Schema says what is wanted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import cast

from pydantic import BaseModel, PydanticUserError, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import SchemaValidator, core_schema
from typing_extensions import TypeForm, TypeVar, override

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.complaints import Complaints
from deterministic_llm._core.schema.exactness import exact, validator_of
from deterministic_llm._core.schema.keys import with_text_keys
from deterministic_llm._core.schema.kinds import has_floats
from deterministic_llm._core.schema.losses import CAN_FORBID, may_lose
from deterministic_llm._core.schema.membership import count_of
from deterministic_llm._core.schema.plainness import is_plain, keeps_extras
from deterministic_llm._core.schema.target import Direct, JsonTarget
from deterministic_llm._core.schema.twins import twins_of
from deterministic_llm._core.schema.typed_sites import site_of_type
from deterministic_llm._core.schema.validating import TypeDecoder
from deterministic_llm._core.schema.walking import rewritten, untitled
from deterministic_llm.errors import SchemaError

T = TypeVar("T")

RULES = "x-rules"
"""The schema keyword of rules in words; a description of the field would take the place of ours."""


def typed_target(output_type: TypeForm[T]) -> JsonTarget[T]:
    """Compile *output_type*, anything that pydantic can validate from JSON.

    Raises SchemaError when it cannot.
    """
    name = _name(output_type)
    _check_type(name, output_type)
    try:
        adapter: TypeAdapter[T] = TypeAdapter(output_type)
        written = untitled(cast("JsonObject", adapter.json_schema(schema_generator=_Marked)))
    except (PydanticUserError, NameError) as error:
        problem = str(error).partition("\n")[0]
        fix = "use a type that pydantic can read from JSON"
        raise SchemaError(name, f"this type cannot be a target: {problem}", fix) from error
    schema = _at_the_root(with_text_keys(cast("JsonObject", rewritten(written, _told))))
    core = exact(adapter.core_schema)
    own = core is adapter.core_schema
    validator = cast("SchemaValidator", adapter.validator) if own else validator_of(core, {})
    floats, twins = has_floats(schema), twins_of(core)
    plain = (twins is None or not twins.keys) and is_plain(core)
    if plain and twins is not None:  # what is refused as another member is looked at again
        plain = CAN_FORBID and not keeps_extras(core)
    validate = validator.validate_python if plain else None
    closable = plain and CAN_FORBID and not keeps_extras(core)
    loses = may_lose(core)
    decoder = TypeDecoder(validator, Complaints(schema), floats, validate, twins, loses)
    site = site_of_type(core, schema)
    members = count_of(core) if closable else None
    direct = None if members is None else Direct(validator.validate_json, members)
    return JsonTarget(name, schema, decoder, floats, validate, closable, direct, site)


def _name(output_type: object) -> str:
    named = isinstance(output_type, type | FunctionType | BuiltinFunctionType | MethodType)
    return cast("type", output_type).__name__ if named else str(output_type)


def _check_type(name: str, output_type: object) -> None:
    """Refuse what is no type although pydantic finds something that it could mean."""
    for kind, problem, fix in _NO_TYPES:
        if isinstance(output_type, kind):
            raise SchemaError(name, problem, fix)
    if output_type is BaseModel:
        raise SchemaError(name, "has no members", "name a class of your own that is derived of it")


_FORMS = (
    'write Template("Score: {score:int}") for a text with fields, Choice("a", "b") for words, or '
    "the type itself"
)
_NO_TYPES = (
    (
        FunctionType | BuiltinFunctionType | MethodType,
        "is a function and no type",
        "name the type that is wanted, as in @enforce(TYPE)",
    ),
    (Mapping, "is a dict and no type", "wrap a JSON Schema in Schema(...)"),
    (str, "is a text and no type", _FORMS),
    (list, "is a list and no type", "write list[TYPE]"),
    (tuple, "is a tuple and no type", "write A | B for one of them, tuple[A, B] for both"),
    (BaseModel, "is an instance and no type", "name its class"),
)
"""What is written by mistake where a type is wanted."""


def _told(node: JsonObject) -> JsonObject:
    """*node* with its rules as a part of the description, where models read them."""
    rules = node.get(RULES)
    if not isinstance(rules, list):
        return node
    known = node.get("description")
    parts = [known.rstrip(". ")] if isinstance(known, str) and known.strip() else []
    told: JsonValue = "; ".join([*parts, *map(str, rules)])
    return {**{key: node[key] for key in node if key != RULES}, "description": told}


def _at_the_root(schema: JsonObject) -> JsonObject:
    """*schema* with what its root alone refers to put there: some servers follow no such root."""
    pointer, definitions = schema.get("$ref"), schema.get("$defs")
    if not isinstance(pointer, str) or not isinstance(definitions, dict):
        return schema
    name = pointer.removeprefix("#/$defs/")
    known = definitions.get(name)
    if not isinstance(known, dict) or json.dumps(schema).count(json.dumps(pointer)) > 1:
        return schema
    said = [each.get("description") for each in (known, schema)]
    told = "; ".join(each.rstrip(". ") for each in said if isinstance(each, str))
    others = {key: node for key, node in definitions.items() if key != name}
    root: JsonObject = {"$defs": others} if others else {}
    return root | known | ({"description": told} if told else {})


class _Marked(GenerateJsonSchema):
    """Decimals are told apart from a union of number and text, so that their digits are kept.

    What is no value of its own is no target.
    """

    @override
    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return {**super().decimal_schema(schema), "format": "decimal"}

    @override
    def generator_schema(self, schema: core_schema.GeneratorSchema) -> JsonSchemaValue:
        """Refuse it: whether its items are valid would be seen long after we said so."""
        message = (
            "items of an Iterable are validated when they are taken, those of a list at once: "
            "write list[TYPE]"
        )
        raise PydanticUserError(message, code=None)

    @override
    def is_subclass_schema(self, schema: core_schema.IsSubclassSchema) -> JsonSchemaValue:
        """Refuse it: pydantic writes it as any value, and no value is a class."""
        name = cast("type", schema["cls"]).__name__
        message = f"type[{name}] is a class, which no JSON says"
        raise PydanticUserError(message, code=None)

    @override
    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        """Each value once: two names may stand for one, and some servers refuse it twice."""
        written = super().enum_schema(schema)
        if "enum" in written:
            written["enum"] = [*{json.dumps(each): each for each in written["enum"]}.values()]
        return written

    @override
    def model_field_schema(self, schema: core_schema.ModelField) -> JsonSchemaValue:
        self._check_alias(schema.get("validation_alias"))
        return super().model_field_schema(schema)

    @override
    def dataclass_field_schema(self, schema: core_schema.DataclassField) -> JsonSchemaValue:
        self._check_alias(schema.get("validation_alias"))
        return super().dataclass_field_schema(schema)

    @override
    def typed_dict_field_schema(self, schema: core_schema.TypedDictField) -> JsonSchemaValue:
        self._check_alias(schema.get("validation_alias"))
        return super().typed_dict_field_schema(schema)

    def _check_alias(self, alias: object) -> None:
        """Refuse a member that is only read from within another: the schema shows it elsewhere."""
        path = cast("list[object]", alias) if isinstance(alias, list) else []
        named = self._config.config_dict
        if not path or named.get("validate_by_name") or named.get("populate_by_name"):
            return
        paths = path if isinstance(path[0], list) else None
        if paths is None or all(len(cast("list[object]", each)) > 1 for each in paths):
            raise PydanticUserError(_WITHIN, code=None)


_WITHIN = (
    "a member with an AliasPath is read from within another one, and its schema shows it as a "
    "member of its own: declare the outer one, or add a plain alias (AliasChoices)"
)
