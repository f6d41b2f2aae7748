"""The tokens of an answer with their probabilities, as providers list them."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from deterministic_llm._core.exchange import Token
from deterministic_llm._core.shapes.members import get, items

_DIGITS = 6
"""Of a logarithm, which is less than what a server's own sums are rounded by."""
_UNHEARD_OF = -20.0
"""The logarithm of two in a billion: what is less probable is left out of the others."""


def tokens_of(listed: object) -> tuple[Token, ...]:
    """The tokens in the list *listed* of OpenAI's logprobs, chat completions or Responses.

    One without a number makes it none at all: nobody knows what is missing.
    """
    tokens: list[Token] = []
    for item in items(listed):
        logprob = _logprob(item)
        if logprob is None:
            return ()
        data = _data(item)
        tokens.append(Token(text_of(data), logprob, tuple(_others(item, data))))
    return tuple(tokens)


def chosen_tokens(result: object) -> tuple[Token, ...]:
    """The tokens in Gemini's *result* of logprobs, as its SDK's object or as JSON.

    Each is told by its text alone, so that half a character has none. A token without a text or a
    number, or without its list of others where there are such lists, makes it none at all.
    """
    chosen = items(get(result, "chosen_candidates") or get(result, "chosenCandidates"))
    tops = items(get(result, "top_candidates") or get(result, "topCandidates"))
    if tops and len(tops) != len(chosen):
        return ()
    others = [items(get(top, "candidates")) for top in tops] or [()] * len(chosen)
    if not all(isinstance(get(token, "token"), str) for token in chosen):
        return ()
    return tokens_of(
        [
            {**_candidate(token), "top_logprobs": [*map(_candidate, rest)]}
            for token, rest in zip(chosen, others, strict=True)
        ]
    )


def _candidate(token: object) -> dict[str, object]:
    """A token of Gemini's in OpenAI's words."""
    probability = get(token, "log_probability")
    logprob = get(token, "logProbability") if probability is None else probability
    return {"token": get(token, "token"), "logprob": logprob}


def bytes_of(text: str) -> bytes:
    """The bytes of a token's *text*; those that are no UTF-8 by themselves were kept in it."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a surrogate pair, which a server wrote as such
        return text.encode("utf-8", "surrogatepass")


def text_of(data: bytes) -> str:
    """The bytes of a token as text, from which bytes_of() gives them back."""
    return data.decode("utf-8", "surrogateescape")


def _others(item: object, data: bytes) -> Iterator[tuple[str, float]]:
    """What else might have stood there; the token itself is mostly listed too."""
    for other in items(get(item, "top_logprobs")):
        logprob, written = _logprob(other), _data(other)
        if logprob is not None and logprob > _UNHEARD_OF and written != data:
            yield text_of(written), logprob


def _logprob(item: object) -> float | None:
    value = get(item, "logprob")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return None
    return round(min(float(value), 0.0), _DIGITS)


def _data(item: object) -> bytes:
    """The bytes of a token; where the server gives none, those of its text."""
    listed = items(get(item, "bytes"))
    whole = [each for each in listed if isinstance(each, int) and 0 <= each < 256]
    if listed and len(whole) == len(listed):
        return bytes(whole)
    token = get(item, "token")
    return bytes_of(token) if isinstance(token, str) else b""
