"""A streamed answer: its chunks go in one by one, the whole answer comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from deterministic_llm._core.exchange import (
    CallFailure,
    Completion,
    Finish,
    Token,
    ToolCall,
    Usage,
)
from deterministic_llm._core.shapes.answers import (
    CALLED,
    agreed,
    answer_of,
    function_of,
    is_aside,
    written,
)
from deterministic_llm._core.shapes.failures import error_body
from deterministic_llm._core.shapes.finishes import finish_of
from deterministic_llm._core.shapes.members import first, get, has, items, joined, text
from deterministic_llm._core.shapes.messages import calls_in, is_langchain, is_message
from deterministic_llm._core.shapes.tokens import tokens_of

_TOKENS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens_details",
)


@dataclass(slots=True)
class Streamed:
    """What the chunks of one answer have said so far: strs, or chunks of a supported provider.

    An error among them makes the answer a failed call. Chunks that stop without a reason leave it
    "unfinished"; of strs nobody says why they end. *reason* is what was told of a refusal or a
    filter, and *over* that nothing more will come. *words* counts the characters, and *asides* are
    the places of what is no part of the answer.
    """

    spoken: list[str] = field(default_factory=list[str])
    thought: list[str] = field(default_factory=list[str])
    refused: list[str] = field(default_factory=list[str])
    names: dict[object, str] = field(default_factory=dict[object, str])
    arguments: dict[object, list[str]] = field(default_factory=dict[object, list[str]])
    asides: set[object] = field(default_factory=set[object])
    tokens: dict[str, object] = field(default_factory=dict[str, object])
    usage: Usage = field(default_factory=Usage)
    finish: Finish = "unfinished"
    model: str | None = None
    fingerprint: str | None = None
    whole: Completion | CallFailure | None = None
    reason: str | None = None
    over: bool = False
    words: int = 0
    evidence: list[Token] = field(default_factory=list[Token])

    def add(self, chunk: object) -> None:
        """Take one more *chunk*; raises TypeError, naming what it got, for an unknown one."""
        if isinstance(chunk, str):
            self.say(chunk)
            return
        self.whole = self.whole or error_body(chunk)
        for recognised, read in _FAMILIES:
            if recognised(chunk):
                read(self, chunk)
                return
        if self.whole is None:
            self.whole = answer_of(chunk)

    @property
    def begun(self) -> bool:
        """Whether there has been a word, a thought or a call yet."""
        return self.words > 0 or bool(self.names)

    @property
    def texts(self) -> Sequence[list[str]]:
        """Every text that may grow, in parts."""
        return (self.spoken, self.thought, self.refused, *self.arguments.values())

    def blank(self) -> Streamed:
        """The same without what was said."""
        return Streamed(
            names={**self.names},
            arguments={key: [] for key in self.arguments},
            asides={*self.asides},
            tokens={**self.tokens},
            usage=self.usage,
            finish=self.finish,
            model=self.model,
            fingerprint=self.fingerprint,
            whole=self.whole,
            reason=self.reason,
            over=self.over,
        )

    def answer(
        self, *, seconds: float = 0.0, first_token: float | None = None
    ) -> Completion | CallFailure:
        """The answer that the chunks make up."""
        if isinstance(self.whole, Completion):
            return replace(self.whole, seconds=seconds, first_token=first_token)
        if self.whole is not None:
            return replace(self.whole, seconds=seconds)
        parts = self.arguments
        calls = tuple(ToolCall(name, "".join(parts[key])) for key, name in self.names.items())
        refusal = "".join(self.refused) or None
        return Completion(
            "".join(self.spoken) or agreed(calls),
            "refusal" if refusal else self.finish,
            refusal=refusal or self.reason,
            model=self.model,
            fingerprint=self.fingerprint,
            usage=self.usage,
            seconds=seconds,
            calls=calls,
            reasoning="".join(self.thought) or None,
            first_token=first_token,
            tokens=tuple(self.evidence),
        )

    def say(self, spoken: object, thought: object = None, refused: object = None) -> None:
        """The answer goes on with these texts, where they are some."""
        for said, parts in (
            (spoken, self.spoken),
            (thought, self.thought),
            (refused, self.refused),
        ):
            if isinstance(said, str):
                self.grow(parts, said)

    def call(self, key: object, name: object, arguments: object) -> None:
        """The call of the tool that stands at *key* goes on."""
        self.names[key] = self.names.get(key) or text(name) or ""
        parts = self.arguments.setdefault(key, [])
        if arguments:
            self.grow(parts, written(arguments))

    def grow(self, parts: list[str], said: str) -> None:
        """One of the texts goes on."""
        if said:
            parts.append(said)
            self.words += len(said)

    def end(self, reason: object) -> None:
        """Why the answer ended, where that is told."""
        if reason is not None:
            self.finish = finish_of(reason)


@dataclass(slots=True)
class Voice:
    """The text of a *streamed* answer as it grows: the content, or the arguments of the first call.

    With a *tool* it is the arguments, without one what comes first. All of it is of one kind: a
    text that changed over would be no text of the model's.
    """

    streamed: Streamed
    tool: bool = False
    parts: list[str] | None = None
    given: int = 0

    def fresh(self) -> str:
        """The text that is new."""
        if self.parts is None:
            arguments = next(iter(self.streamed.arguments.values()), None)
            self.parts = arguments if self.tool else self.streamed.spoken or arguments or None
        if not self.parts:
            return ""
        fresh = self.parts[self.given :]
        self.given += len(fresh)
        return fresh[0] if len(fresh) == 1 else "".join(fresh)

    def given_all(self) -> None:
        """All that there is was given, by whoever added it."""
        self.given = len(self.parts or ())

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.parts or ())


def _chat(streamed: Streamed, chunk: object) -> None:
    """A chunk of OpenAI's chat completions; the one with the usage has no choice.

    Of several answers only the first is read.
    """
    choice = first(get(chunk, "choices"))
    choice = None if get(choice, "index") else choice
    delta = get(choice, "delta")
    if delta is None and get(choice, "message"):
        streamed.whole = streamed.whole or answer_of(chunk)
        return
    content = get(delta, "content")
    streamed.say(
        text(content) or joined(items(content)) or get(choice, "text"),
        get(delta, "reasoning_content") or get(delta, "reasoning"),
        get(delta, "refusal"),
    )
    for call in items(get(delta, "tool_calls")):
        function = function_of(call)
        streamed.call(get(call, "index"), get(function, "name"), get(function, "arguments"))
    streamed.evidence += tokens_of(get(get(choice, "logprobs"), "content"))
    streamed.end(get(choice, "finish_reason"))
    streamed.model = text(get(chunk, "model")) or streamed.model
    streamed.fingerprint = text(get(chunk, "system_fingerprint")) or streamed.fingerprint
    if get(chunk, "usage"):
        _count(streamed, {"choices": [{"text": ""}], "usage": get(chunk, "usage")})


def _gemini(streamed: Streamed, chunk: object) -> None:
    """A chunk of Gemini's is an answer with the next few words."""
    part = answer_of(chunk)
    if not isinstance(part, Completion):
        return
    streamed.say(None if part.calls else part.text, part.reasoning)
    streamed.evidence += part.tokens
    for call in part.calls:
        streamed.call(len(streamed.names), call.name, call.arguments)
    if part.finish != "unfinished":
        streamed.finish = part.finish
    streamed.reason = part.refusal or streamed.reason
    streamed.model = part.model or streamed.model
    streamed.usage = part.usage if part.usage.total_tokens else streamed.usage


