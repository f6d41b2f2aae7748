"""What goes to a model and what comes back: messages, constraints, completions, failures, usage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from deterministic_llm._core.records import frozen, quick

if TYPE_CHECKING:
    JsonValue: TypeAlias = (
        "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
    )
    """Anything that JSON can say, as Python's own types."""
else:
    from pydantic import JsonValue  # of ours, a text, pydantic would never see the end

JsonObject: TypeAlias = dict[str, JsonValue]
"""A JSON object as a dict."""
ChatMessage: TypeAlias = Mapping[str, object]
"""One chat message in the provider's own form; passed through untouched."""

Finish: TypeAlias = Literal[
    "stop", "length", "refusal", "filter", "aborted", "unfinished", "stopped"
]
"""Why the model ended: of itself, at the token limit, declining, filtered, broken off by the
server, nobody said, or we stopped it."""
Mode: TypeAlias = Literal["auto", "native", "tool", "json", "grammar", "prompt"]
"""How the wanted form is put to the backend, strongest first; auto picks."""
NotationName: TypeAlias = Literal["choices", "regex", "lark", "gbnf"]
"""A member of Notation."""
FailureKind: TypeAlias = Literal[
    "unreachable",
    "timeout",
    "conflict",
    "rate_limited",
    "overloaded",
    "server_error",
    "malformed",
    "cut_off",
    "quota",
    "unauthorized",
    "bad_request",
    "unsupported",
    "prompt_too_long",
    "too_large",
    "over_budget",
    "late",
    "circuit_open",
]
"""Why a call brought no answer; what follows each is a row of the policy table."""
AnswerOutcome: TypeAlias = Literal[
    "accepted",
    "invalid",
    "empty",
    "reasoning_only",
    "several_calls",
    "wrong_tool",
    "degenerate",
    "aborted",
    "truncated",
    "refused",
    "filtered",
]
"""What an answer came to."""
Origin: TypeAlias = Literal["call", "cache", "cassette"]
"""Where an answer is from: a call that was made now, a cache, or a cassette that replays it."""
Outcome: TypeAlias = AnswerOutcome | FailureKind
"""What one call came to, in the words of the policy table."""


@frozen
class Notation:
    """One language of texts in the notations it can be said in; None where it cannot be."""

    gbnf: str | None = None
    lark: str | None = None
    regex: str | None = None
    choices: tuple[str, ...] | None = None


@frozen
class Constraint:
    """How the answer's form is held by the backend, in no provider's words.

    Modes native and tool have a *schema* and the *name* it goes by; *strict* asks the backend to
    hold to all of it. *dialect* names the lowering that the schema was made with, where an answer
    must be raised again; None: it is an answer to the target as it stands. Mode grammar has a
    *grammar*.
    """

    mode: Mode = "prompt"
    name: str = "answer"
    schema: JsonObject | None = None
    strict: bool = False
    dialect: str | None = None
    grammar: Notation | None = None


UNCONSTRAINED = Constraint()
"""Nothing but the words of the prompt."""


@frozen
class Abilities:
    """What a backend can hold an answer to, besides being asked nicely.

    *modes* are the ways it has, strongest first. *any_root* says that a schema need not be one of
    an object, *shows_schema* that the model is shown the schema that it is held to. *dialect* names
    what it takes of JSON Schema when it is to hold an answer to all of that, *fallback* another
    dialect for where a schema is not taken, and *notations* in which ways it can be told the
    grammar of a text. *logprobs* is how many other tokens it tells the probabilities of; 0 where it
    tells none. *called_texts* says that a grammar is that of a tool's argument, of whose tokens
    none are told. *untaken* are parameters that it has no word for. *fields* says that a text is
    asked of it by what the fields of its form say, *envelopes* that it may be a member of an
    object.
    """

    modes: tuple[Mode, ...] = ()
    any_root: bool = False
    shows_schema: bool = False
    dialect: str | None = None
    fallback: str | None = None
    notations: tuple[NotationName, ...] = ("gbnf",)
    logprobs: int = 20
    untaken: frozenset[str] = frozenset()
    fields: bool = False
    called_texts: bool = False
    envelopes: bool = True


TOKEN_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""The parameters that say how many tokens an answer may have, its reasoning included."""

EXACT = Context(prec=100)
"""Arithmetic of money. A context of its own: the caller's may round to a few digits."""


