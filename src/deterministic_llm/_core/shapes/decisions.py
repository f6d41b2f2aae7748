"""OpenAI's decisions as completions: probabilities go in, JSON and its tokens come out.

A decision has no words. It is written as the JSON that says it, each value one token, and the other
values are what might have stood there instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import log

from deterministic_llm._core.exchange import Completion, Token, Usage
from deterministic_llm._core.shapes.members import count, get, items, text

_KINDS = frozenset({"predicate", "choice", "score", "refusal"})
_LEAST = 1e-12


def is_decision(answer: object) -> bool:
    """Whether *answer* is the body of a decision."""
    answers = items(get(answer, "answers"))
    return bool(answers) and all(get(each, "type") in _KINDS for each in answers)


def decision(answer: object, seconds: float) -> Completion:
    """The values that were decided, by their names; of one without a name the value itself.

    One question that was declined makes it a refusal.
    """
    answers, usage = items(get(answer, "answers")), get(answer, "usage")
    refused = [each for each in answers if get(each, "type") == "refusal"]
    tokens = () if refused else tuple(_tokens(answers))
    return Completion(
        "".join(token.text for token in tokens) or None,
        "refusal" if refused else "stop",
        refusal=f"declined: {text(get(refused[0], 'name')) or 'the question'}" if refused else None,
        model=text(get(answer, "model")),
        usage=Usage(
            count(usage, "input_tokens"),
            count(usage, "output_tokens"),
            count(get(usage, "input_tokens_details"), "cached_tokens"),
            count(get(usage, "output_tokens_details"), "reasoning_tokens"),
            count(get(usage, "input_tokens_details"), "cache_write_tokens"),
        ),
        seconds=seconds,
        tokens=tokens,
        decided=True,
    )


def _tokens(answers: object) -> Iterator[Token]:
    named = [(text(get(each, "name")), each) for each in items(answers)]
    if len(named) == 1 and named[0][0] is None:
        yield _token(named[0][1])
        return
    before = "{"
    for name, each in named:
        yield Token(f"{before}{json.dumps(name or '', ensure_ascii=False)}: ", 0.0)
        yield _token(each)
        before = ", "
    yield Token("}", 0.0)


def _token(answer: object) -> Token:
    """The most probable value of *answer*, the first of equals, and the others."""
    shares = _shares(answer)
    value = max(shares, key=lambda each: shares[each], default="null")
    others = ((each, _log(p)) for each, p in shares.items() if each != value and p > 0)
    return Token(value, _log(shares.get(value, 0.0)), tuple(others))


def _shares(answer: object) -> Mapping[str, float]:
    """The values of *answer* as JSON, and how probable each is."""
    if get(answer, "type") == "predicate":
        p = _share(answer)
        return {"true": p, "false": 1 - p}
    member = "label" if get(answer, "type") == "score" else "value"
    listed = items(get(answer, "probabilities"))
    return {_written(get(each, member), member): _share(each) for each in listed}


def _written(value: object, member: str) -> str:
    """*value* as JSON; the label of a level is the number that it was made of."""
    return str(value) if member == "label" else json.dumps(value, ensure_ascii=False)


def _share(holder: object) -> float:
    p = get(holder, "probability")
    return min(max(float(p), 0.0), 1.0) if isinstance(p, (int, float)) else 0.0


def _log(p: float) -> float:
    return log(max(p, _LEAST))