def _message(streamed: Streamed, chunk: object) -> None:
    """A chunk of LangChain's, or of Ollama's: a message with the next few words.

    Of LangChain's, each has the tokens that came with it.
    """
    part = answer_of(chunk)
    if not isinstance(part, Completion):
        return
    streamed.say(None if part.calls else part.text, part.reasoning, part.refusal)
    if is_langchain(chunk):
        for index, name, arguments in calls_in(chunk):  # without an index it is a whole one
            streamed.call(len(streamed.names) if index is None else index, name, arguments)
        streamed.usage += part.usage
    else:
        for call in part.calls:
            streamed.call(len(streamed.names), call.name, call.arguments)
        streamed.usage = part.usage if part.usage.total_tokens else streamed.usage
    streamed.evidence += part.tokens
    if part.finish not in ("unfinished", "refusal"):
        streamed.finish = part.finish
    streamed.model = part.model or streamed.model
    streamed.fingerprint = part.fingerprint or streamed.fingerprint


def _wrapped(streamed: Streamed, event: object) -> None:
    """A chunk as the events of OpenAI's own helper have it, beside others that say it again."""
    streamed.add(get(event, "chunk"))


def _event(streamed: Streamed, event: object) -> None:
    """An event of Anthropic's messages or of OpenAI's Responses."""
    _EVENTS[str(get(event, "type"))](streamed, event)


