"""A member that may be left out, in the way that the dialect has for it."""

from __future__ import annotations

from dataclasses import replace

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.lowering.records import Optional
from deterministic_llm._core.schema.lowering.scope import Low, Place, Scope

_SCALARS = frozenset({"string", "number", "integer", "boolean"})


def left_out(scope: Scope, low: Low, node: JsonValue, place: Place) -> tuple[Low, bool]:
    """*low* as a member that may be left out, and whether it is required all the same.

    Where it is, null says that it is left out; where null is a value of *node* itself, it stays one
    and the difference is a recorded loss.
    """
    dialect, spent = scope.dialect, scope.spent
    has_room = dialect.max_optional is None or spent.optional < dialect.max_optional
    if has_room and not dialect.all_required:
        spent.optional += 1
        return low, False
    if _has_null(scope, low.schema):
        scope.lose(place, "required", "null")
        return replace(low, codec=Optional(low.codec, keeps_null=True)), True
    nullable = with_null(scope, low)
    if nullable is None:
        return optional_text(scope, low, node, place), True
    keeps_null = _takes_null(scope, node)
    if keeps_null:
        scope.lose(place, "required", "null")
    return replace(nullable, codec=Optional(nullable.codec, keeps_null=keeps_null)), True


def optional_text(scope: Scope, low: Low, node: JsonValue, place: Place) -> Low:
    """A member as JSON text, in which null says that it is left out."""
    inner = {"description": low.schema["description"]} if "description" in low.schema else {}
    takes_null = _takes_null(scope, node)
    nothing = "an empty string" if takes_null else "null"
    text = scope.text(inner, place, f"it, or {nothing} to leave it out")
    return replace(text, codec=Optional(text.codec, nothing="" if takes_null else "null"))


def _takes_null(scope: Scope, node: JsonValue) -> bool:
    kind = node.get("type") if isinstance(node, dict) else None
    if isinstance(kind, str) or (isinstance(kind, list) and "null" not in kind):
        return kind == "null"
    return scope.fits(node)(None)


def with_null(scope: Scope, low: Low) -> Low | None:
    """*low*, or null; None where the dialect has no way, or no room, to say that."""
    dialect = scope.dialect
    if _has_null(scope, low.schema):
        return low
    kind = low.schema.get("type")
    is_union = "anyOf" in low.schema or isinstance(kind, list)
    if not dialect.unions or not (is_union or scope.takes_union()):
        return None
    kinds = low.kinds | {"null"}
    if dialect.type_lists and (
        isinstance(kind, list) or (isinstance(kind, str) and kind in _SCALARS)
    ):
        return replace(low, schema=_listed(low.schema, kind), kinds=kinds)
    return replace(low, schema=_either(low.schema), kinds=kinds)


def _has_null(scope: Scope, schema: JsonObject) -> bool:
    """Whether null is a value of *schema*, as far as it is lowered by now."""
    kind, options, values = schema.get("type"), schema.get("anyOf"), schema.get("enum")
    if "$ref" in schema:
        known = scope.definition(str(schema["$ref"]))
        return known is not None and _has_null(scope, known)
    if not schema.keys() & {"type", "anyOf"}:
        return True
    if isinstance(options, list):
        return any(isinstance(each, dict) and _has_null(scope, each) for each in options)
    named = kind if isinstance(kind, list) else [kind]
    return "null" in named and (not isinstance(values, list) or None in values)


def _listed(schema: JsonObject, kind: JsonValue) -> JsonObject:
    changed: JsonObject = {
        **schema,
        "type": [*(kind if isinstance(kind, list) else [kind]), "null"],
    }
    if "const" in changed:
        changed["enum"] = [changed.pop("const")]
    options = changed.get("enum")
    if isinstance(options, list):
        changed["enum"] = [*options, None]
    return changed


def _either(schema: JsonObject) -> JsonObject:
    null: JsonObject = {"type": "null"}
    options = schema.get("anyOf")
    if isinstance(options, list):
        return {**schema, "anyOf": [*options, null]}
    inner = {key: schema[key] for key in schema if key != "description"}
    said = {key: schema[key] for key in schema if key == "description"}
    return {"anyOf": [inner, null], **said}
