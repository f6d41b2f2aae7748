"""A schema node or a value in words, the same for people and for the model that is asked again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.regexes import expression

CLIP = 200
"""Characters of a value that a message quotes."""
_LONGEST_ESCAPE = 6
_NOUNS = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_FORMATS = {
    "date": "a date (YYYY-MM-DD)",
    "date-time": "a date and time (YYYY-MM-DDThh:mm:ss)",
    "time": "a time (hh:mm:ss)",
    "duration": "a duration (ISO 8601)",
    "email": "an e-mail address",
    "uri": "a URL",
    "uuid": "a UUID",
}
_MEASURES = {
    "array": ("minItems", "maxItems", "item"),
    "string": ("minLength", "maxLength", "character"),
    "object": ("minProperties", "maxProperties", "member"),
}


def quote(value: object) -> str:
    """*value* as JSON text, clipped to 200 characters; half a surrogate pair stays an escape.

    A clipped string is closed all the same: what a model wrote never gets out of its quotes, nor
    begins a line, nor turns around what stands behind it.
    """
    text = _json(value)
    if len(text) <= CLIP:
        return text
    if not isinstance(value, str):
        return f"{text[: CLIP - 1]}…"
    kept = value[:CLIP]
    while len(text := _json(f"{kept}…")) > CLIP:
        kept = kept[: -max(1, (len(text) - CLIP) // _LONGEST_ESCAPE)]
    return text


def _json(value: object) -> str:
    text = str(value) if type(value) is int else _WRITE(value)  # so JSON writes it, at once
    if text.isascii():
        return text
    text = _TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.encode(errors="backslashreplace").decode()


_TURNING = expression(r"[\x80-\x9f\u2028-\u202e\u2066-\u2069]")
"""Ends of lines, controls of terminals, and what reorders the text after it."""


_WRITE = json.JSONEncoder(ensure_ascii=False, default=str).encode


def describe(node: JsonValue, *, root: JsonObject | None = None) -> str:
    """What *node* admits, as a noun phrase: ``an integer from 0 to 10``."""
    resolved = resolve(node, root=root)
    if not isinstance(resolved, dict):
        return "any value"
    return (
        _constants(resolved)
        or _alternatives(resolved, root if root is not None else resolved)
        or _plain(resolved)
    )


def resolve(node: JsonValue, *, root: JsonObject | None) -> JsonValue:
    """*node*, or what its local ``$ref`` points to in *root*, followed at most 50 times."""
    for _ in range(50):
        if not isinstance(node, dict) or not isinstance(pointer := node.get("$ref"), str):
            return node
        target = lookup(root or {}, pointer)
        if target is None:
            return node
        node = target
    return node


def lookup(root: JsonObject, pointer: str) -> JsonValue:
    """The node at a local JSON pointer such as ``#/$defs/Item``; None when there is none.

    As in any address a character may be written with percent signs.
    """
    if pointer != "#" and not pointer.startswith("#/"):
        return None
    plain = _ENCODED.sub(_decoded, pointer)
    node = _at(root, plain)
    return _at(root, pointer) if node is None and plain != pointer else node


_ENCODED = expression("(?:%[0-9A-Fa-f]{2})+")


def _decoded(found: re.Match[str]) -> str:
    return bytes.fromhex(found.group().replace("%", "")).decode(errors="replace")


def _at(root: JsonObject, pointer: str) -> JsonValue:
    node: JsonValue = root
    for token in pointer[1:].split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict):
            node = node.get(name)
        elif isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        else:
            return None
    return node


def _constants(node: JsonObject) -> str | None:
    if "const" in node:
        return quote(node["const"])
    options = node.get("enum")
    if not isinstance(options, list):
        return None
    return one_of([quote(option) for option in options])


def one_of(options: Sequence[str]) -> str:
    """*options* as a phrase: ``"a"``, ``"a" or "b"``, ``one of "a", "b", "c"``."""
    if len(options) <= 2:
        return " or ".join(options)
    shown = ", ".join(options[:30])
    return f"one of {shown}" if len(options) <= 30 else f"one of {shown}, …"


def _alternatives(node: JsonObject, root: JsonObject) -> str | None:
    for keyword in ("anyOf", "oneOf"):
        members = node.get(keyword)
        if isinstance(members, list):
            phrases = dict.fromkeys(describe(member, root=root) for member in members)
            return " or ".join(phrases)
    return None


def _plain(node: JsonObject) -> str:
    kind = node.get("type")
    if isinstance(kind, list):
        return " or ".join(_plain({**node, "type": each}) for each in kind)
    if not isinstance(kind, str):
        return "any value"
    form = node.get("format")
    noun = _FORMATS.get(form) if isinstance(form, str) else None
    noun = noun or _NOUNS.get(kind, kind)
    return noun + _bounds(node) + _measure(node, kind) + _shape(node)


def _bounds(node: JsonObject) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        words = f" from {low} to {high}"
    elif low is not None:
        words = f" of at least {low}"
    elif high is not None:
        words = f" of at most {high}"
    else:
        words = ""
    if (above := node.get("exclusiveMinimum")) is not None:
        words += f" above {above}"
    if (below := node.get("exclusiveMaximum")) is not None:
        words += f" below {below}"
    if (step := node.get("multipleOf")) is not None:
        words += f", a multiple of {step}"
    return words


def _measure(node: JsonObject, kind: str) -> str:
    if kind not in _MEASURES:
        return ""
    least, most, unit = _MEASURES[kind]
    low, high = node.get(least), node.get(most)
    if low is None and high is None:
        return ""
    if low == high:
        amount = f"{low}"
    elif low is None:
        amount = f"at most {high}"
    elif high is None:
        amount = f"at least {low}"
    else:
        amount = f"{low} to {high}"
    plural = "" if amount.endswith(" 1") or amount == "1" else "s"
    return f" of {amount} {unit}{plural}"


def _shape(node: JsonObject) -> str:
    pattern = node.get("pattern")
    return f" matching {pattern}" if isinstance(pattern, str) else ""