def _unheard(streamed: Streamed, event: object) -> None:
    """Other events say nothing to us."""


def _responses_item(streamed: Streamed, event: object) -> None:
    """A call of a tool, or a remark on the way to the answer, begins."""
    item, index = get(event, "item"), get(event, "output_index")
    if get(item, "type") in CALLED:
        streamed.call(index, get(item, "name"), None)
    elif is_aside(item):
        streamed.asides.add(index)


def _responses_text(streamed: Streamed, event: object) -> None:
    delta = get(event, "delta")
    if get(event, "output_index") in streamed.asides:
        streamed.say(None, delta)
    else:
        streamed.say(delta)


def _responses_thought(streamed: Streamed, event: object) -> None:
    streamed.say(None, get(event, "delta"))


def _responses_refusal(streamed: Streamed, event: object) -> None:
    streamed.say(None, None, get(event, "delta"))


def _responses_call(streamed: Streamed, event: object) -> None:
    streamed.call(get(event, "output_index"), None, get(event, "delta"))


def _responses_end(streamed: Streamed, event: object) -> None:
    """The last event has the whole answer."""
    streamed.whole = streamed.whole or answer_of(get(event, "response"))


def _error(streamed: Streamed, event: object) -> None:
    """An error that is the event itself."""
    streamed.whole = streamed.whole or error_body({"error": event})


def _message_start(streamed: Streamed, event: object) -> None:
    message = get(event, "message")
    streamed.model = text(get(message, "model"))
    _count_tokens(streamed, get(message, "usage"))


def _block_start(streamed: Streamed, event: object) -> None:
    block = get(event, "content_block")
    if get(block, "type") == "tool_use":
        streamed.call(get(event, "index"), get(block, "name"), None)


def _block_delta(streamed: Streamed, event: object) -> None:
    delta = get(event, "delta")
    streamed.say(get(delta, "text"), get(delta, "thinking"))
    if get(delta, "partial_json") is not None:
        streamed.call(get(event, "index"), None, get(delta, "partial_json"))


def _message_delta(streamed: Streamed, event: object) -> None:
    delta = get(event, "delta")
    streamed.end(get(delta, "stop_reason"))
    streamed.reason = text(get(get(delta, "stop_details"), "explanation")) or streamed.reason
    _count_tokens(streamed, get(event, "usage"))


def _message_stop(streamed: Streamed, event: object) -> None:
    del event
    streamed.over = True


def _count_tokens(streamed: Streamed, usage: object) -> None:
    """Anthropic's counts come in parts, each as it stands."""
    told = {name: get(usage, name) for name in _TOKENS if get(usage, name) is not None}
    streamed.tokens |= told
    _count(streamed, {"content": [], "usage": streamed.tokens})


def _count(streamed: Streamed, answer: object) -> None:
    counted = answer_of(answer)
    if isinstance(counted, Completion):
        streamed.usage = counted.usage


_GEMINI = ("candidates", "usageMetadata", "usage_metadata")
_Read: TypeAlias = Callable[[Streamed, object], None]
_EVENTS: Mapping[str, _Read] = {
    "response.output_item.added": _responses_item,
    "response.output_text.delta": _responses_text,
    "response.reasoning_text.delta": _responses_thought,
    "response.reasoning_summary_text.delta": _responses_thought,
    "response.refusal.delta": _responses_refusal,
    "response.function_call_arguments.delta": _responses_call,
    "response.custom_tool_call_input.delta": _responses_call,
    "response.completed": _responses_end,
    "response.incomplete": _responses_end,
    "response.failed": _responses_end,
    "chunk": _wrapped,
    "error": _error,
    "message_start": _message_start,
    "content_block_start": _block_start,
    "content_block_delta": _block_delta,
    "message_delta": _message_delta,
    "message_stop": _message_stop,
}
_FAMILIES: tuple[tuple[Callable[[object], bool], _Read], ...] = (
    (lambda chunk: has(chunk, "choices"), _chat),
    (lambda chunk: str(get(chunk, "type")) in _EVENTS, _event),  # Anthropic's first has a message
    (lambda chunk: is_langchain(chunk) or is_message(chunk), _message),
    (lambda chunk: any(has(chunk, name) for name in _GEMINI), _gemini),
    (lambda chunk: isinstance(get(chunk, "type"), str), _unheard),
)
