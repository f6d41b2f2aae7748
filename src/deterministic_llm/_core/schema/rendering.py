"""A schema as a compact notation for prompts: TypeScript with bounds, and no constraint is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.naming import CONDITIONS, named, reference
from deterministic_llm._core.schema.notation import (
    ANY,
    NEVER,
    NULL,
    Phrase,
    either,
    every,
    record,
    row,
    sequence,
    statement,
    word,
)
from deterministic_llm._core.schema.walking import rewritten
from deterministic_llm._core.schema.wording import describe, lookup

_WORDS = {"integer": "int", "null": "null"}
_KIND_OF: Mapping[type[object], str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
_NUMERIC = ("integer", "number")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_MEASURES = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}
_OBJECT = ("properties", "required", "additionalProperties", "patternProperties")
_ARRAY = ("items", "prefixItems", "additionalItems")
_SHAPES = frozenset({*_OBJECT, *_ARRAY})
_UNWRITTEN = frozenset(
    {"title", "$schema", "$id", "id", "$comment", "$anchor", "$dynamicAnchor", "$defs"}
    | {"definitions", "$vocabulary"},
)
_WRITTEN = frozenset(
    {"type", "enum", "const", "anyOf", "oneOf", "allOf", "description"} | _SHAPES,
)


def render(schema: JsonObject) -> str:
    """*schema* as types: a line a member, bounds beside, descriptions and the rest as comments.

    What recurs or is used twice is a type of its own below.
    """
    scope = _Scope(schema, named(schema))
    whole = word(scope.names["#"]) if "#" in scope.names else _phrase(schema, scope)
    lines = list(statement("", whole))
    for pointer, name in scope.names.items():
        lines += statement(f"type {name} = ", _phrase(lookup(schema, pointer), scope))
    return "\n".join(lines)


@frozen
class _Scope:
    root: JsonObject
    names: Mapping[str, str]


def _phrase(node: JsonValue, scope: _Scope) -> Phrase:
    if not isinstance(node, dict):
        return NEVER if node is False else ANY
    parts = [*_referred(node, scope), *_constants(node), *_kinds(node, scope)]
    parts += _combined(node, scope)
    return every(parts or [ANY]).noted([*_notes(node, scope), *_description(node)])


def _referred(node: JsonObject, scope: _Scope) -> Iterator[Phrase]:
    pointer = reference(node, scope.root)
    if pointer is None:
        return
    if pointer in scope.names:
        yield word(scope.names[pointer])
    else:
        yield _phrase(lookup(scope.root, pointer), scope)


def _constants(node: JsonObject) -> Iterator[Phrase]:
    if "const" in node:
        yield word(_literal(node["const"]))
    options = node.get("enum")
    if isinstance(options, list):
        yield either([word(_literal(option)) for option in options]) if options else NEVER


def _combined(node: JsonObject, scope: _Scope) -> Iterator[Phrase]:
    for keyword, combine in (("anyOf", either), ("oneOf", either), ("allOf", every)):
        members = node.get(keyword)
        if isinstance(members, list) and members:
            yield combine([_phrase(member, scope) for member in members])


def _kinds(node: JsonObject, scope: _Scope) -> Iterator[Phrase]:
    kinds = _types(node)
    if kinds and not _implied(node, kinds):
        yield either([_kind(kind, node, scope) for kind in kinds])


def _types(node: JsonObject) -> list[str]:
    """The types that *node* names, or else the one that its keywords speak of."""
    written = node.get("type")
    if isinstance(written, str):
        return [written]
    if isinstance(written, list):
        return [kind for kind in written if isinstance(kind, str)]
    if any(keyword in node for keyword in _OBJECT):
        return ["object"]
    return ["array"] if any(keyword in node for keyword in _ARRAY) else []


def _implied(node: JsonObject, kinds: list[str]) -> bool:
    """Whether constants say all that the types say."""
    if not node.keys() & {"const", "enum"} or node.keys() & {*_SHAPES, *_BOUNDS}:
        return False
    options = [node["const"]] if "const" in node else node["enum"]
    if not isinstance(options, list):
        return False
    return all(_KIND_OF[type(option)] in kinds or "number" in kinds for option in options)


def _kind(kind: str, node: JsonObject, scope: _Scope) -> Phrase:
    if kind == "object":
        return _object(node, scope)
    if kind == "array":
        return _array(node, scope)
    if kind == "null":
        return NULL
    bounds = _range(node) if kind in _NUMERIC else ""
    return word(_WORDS.get(kind, kind) + bounds)


def _range(node: JsonObject) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        text = f" {low}..{high}"
    else:
        text = ("" if low is None else f" >={low}") + ("" if high is None else f" <={high}")
    for keyword, sign in (("exclusiveMinimum", ">"), ("exclusiveMaximum", "<")):
        if _placed(keyword, node):
            text += f" {sign}{node[keyword]}"
    return text


def _placed(keyword: str, node: JsonObject) -> bool:
    """Whether a bound stands beside a type; draft 4 wrote booleans for some."""
    bounded = any(kind in _NUMERIC for kind in _types(node))
    return bounded and keyword in node and not isinstance(node[keyword], bool)


def _object(node: JsonObject, scope: _Scope) -> Phrase:
    required = _names_in(node, "required")
    properties = _schemas(node, "properties")
    members = [
        (f"{_key(name)}{'' if name in required else '?'}: ", _phrase(each, scope))
        for name, each in properties.items()
    ]
    members += [(f"{_key(name)}: ", ANY) for name in required if name not in properties]
    members += [
        (f"[key: /{pattern}/]: ", _phrase(each, scope))
        for pattern, each in _schemas(node, "patternProperties").items()
    ]
    others = node.get("additionalProperties", True)
    if others is not False and (isinstance(others, dict) or not members):
        members.append(("[key: string]: ", _phrase(others, scope)))
    return record(members)


def _array(node: JsonObject, scope: _Scope) -> Phrase:
    items = node.get("prefixItems", node.get("items", True))
    if not isinstance(items, list):
        return sequence(_phrase(items, scope))
    rest = node.get("items" if "prefixItems" in node else "additionalItems", True)
    least, most = node.get("minItems"), node.get("maxItems")
    closed = rest is False or (isinstance(most, int) and most <= len(items))
    return row(
        [_phrase(item, scope) for item in items],
        required=least if isinstance(least, int) else 0,
        rest=None if closed else _phrase(rest, scope),
    )


def _notes(node: JsonObject, scope: _Scope) -> Iterator[str]:
    for kind, measures in _MEASURES.items():
        told = {keyword: node[keyword] for keyword in measures if keyword in node}
        if told and not _fixed_row(node, kind):
            yield describe({"type": kind, **told}).partition(" of ")[2]
    for keyword, value in node.items():
        if keyword in _SAID:
            yield from _SAID[keyword](value)
        elif not _written(keyword, node, scope):
            yield f"{keyword}={_quoted(keyword, value, scope)}"
    if node.get("additionalProperties") is False:
        yield "no other keys"


def _written(keyword: str, node: JsonObject, scope: _Scope) -> bool:
    if keyword in _UNWRITTEN or keyword in _WRITTEN:
        return True
    if keyword in {"$ref", "$dynamicRef"}:
        return reference(node, scope.root) is not None
    measured = any(keyword in measures for measures in _MEASURES.values())
    return measured or (keyword in _BOUNDS and _placed(keyword, node))


def _fixed_row(node: JsonObject, kind: str) -> bool:
    """Whether a list's length is plain from its items."""
    items = node.get("prefixItems", node.get("items"))
    if kind != "array" or not isinstance(items, list):
        return False
    return node.get("minItems") == node.get("maxItems") == len(items)


