"""What a decorated function is held to: target, source of answers, options."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Generic, Protocol, TypeAlias, cast

from tenacity.wait import wait_base
from typing_extensions import TypedDict, TypeVar

from deterministic_llm._core.attempts import Request, Result
from deterministic_llm._core.contract import Contract, constrain
from deterministic_llm._core.exchange import (
    Abilities,
    CallFailure,
    ChatMessage,
    Completion,
    JsonValue,
    Mode,
)
from deterministic_llm._core.loop import Task
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.reask import instructions
from deterministic_llm._core.schema.target import Target
from deterministic_llm.errors import EnforcementError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Options(TypedDict, total=False):
    """What governs a run; each is a keyword of enforce, generate and with_options."""

    max_retries: int
    transport_retries: int
    wait: wait_base
    strict: bool
    mode: Mode
    seed: int


class ModelOptions(Options, total=False):
    """Options plus the model's own request parameters; those of a call win over the Model's."""

    temperature: float
    top_p: float
    max_tokens: int
    max_completion_tokens: int
    stop: list[str] | str
    extra_body: Mapping[str, object]
    headers: Mapping[str, str]


BlockingCall: TypeAlias = Callable[[Request], Completion | CallFailure]
AwaitingCall: TypeAlias = Callable[[Request], Awaitable[Completion | CallFailure]]


class Source(Protocol):
    """Where the answers of a decorated function come from."""

    @property
    def abilities(self) -> Abilities:
        """What its backend can hold an answer to."""
        ...

    def blocking(
        self, function: partial[object], turn_at: int | None, target: Target[object]
    ) -> tuple[tuple[ChatMessage, ...], BlockingCall]:
        """The prompt of one run, and how to ask."""
        ...

    async def awaiting(
        self, function: partial[object], turn_at: int | None, target: Target[object]
    ) -> tuple[tuple[ChatMessage, ...], AwaitingCall]:
        """The same for an async function."""
        ...


@dataclass(frozen=True, slots=True)
class Terms(Generic[T_co]):
    """What a decorated function is held to; options change by making new terms."""

    target: Target[T_co]
    source: Source
    on_exhausted: object = "raise"
    options: Mapping[str, object] = field(default_factory=dict[str, object])

    def changed(self, on_exhausted: object, options: Mapping[str, object]) -> Terms[Any]:
        """These terms with other options laid over them."""
        return Terms(self.target, self.source, on_exhausted, {**self.options, **options})

    def task(self) -> Task[T_co]:
        """The run that these terms ask for, still without a prompt."""
        chosen = cast("ModelOptions", self.options)
        contract = _contract(
            self.target,
            self.source.abilities,
            mode=chosen.get("mode", "auto"),
            strict=chosen.get("strict", False),
        )
        policy = Policy(
            chosen.get("max_retries", _DEFAULT.max_retries),
            chosen.get("transport_retries", _DEFAULT.transport_retries),
            chosen.get("wait", _DEFAULT.wait),
            chosen.get("seed", _DEFAULT.seed),
        )
        parameters = {key: value for key, value in self.options.items() if key not in _OURS}
        return Task(contract, policy, parameters=cast("Mapping[str, JsonValue]", parameters))

    def settled(self, error: EnforcementError) -> Result[T_co]:
        """What a run that gave up comes to: *error* raised again, or the fallback."""
        if self.on_exhausted == "raise":
            raise error
        if self.on_exhausted == "return_none":
            output = None
        else:
            output = cast("Callable[[EnforcementError], object]", self.on_exhausted)(error)
        return Result(cast("T_co", output), error.attempts, exhausted=True)


_DEFAULT = Policy()
_OURS = frozenset({"max_retries", "transport_retries", "wait", "strict", "mode"})


@lru_cache(maxsize=1024)
def _contract(target: Target[T], abilities: Abilities, *, mode: Mode, strict: bool) -> Contract[T]:
    """Built once a target and way of asking; rendering a schema costs more than a call does."""
    return Contract(target, constrain(target, mode, abilities), instructions(target), strict=strict)
