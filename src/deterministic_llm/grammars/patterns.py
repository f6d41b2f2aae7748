r"""A pattern of Python's in the words of the engine, which reads Rust's: never a narrower one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.lowering.patterns import fitted


def widened_pattern(pattern: str) -> str | None:
    """*pattern*, for every text in which Python finds it; None where the engine has no words."""
    if fitted(pattern, "search") is None:
        return None
    parts = _PART.findall(pattern)
    if any(_IN_RUST.search(each, 1) for each in parts if each.startswith("[")):
        return None
    return "".join(_spelled(each) for each in parts)


_PART = expression(r"\\.|\[\^?\]?(?:\\.|[^\\\]])*\]|.", re.DOTALL)
_IN_RUST = expression(r"\[|&&|--|~~")
"""What means more inside a class of Rust's than in one of Python's."""


def _spelled(part: str) -> str:
    if part == "$":
        return r"\n?$"  # which Python finds before the last newline, too
    if part.startswith("["):
        return _ESCAPE.sub(lambda found: _CLASSES.get(found[0], found[0]), part)
    inner = _CLASSES.get(part)
    return part if inner is None else f"[{inner}]"


_ESCAPE = expression(r"\\.", re.DOTALL)
_CLASSES: Mapping[str, str] = {
    "\\d": r"\p{Nd}",
    "\\w": r"\p{L}\p{N}_",
    "\\s": r"\s\p{Z}\x1C-\x1F\x85",
}
"""Python's own classes, which are those of Unicode; the engine's are those of ASCII."""
