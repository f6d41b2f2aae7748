"""A streamed answer, put together chunk by chunk."""

from __future__ import annotations

from deterministic_llm._core.exchange import Completion
from deterministic_llm._core.shapes.answers import answer_of
from deterministic_llm._core.shapes.members import get, items, text


def delta_of(chunk: object) -> str:
    """The text that one streamed *chunk* adds: a str, or a chunk of a supported provider.

    Raises TypeError, naming what it got, when the shape is none of these.
    """
    if isinstance(chunk, str):
        return chunk
    for part in (*items(get(chunk, "choices")), chunk):
        delta = get(part, "delta")
        if isinstance(delta, str):
            return delta
        if delta is not None:
            return text(get(delta, "content")) or text(get(delta, "text")) or ""
    if get(chunk, "choices") is not None or isinstance(get(chunk, "type"), str):
        return ""  # usage, pings, starts and ends of blocks
    answer = answer_of(chunk)
    return answer.text or "" if isinstance(answer, Completion) else ""
