"""What validators report, as violations in our own words: path, expected, got, fix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deterministic_llm._core.attempts import Code, Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.remembering import remembered
from deterministic_llm._core.schema.wording import describe, quote, resolve

Location = Sequence[str | int]
"""The keys and indices that lead to a member."""


def json_path(location: Iterable[str | int]) -> str:
    """*location* as JSONPath: ``$.items[0].name``."""
    return "$" + "".join(map(step, location))


@remembered(4096)
def step(token: str | int) -> str:
    """The part of a JSONPath that leads to the member *token*: ``.name`` or ``[0]``."""
    if isinstance(token, int):
        return f"[{token}]"
    return f".{token}" if token.isidentifier() else f"[{quote(token)}]"


def broken(
    code: Code, location: Location, node: JsonValue, got: object, root: JsonObject
) -> Violation:
    """The value *got* at *location* does not fit *node*."""
    return with_got(rule(code, location, node, root), got)


def rule(code: Code, location: Location, node: JsonValue, root: JsonObject) -> Violation:
    """What is wanted at *location*, whatever was got there instead."""
    wanted = describe(node, root=root)
    return Violation(json_path(location), code, f"expected {wanted}", fix=fix_for(code, wanted))


def with_got(said: Violation, got: object) -> Violation:
    """*said* of the value *got*."""
    return Violation(said.path, said.code, said.expected, quote(got), said.fix)


def missing(location: Location, node: JsonValue, root: JsonObject) -> Violation:
    """The required member at *location* is not there."""
    path = json_path(location)
    wanted = describe(node, root=root)
    return Violation(path, "missing", f"expected {wanted}", "nothing", f"add {quote(location[-1])}")


def extra(location: Location, got: object) -> Violation:
    """The member at *location* is one that the target does not have."""
    path = json_path(location)
    return Violation(path, "extra", "expected no such member", quote(got), "leave it out")


def member(node: JsonValue, token: str | int, root: JsonObject, *, depth: int = 8) -> JsonValue:
    """The schema of the member *token* of *node*; {} when *depth* alternatives down none says."""
    resolved = resolve(node, root=root)
    if not isinstance(resolved, dict) or not depth:
        return {}
    found = _of_object(resolved, token) if isinstance(token, str) else _of_array(resolved, token)
    return found if found is not None else _of_branches(resolved, token, root, depth=depth - 1)


def _of_object(node: JsonObject, token: str) -> JsonValue:
    properties = node.get("properties")
    if isinstance(properties, dict) and token in properties:
        return properties[token]
    others = node.get("additionalProperties")
    return others if isinstance(others, dict) else None


def _of_array(node: JsonObject, token: int) -> JsonValue:
    first = node.get("prefixItems")
    if isinstance(first, list) and token < len(first):
        return first[token]
    items = node.get("items")
    return items if isinstance(items, dict) else None


def _of_branches(node: JsonObject, token: str | int, root: JsonObject, *, depth: int) -> JsonValue:
    for keyword in ("anyOf", "oneOf", "allOf"):
        branches = node.get(keyword)
        for branch in branches if isinstance(branches, list) else ():
            found = member(branch, token, root, depth=depth)
            if found != {}:
                return found
    return {}


def fix_for(code: Code, wanted: str) -> str | None:
    """What to do about a violation of kind *code*, said to whoever writes the answer."""
    if code == "range":
        return f"choose {wanted.replace('an integer', 'a number')}"
    if code in ("type", "format", "pattern", "length"):
        return f"write {wanted}"
    if code == "enum":
        return "use one of the allowed values, letter by letter"
    return None
