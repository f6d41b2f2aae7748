"""The tokens of an answer laid under its text: bytes of the text go in, their tokens come out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from deterministic_llm._core.exchange import Token
from deterministic_llm._core.records import frozen
from deterministic_llm._core.shapes.tokens import bytes_of


@frozen
class Transcript:
    """The bytes of a text, and the *tokens* that wrote them, none of which is empty.

    A token stands from its place in *begins* to that in *ends*; the first may begin before the
    text, and the last end behind it.
    """

    data: bytes
    tokens: Sequence[Token]
    begins: Sequence[int]
    ends: Sequence[int]

    def over(self, start: int, end: int) -> range:
        """The places of the tokens that have a byte from *start* up to *end*."""
        return range(bisect_right(self.ends, start), bisect_left(self.begins, end))


def transcript_of(text: str, tokens: Sequence[Token]) -> Transcript | None:
    """*tokens* laid under *text*; None when they do not say it, or say it in several places.

    They may say more than the text: what was thought before it, or a mark of the end.
    """
    data = text.encode("utf-8", "surrogatepass")
    written = [(token, bytes_of(token.text)) for token in tokens]
    spoken = [(token, said) for token, said in written if said]
    whole = b"".join(said for _, said in spoken)
    shift = whole.find(data)
    if not data or shift < 0 or whole.find(data, shift + 1) >= 0:
        return None
    ends = [end - shift for end in accumulate(len(said) for _, said in spoken)]
    begins = [-shift, *ends[:-1]]
    return Transcript(data, [token for token, _ in spoken], begins, ends)