def _description(node: JsonObject) -> Iterator[str]:
    description = node.get("description")
    if isinstance(description, str) and description.strip():
        yield description.strip()


def _format(form: JsonValue) -> Iterator[str]:
    said = describe({"type": "string", "format": form})
    yield f"format={form}" if said == "a string" else said


def _unique(value: JsonValue) -> Iterator[str]:
    if value is True:
        yield "no duplicates"


def _default(value: JsonValue) -> Iterator[str]:
    if value is not None:
        yield f"default {_literal(value)}"


def _discriminator(value: JsonValue) -> Iterator[str]:
    name = value.get("propertyName") if isinstance(value, dict) else value
    yield f"told apart by {name}"


_SAID: Mapping[str, Callable[[JsonValue], Iterator[str]]] = {
    "pattern": lambda value: iter((f"matches {value}",)),
    "format": _format,
    "multipleOf": lambda value: iter((f"a multiple of {value}",)),
    "uniqueItems": _unique,
    "default": _default,
    "discriminator": _discriminator,
}


def _quoted(keyword: str, value: JsonValue, scope: _Scope) -> str:
    if keyword not in CONDITIONS:
        return _literal(value)

    def renamed(node: JsonObject) -> JsonObject:
        pointer = reference(node, scope.root)
        return node if pointer is None else {**node, "$ref": scope.names[pointer]}

    lean = rewritten({keyword: value}, renamed)
    return _literal(lean[keyword] if isinstance(lean, dict) else value)


def _schemas(node: JsonObject, keyword: str) -> JsonObject:
    value = node.get(keyword)
    return value if isinstance(value, dict) else {}


def _names_in(node: JsonObject, keyword: str) -> list[str]:
    value = node.get(keyword)
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_$][\w$]*", name) else _literal(name)


def _literal(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
