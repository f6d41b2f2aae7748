r"""A pattern as a dialect takes it: searched or matched as a whole, plain characters or all.

What no engine runs in linear time (lookaround, references, word edges) is left to validation here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.expressions import (
    Chain,
    Chars,
    Edge,
    Either,
    Group,
    Node,
    Repeat,
    UnreadableExpressionError,
    parse_expression,
)

_CLASSES: Mapping[str, str] = {"d": "0-9", "w": "A-Za-z0-9_", "s": " \\t\\n\\r"}
_PLAIN_ESCAPE = expression(r"\\(?:[dws]|[tnr]|[^A-Za-z0-9])")
_ODD_PROPERTY = expression(r"\\[pP](?!\{[LMNPSZC][a-z]?\})")
"""A property that is no general category: engines differ in those that they know."""
_FLAGS = expression(r"\(\?[a-zA-Z]")


def fitted(pattern: str, manner: str) -> str | None:
    """*pattern* in the words of *manner*; None where it must be described instead."""
    try:
        root = parse_expression(pattern).root
    except UnreadableExpressionError:
        return None
    if _FLAGS.search(pattern) or not _is_regular(root):
        return None
    return _FITTED[manner](pattern, root)


def _is_regular(node: Node) -> bool:
    match node:
        case Chars(source):
            return not _ODD_PROPERTY.search(source)
        case Edge(source):
            return source in {"^", "$"}
        case Chain(parts):
            return all(map(_is_regular, parts))
        case Either(options):
            return all(map(_is_regular, options))
        case Group(_, body) | Repeat(body, _, _, False):
            return _is_regular(body)
        case _:
            return False


def _searched(pattern: str, root: Node) -> str:
    del root
    return pattern


def _whole(pattern: str, root: Node) -> str | None:
    inner, starts, ends = _between_edges(root)
    if inner is None:
        return None
    if starts and ends:
        return pattern
    body = pattern.removeprefix("^") if starts else pattern.removesuffix("$") if ends else pattern
    before, after = ("" if starts else r"[\s\S]*"), ("" if ends else r"[\s\S]*")
    return f"^{before}(?:{body}){after}$"


def _anchored(pattern: str, root: Node) -> str | None:
    del pattern
    inner, starts, ends = _between_edges(root)
    spelled = None if inner is None else _spelled(inner)
    if spelled is None:
        return None
    return f"^{'' if starts else '.*'}{spelled}{'' if ends else '.*'}$"


def _bare(pattern: str, root: Node) -> str | None:
    inner, starts, ends = _between_edges(root)
    if inner is None or not (starts and ends):
        return None
    return pattern.removeprefix("^").removesuffix("$")


_FITTED: Mapping[str, Callable[[str, Node], str | None]] = {
    "none": lambda _pattern, _root: None,
    "search": _searched,
    "whole": _whole,
    "anchored": _anchored,
    "bare": _bare,
}


def _between_edges(root: Node) -> tuple[Node | None, bool, bool]:
    """What stands between the edges, and which there are; None when one stands elsewhere."""
    parts = list(root.parts) if isinstance(root, Chain) else [root]
    starts, ends = parts[:1] == [Edge("^")], parts[-1:] == [Edge("$")]
    inner = parts[1 if starts else 0 : -1 if ends and parts else None]
    body = Chain(tuple(inner))
    return (None if _has_edge(body) else body), starts, ends


def _has_edge(node: Node) -> bool:
    match node:
        case Edge():
            return True
        case Chain(parts):
            return any(map(_has_edge, parts))
        case Either(options):
            return any(map(_has_edge, options))
        case Group(_, body) | Repeat(body, _, _, _):
            return _has_edge(body)
        case _:
            return False


def _spelled(node: Node) -> str | None:
    r"""*node* without ``\d``, ``\w``, ``\s`` and ``(?:``, which not every engine reads."""
    match node:
        case Chars(source):
            return _characters(source)
        case Chain(parts):
            return _joined([_in_chain(part) for part in parts], "")
        case Either(options):
            return _joined([_spelled(option) for option in options], "|")
        case Group(_, body):
            return _bracketed(_spelled(body))
        case Repeat(body, low, high, _):
            inner = _spelled(body) if isinstance(body, Chars) else _bracketed(_spelled(body))
            return None if inner is None else f"{inner}{_counted(low, high)}"
        case _:
            return None


def _in_chain(node: Node) -> str | None:
    return _bracketed(_spelled(node)) if isinstance(node, Either) else _spelled(node)


def _bracketed(inner: str | None) -> str | None:
    if inner is None or (inner.startswith("(") and inner.endswith(")") and inner.count("(") == 1):
        return inner
    return f"({inner})"


def _joined(parts: list[str | None], separator: str) -> str | None:
    known = [part for part in parts if part is not None]
    return separator.join(known) if len(known) == len(parts) else None


def _counted(low: int, high: int | None) -> str:
    if (low, high) in _SIGNS:
        return _SIGNS[low, high]
    return f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}"


_SIGNS: Mapping[tuple[int, int | None], str] = {(0, None): "*", (1, None): "+", (0, 1): "?"}


def _characters(source: str) -> str | None:
    plain = _PLAIN_ESCAPE.sub(_plain_escape, source)
    if "\\" in _PLAIN_ESCAPE.sub("", source) or "[:" in source:
        return None
    if source.startswith("\\") and source[1] in _CLASSES:
        return f"[{plain}]"
    return plain


def _plain_escape(found: re.Match[str]) -> str:
    return _CLASSES.get(found.group()[1], found.group())
