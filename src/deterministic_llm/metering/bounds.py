"""How many tokens a request can take: a request goes in, a bound that is never too small comes out.

A token of a byte-level vocabulary stands for at least one byte of text, so a text has at most as
many tokens as UTF-8 bytes. Chat templates add markers and a system text of their own: a constant a
message and one a request. A schema, tool or grammar is put into words by the provider in a way that
nobody publishes, so it counts double, with room for the instructions that come with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import TOKEN_LIMITS, UNCONSTRAINED, Constraint
from deterministic_llm._core.records import frozen
from deterministic_llm._core.shapes import chat
from deterministic_llm.metering.prices import Price
from deterministic_llm.metering.spend import ONE_CALL, Spend

_A_MESSAGE = 16  # <|start_header_id|>user<|end_header_id|>, <|eot_id|> and their like
_A_REQUEST = 256  # the system texts of today's chat templates have up to about 100 tokens
_A_CONSTRAINT = 1024  # Anthropic documents up to 530 for its tools
_BYTES_A_TOKEN = 3  # of English about 4, of dense scripts and code fewer
_PUNCTUATION = 6  # quotes, colon, comma, blanks around one member
_OBJECTS = (dict, Mapping)  # tuples, because a union would be built at every look
_LISTS = (list, tuple, Sequence)
_SETTINGS = (int, float)
_TEXTUAL = frozenset({"text", "input_text", "output_text", "refusal", "tool_result", "tool_use"})
_ITEMS = frozenset(
    {
        "message",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "custom_tool_call_output",
    }
)
_HIDDEN = frozenset(
    {"previous_response_id", "conversation", "prompt", "web_search_options", "prediction", "audio"}
)
"""Parameters that bring in tokens which the request itself does not hold."""


@frozen
class Unbounded:
    """Nobody can say what a request takes at most, and why; the sentence ends with what to do."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def worst_case(
    request: Request, *, price: Price | None = None, written: int | None = None
) -> Spend | Unbounded:
    """The most that *request* can take: prompt and answer in full, dollars when there is a *price*.

    Of an answer that was stopped *written* tokens count.

    Unbounded without one of TOKEN_LIMITS, with anything but text in the prompt, and around a
    function that makes its own call, whose prompt we do not see.
    """
    parameters = all_parameters(request)
    output = _output_tokens(parameters) if written is None else written
    reason = _hidden_part(request, parameters)
    if reason is not None:
        return Unbounded(f"{reason}: pass reserve=Spend(usd=..., tokens=...)")
    if output is None:
        return Unbounded("the length of an answer has no limit: set max_tokens=")
    prompt = _prompt_bytes(request, parameters)
    usd = ONE_CALL.usd if price is None else price.worst(prompt, output)
    return Spend(usd, prompt + output, 1)


def estimated_tokens(request: Request) -> int:
    """About how many tokens *request* takes, for a limit on tokens a minute.

    Providers count the prompt by its length and the whole of ``max_tokens`` when they let a request
    in (https://platform.openai.com/docs/guides/rate-limits); what the answer did not use is handed
    back when it is there.
    """
    parameters = all_parameters(request)
    prompt = _weight(request.prompt) + len(request.feedback) + _constraint_bytes(request.constraint)
    return prompt // _BYTES_A_TOKEN + (_output_tokens(parameters) or 0)


def all_parameters(request: Request) -> Mapping[str, object]:
    """The parameters of *request* as they are sent: ``extra_body`` has the last word."""
    extra = request.parameters.get("extra_body")
    if not isinstance(extra, dict):
        return request.parameters
    sent = {name: value for name, value in request.parameters.items() if name != "extra_body"}
    return {**sent, **extra}


def _output_tokens(parameters: Mapping[str, object]) -> int | None:
    longest = max(map(_number, map(parameters.get, TOKEN_LIMITS)))
    answers = max(1, _number(parameters.get("n")), _number(parameters.get("best_of")))
    return longest * answers if longest > 0 else None


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _hidden_part(request: Request, parameters: Mapping[str, object]) -> str | None:
    """What cannot be counted, if there is such a thing."""
    if not request.prompt:
        return "what a function asks in its own call cannot be counted"
    if not _HIDDEN.isdisjoint(parameters):
        hidden = next(name for name in parameters if name in _HIDDEN)
        return f"what {hidden}= adds to the prompt cannot be counted"
    for message in request.prompt:
        kind = _foreign_item(message) or _foreign_part(message)
        if kind is not None:
            return f"the tokens of a part of the prompt that is no text ({kind}) cannot be counted"
    return None


def _foreign_item(message: Mapping[str, object]) -> str | None:
    """An item of OpenAI's Responses that may stand for more than it holds."""
    kind = message.get("type", "message")
    return None if kind in _ITEMS else str(kind)


def _foreign_part(message: Mapping[str, object]) -> str | None:
    if message.get("audio") is not None:
        return "audio"
    for name in ("content", "parts", "output"):
        parts = message.get(name)
        if parts is None or isinstance(parts, str) or not isinstance(parts, Sequence):
            continue
        for part in cast("Sequence[object]", parts):
            kind = _foreign_kind(part)
            if kind is not None:
                return kind
    return None


def _foreign_kind(part: object) -> str | None:
    if not isinstance(part, Mapping):
        return None if isinstance(part, str) else type(part).__name__
    members = cast("Mapping[str, object]", part)
    kind = members.get("type", "text" if "text" in members else None)
    return _foreign_part(members) if kind in _TEXTUAL else str(kind)


def _prompt_bytes(request: Request, parameters: Mapping[str, object]) -> int:
    messages = len(request.prompt) + 1
    settings = [value for value in parameters.values() if not isinstance(value, _SETTINGS)]
    return (
        _weight(request.prompt)
        + _weight(request.feedback)
        + 2 * _weight(settings)
        + _constraint_bytes(request.constraint)
        + messages * _A_MESSAGE
        + _A_REQUEST
    )


def _constraint_bytes(constraint: Constraint) -> int:
    if constraint is UNCONSTRAINED:
        return 0
    weight = sum(_weight(part) for part in chat.told(constraint).values())
    notation = constraint.grammar
    if notation is not None:  # whichever it is that a server takes
        said = (notation.gbnf, notation.lark, notation.regex, notation.choices)
        weight = max([_weight(each) for each in said if each is not None], default=0)
    return 2 * weight + _A_CONSTRAINT if weight else 0


def _weight(value: object) -> int:
    """At least as many bytes as *value* has in a prompt, written as text or as JSON."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode(errors="replace"))
    if isinstance(value, _OBJECTS):
        members = cast("Mapping[object, object]", value).items()
        return sum([_weight(name) + _weight(member) + _PUNCTUATION for name, member in members])
    if isinstance(value, _LISTS):
        return sum([_weight(item) + _PUNCTUATION for item in cast("Sequence[object]", value)])
    return len(str(value))
