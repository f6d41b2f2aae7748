"""llguidance, as much of it as is used: imported at the first use, and fed with bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from deterministic_llm._core.exchange import JsonObject


class Matcher(Protocol):
    """What a text may still become; one that refused a byte stays where it was before it."""

    def try_consume_tokens(self, tokens: Sequence[int]) -> int: ...  # noqa: D102  # not ours
    def is_accepting(self) -> bool: ...  # noqa: D102
    def is_error(self) -> bool: ...  # noqa: D102
    def deep_copy(self) -> Matcher: ...  # noqa: D102
    def compute_ff_bytes(self) -> bytes: ...  # noqa: D102
    def compute_bitmask(self) -> bytes: ...  # noqa: D102


class _Matchers(Protocol):
    def __call__(self, tokenizer: object, grammar: str, *, log_level: int) -> Matcher: ...
    def grammar_from_json_schema(
        self, schema: JsonObject, *, overrides: Mapping[str, object]
    ) -> str: ...


class _Library(Protocol):
    LLMatcher: _Matchers
    LLTokenizer: Callable[..., object]
    TokenizerWrapper: Callable[[object], object]


def matcher(schema: JsonObject) -> Matcher | None:
    """The matcher of *schema*; None where the engine does not take it."""
    library, tokenizer = _engine()
    try:
        grammar = library.LLMatcher.grammar_from_json_schema(schema, overrides=_LENIENT)
        made = library.LLMatcher(tokenizer, grammar, log_level=0)
    except ValueError:
        return None
    return None if made.is_error() else made


_LENIENT: Mapping[str, object] = {"lenient": True, "coerce_one_of": True}


@cache
def _engine() -> tuple[_Library, object]:
    library = cast("_Library", import_module("llguidance"))
    return library, library.LLTokenizer(library.TokenizerWrapper(_Bytes()), slices=[])


class _Bytes:
    """A tokenizer whose tokens are the 256 bytes, and one that ends the text."""

    eos_token_id = 256
    bos_token_id = None
    special_token_ids = (256,)
    tokens = (*(bytes([each]) for each in range(256)), b"\xff<eos>")

    def __call__(self, text: str | bytes) -> list[int]:
        return list(text.encode() if isinstance(text, str) else text)
