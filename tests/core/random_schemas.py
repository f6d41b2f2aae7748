"""JSON Schemas at random, as hypothesis strategies: every keyword that lowering has a rule for."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("name", "score", "größe", "first name", "first_name", "value", "rest", "key", "item0", "x")
_PATTERNS = (r"^\d{2}$", "^[a-z]+$", "[a-z]{2}", r"^(?:ab|c)+$", "(?=a)a", r"\bx", "a|b$")
_KEY_PATTERNS = ("^x-", "^[a-z]+$", r"^\d+$")
_KEYS = ({"pattern": "^[a-z]*$"}, {"enum": ["near", "Far"]})
_FORMATS = ("date", "email", "uuid", "uri", "ipv4", "int32")


@st.composite
def documents(draw: st.DrawFn) -> Any:
    """A whole schema, whose parts may refer to each other and to the whole."""
    schema = dict(draw(_nodes(3)))
    definitions = draw(st.dictionaries(st.sampled_from(("Part", "a/b")), _nodes(2), max_size=2))
    definitions.setdefault("Part", {"type": "object", "properties": {"next": {"$ref": "#"}}})
    definitions.setdefault("a/b", {"type": "string"})
    return {**schema, "$defs": definitions}


def _nodes(depth: int) -> st.SearchStrategy[Any]:
    if depth == 0:
        return _scalars() | _constants() | st.just({})
    inner = _nodes(depth - 1)
    return (
        _scalars()
        | _constants()
        | _objects(inner)
        | _objects(inner)
        | _maps(inner)
        | _arrays(inner)
        | _rows(inner)
        | _unions(inner)
        | _intersections(inner)
        | _references()
    )


@st.composite
def _scalars(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(("string", "number", "integer", "boolean", "null")))
    node: Any = {"type": kind, **draw(_said())}
    if kind == "string":
        low = draw(st.integers(0, 3))
        node |= draw(_some(minLength=st.just(low), maxLength=st.integers(low, 60)))
        node |= draw(_some(pattern=st.sampled_from(_PATTERNS), format=st.sampled_from(_FORMATS)))
    elif kind in {"number", "integer"}:
        low = draw(st.integers(-4, 4))
        node |= draw(_some(minimum=st.just(low), maximum=st.integers(low, 20)))
        node |= draw(_some(exclusiveMinimum=st.just(low - 1), exclusiveMaximum=st.just(21)))
        node |= draw(_some(multipleOf=st.sampled_from((1, 2, 0.5))))
    if draw(st.integers(0, 4)) == 0 and kind != "null":
        node["type"] = [kind, "null"]
    return node


@st.composite
def _constants(draw: st.DrawFn) -> Any:
    values = (1, 2.5, "A", "b", "a", True, None, [1], {"k": 1}, "far")
    if draw(st.booleans()):
        return {"enum": draw(st.lists(st.sampled_from(values), min_size=1, max_size=4))}
    return {"const": draw(st.sampled_from(values)), **draw(_said())}


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> Any:
    properties = draw(st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=4))
    required = [name for name in properties if draw(st.booleans())]
    node: Any = {"type": "object", "properties": properties, "required": required, **draw(_said())}
    node |= draw(_some(additionalProperties=st.booleans() | inner))
    node |= draw(_some(minProperties=st.integers(0, 2), maxProperties=st.integers(4, 9)))
    node |= draw(_some(**{"not": st.just({"required": ["zz"]})}))
    if draw(st.integers(0, 5)) == 0:
        node["patternProperties"] = {draw(st.sampled_from(_KEY_PATTERNS)): draw(inner)}
    if draw(st.integers(0, 5)) == 0:
        name, other = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
        node |= {"if": {"required": [name]}, "then": {"properties": {other: draw(inner)}}}
    if draw(st.integers(0, 5)) == 0:
        node["anyOf"] = [{"required": [name]} for name in properties]
    return node


@st.composite
def _maps(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> Any:
    node: Any = {"type": "object", "additionalProperties": draw(inner)}
    node |= draw(_some(minProperties=st.integers(0, 1), maxProperties=st.integers(2, 9)))
    node |= draw(_some(propertyNames=st.sampled_from(_KEYS)))
    if draw(st.integers(0, 3)) == 0:
        node["patternProperties"] = {draw(st.sampled_from(_KEY_PATTERNS)): draw(inner)}
        node["additionalProperties"] = False
    return node


@st.composite
def _arrays(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> Any:
    node: Any = {"type": "array", **draw(_some(items=inner)), **draw(_said())}
    node |= draw(_some(minItems=st.integers(0, 2), maxItems=st.integers(2, 5)))
    return node | draw(_some(uniqueItems=st.booleans(), contains=st.just({})))


@st.composite
def _rows(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> Any:
    first = draw(st.lists(inner, min_size=1, max_size=3))
    node: Any = {"type": "array", "prefixItems": first}
    node |= draw(_some(items=st.booleans() | inner))
    return node | draw(_some(minItems=st.integers(0, len(first)), maxItems=st.integers(1, 4)))


@st.composite
def _unions(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> Any:
    keyword = draw(st.sampled_from(("anyOf", "oneOf")))
    options = draw(st.lists(inner | st.just({"type": "null"}), min_size=1, max_size=3))
    return {keyword: options, **draw(_said())}


@st.composite
def _intersections(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> Any:
    parts = draw(st.lists(_objects(inner) | _references(), min_size=1, max_size=2))
    return {"allOf": parts, **draw(_said())}


def _references() -> st.SearchStrategy[Any]:
    return st.sampled_from(
        ({"$ref": "#"}, {"$ref": "#/$defs/Part"}, {"$ref": "#/$defs/a~1b", "description": "named"})
    )


def _said() -> st.SearchStrategy[Any]:
    return _some(description=st.just("what it is."), title=st.just("T"), default=st.just(1))


@st.composite
def _some(draw: st.DrawFn, **keywords: st.SearchStrategy[Any]) -> Any:
    return {name: draw(each) for name, each in keywords.items() if draw(st.integers(0, 3)) == 0}
