"""Which types pydantic validates alike as JSON text and as the Python values of that text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

_CHILDREN: Mapping[str, tuple[str, ...]] = {
    "any": (),
    "bool": (),
    "chain": ("steps",),
    "custom-error": ("schema",),
    "definition-ref": (),
    "definitions": ("schema", "definitions"),
    "default": ("schema",),
    "dict": ("values_schema",),
    "float": (),
    "int": (),
    "list": ("items_schema",),
    "literal": (),
    "model": ("schema",),
    "model-field": ("schema",),
    "model-fields": ("fields", "extras_schema", "extras_keys_schema"),
    "none": (),
    "nullable": ("schema",),
    "str": (),
    "tagged-union": ("choices",),
    "typed-dict": ("fields", "extras_schema"),
    "typed-dict-field": ("schema",),
    "union": ("choices",),
}
_OWN_CODE = ("custom_init", "post_init", "root_model")
_NAMES = ("validation_alias", "discriminator")


def is_plain(core_schema: object) -> bool:
    """Whether a strict validation of JSON text and one of its values give the same output.

    That is so for the kinds that JSON has itself, and for models and typed dictionaries of them,
    with no validator that could see the difference. Dates, enums, tuples, sets, dataclasses and
    unions, but those of labels, are read in other ways from JSON than from Python.
    """
    if not isinstance(core_schema, dict):
        return False
    schema = cast("Mapping[str, object]", core_schema)
    kind = schema.get("type")
    if not isinstance(kind, str) or kind not in _CHILDREN or any(map(schema.get, _OWN_CODE)):
        return False
    if not all(isinstance(schema.get(name, ""), str) for name in _NAMES):
        return False
    if kind == "literal":
        return all(type(each) in _CONSTANTS for each in cast("list[object]", schema["expected"]))
    if kind == "dict" and schema.get("keys_schema", _TEXT) != _TEXT:
        return False  # JSON has keys of text only
    labels = kind != "union" or all(map(_is_label, cast("list[object]", schema["choices"])))
    return labels and all(map(is_plain, _children(schema, _CHILDREN[kind])))


def _is_label(choice: object) -> bool:
    """Whether *choice* is one of the kinds that a label may be of."""
    kinds = {"chain", "literal"}
    return isinstance(choice, dict) and cast("Mapping[str, object]", choice)["type"] in kinds


def keeps_extras(core_schema: object) -> bool:
    """Whether a plain type keeps members that it does not name."""
    schema = cast("Mapping[str, object]", core_schema)
    config = cast("Mapping[str, object]", schema.get("config", {}))
    if "allow" in (schema.get("extra_behavior"), config.get("extra_fields_behavior")):
        return True
    return any(map(keeps_extras, _children(schema, _CHILDREN[str(schema["type"])])))


_TEXT: Mapping[str, object] = {"type": "str"}
_CONSTANTS = frozenset({str, int, bool, type(None)})


def _children(schema: Mapping[str, object], keys: tuple[str, ...]) -> Iterator[object]:
    for key in keys:
        child = schema.get(key)
        if key in {"fields", "choices"} and isinstance(child, dict):
            yield from cast("Mapping[str, object]", child).values()
        elif isinstance(child, list):
            yield from cast("list[object]", child)
        elif child is not None:
            yield child