def summed(costs: Iterable[Decimal | None]) -> Decimal | None:
    """What *costs* in US dollars come to, exactly; None when one of them is unknown."""
    total = Decimal(0)
    for cost in costs:
        if cost is None:
            return None
        total = EXACT.add(total, cost)
    return total


@quick
class Usage:
    """Tokens as the provider counted them; all zero when it did not say.

    *cached_tokens* were read from the provider's cache and *written_tokens* put there: both are
    part of the input, at prices of their own. *reasoning_tokens* are part of the output.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    written_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.written_tokens + other.written_tokens,
        )


UNCOUNTED = Usage()
"""Of an answer whose tokens nobody counted."""


@frozen
class Allowance:
    """What is *left* of a rate limit of *limit*, and the seconds until it is *renewed* in full."""

    left: int
    limit: int | None = None
    renewed: float | None = None


@frozen
class Quota:
    """What a server said is left of its rate limits, for *requests* and for *tokens*."""

    requests: Allowance | None = None
    tokens: Allowance | None = None


@frozen
class ToolCall:
    """One tool that the model called: its *name*, and its *arguments* as the JSON text it wrote."""

    name: str
    arguments: str


@frozen
class Token:
    """One token that a model wrote: its *text*, and the natural logarithm of its probability.

    *others* are the most probable ones that might have stood there instead. Bytes that are no UTF-8
    by themselves stand in a text as Python's ``surrogateescape`` has them.
    """

    text: str
    logprob: float
    others: tuple[tuple[str, float], ...] = ()


@quick
class Completion:
    """One answer of a model; *text* is None when it said nothing readable.

    *reasoning* is what it thought aloud, never a source of values. *seconds* is how long the call
    took and *first_token* until its first word came. *cost* is in US dollars, None when unknown. Of
    an answer that we stopped the usage is an estimate, and *saved_tokens* are those of its limit
    that were not written, None when it had no limit. Of an answer whose *origin* is a cache the
    cost is 0, and the usage what it took when it was made. *quota* is what is left of the server's
    rate limits, where the request asked for that. *tokens* are those that wrote the text, where
    their probabilities were asked for. *drift* says which system answered before, where another
    one does now. *decided* says that an endpoint gave probabilities and no words: the text is JSON
    that says the most probable, and the tokens are those of it.
    """

    text: str | None
    finish: Finish = "stop"
    refusal: str | None = None
    model: str | None = None
    fingerprint: str | None = None
    usage: Usage = UNCOUNTED
    seconds: float = 0.0
    calls: tuple[ToolCall, ...] = ()
    reasoning: str | None = None
    first_token: float | None = None
    cost: Decimal | None = None
    saved_tokens: int | None = None
    origin: Origin = "call"
    quota: Quota | None = field(default=None, compare=False, repr=False)
    tokens: tuple[Token, ...] = field(default=(), compare=False, repr=False)
    drift: str | None = None
    decided: bool = False

    @classmethod
    def of_text(cls, text: str, seconds: float) -> Completion:
        """The answer of a function that returned *text*, and did not say how it ended."""
        completion = object.__new__(cls)  # __init__ takes three times as long
        members = completion.__dict__
        members["text"], members["finish"], members["seconds"] = text, "unfinished", seconds
        # What is looked at in every run is found here sooner than in the class.
        members["calls"], members["usage"], members["drift"] = (), UNCOUNTED, None
        return completion


@frozen
class CallFailure:
    """A call that brought no answer; *retry_after* is the server's own wish, in seconds.

    *final* says that the server itself forbade to ask again. *sent* is False when the request
    surely never left, so that nobody can have charged for it. *partial* is what had come of a
    streamed answer until then, and *quota* what is left of the server's rate limits. Of kind
    "unsupported" *parameter* names what is not taken: a parameter of the request, "schema",
    "response_format" or "tools".
    """

    message: str
    kind: FailureKind = "unreachable"
    final: bool = False
    status: int | None = None
    code: str | None = None
    retry_after: float | None = None
    seconds: float = 0.0
    sent: bool = True
    partial: str | None = None
    origin: Origin = "call"
    quota: Quota | None = field(default=None, compare=False, repr=False)
    parameter: str | None = None
