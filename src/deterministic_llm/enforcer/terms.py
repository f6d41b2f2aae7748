"""What a decorated function is held to: target, source of answers, options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from inspect import Signature
from typing import Any, Generic, Optional, Protocol, cast

from typing_extensions import TypeVar

from deterministic_llm._core.answering import AsyncOpening, AwaitingCall, BlockingCall, Opening
from deterministic_llm._core.checks import Validator, as_validator
from deterministic_llm._core.consensus.rules import Voting, voting_of
from deterministic_llm._core.exchange import (
    ChatMessage,
    Mode,
)
from deterministic_llm._core.lessons import NOTHING_LEARNED, Lessons
from deterministic_llm._core.policy import OnDrift
from deterministic_llm._core.results import Result
from deterministic_llm._core.resuming import record_of
from deterministic_llm._core.schema.target import Target
from deterministic_llm._core.tasks import Task, Way
from deterministic_llm._drivers import awaiting, blocking
from deterministic_llm._drivers.hooks import as_hooks
from deterministic_llm.enforcer.checking import check_options
from deterministic_llm.enforcer.known import Known
from deterministic_llm.enforcer.meeting import amet, later, met
from deterministic_llm.enforcer.options import ModelOptions
from deterministic_llm.enforcer.policies import policy_of
from deterministic_llm.enforcer.ways import able_for, contract_of, parameters_of, spared
from deterministic_llm.errors import ConfigurationError, EnforcementError
from deterministic_llm.metering.budgets import Budget
from deterministic_llm.metering.guards import (
    Guards,
    aguarded,
    guarded,
    guards_of,
)
from deterministic_llm.metering.memory import Memory
from deterministic_llm.metering.purses import within
from deterministic_llm.storage.cache import Cache, cache_of
from deterministic_llm.storage.caching import acached, cached
from deterministic_llm.storage.cassettes import running
from deterministic_llm.storage.keys import Describe
from deterministic_llm.storage.reels import reel
from deterministic_llm.targets import Declared

T_co = TypeVar("T_co", covariant=True)


class Source(Protocol):
    """Where the answers of a decorated function come from, first and when falling back."""

    def hears(self, turn_at: int | None) -> bool:
        """Whether what we add to the prompt gets to the model at all."""
        ...

    def check(self, parameters: Mapping[str, object], *, heard: bool) -> None:
        """Raise ConfigurationError for *parameters* of a request that go nowhere."""
        ...

    def models(self, fallback: Sequence[object]) -> Sequence[Known]:
        """What is known of its own model and of each of *fallback*; raises ConfigurationError."""
        ...

    def blocking(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], BlockingCall]:
        """The prompt of one run, and how to ask."""
        ...

    async def awaiting(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], AwaitingCall]:
        """The same for an async function."""
        ...

    def describing(
        self,
        fallback: Sequence[object],
        asked: Asking | None,
        *,
        key: Callable[..., object] | None = None,
        lenient: bool = False,
    ) -> Describe:
        """What tells the questions of one run apart; *key* says which part of the arguments does.

        Raises ConfigurationError for arguments that cannot be told, unless *lenient*.
        """
        ...

    def opening(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], Opening]:
        """The prompt of one run, and how to ask for an answer in pieces."""
        ...

    async def aopening(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], AsyncOpening]:
        """The same for an async function."""
        ...


@dataclass(slots=True)  # not frozen, which takes three times as long to make
class Asking:
    """One call of a decorated *function* with its arguments, and where it takes its Turn."""

    function: partial[object]
    turn_at: int | None
    target: Target[object]
    fallback: Sequence[object] = ()


@dataclass(frozen=True)
class Terms(Generic[T_co]):
    """What a decorated function is held to, its target as *written*; new options make new terms."""

    target: Target[T_co]
    source: Source
    on_exhausted: object = "raise"
    options: Mapping[str, object] = field(default_factory=dict[str, object])
    written: object = Signature.empty

    def __post_init__(self) -> None:
        """Raise ConfigurationError for an option that cannot be followed."""
        check_options(self.options, self.on_exhausted)

    def changed(self, on_exhausted: object, options: Mapping[str, object]) -> Terms[Any]:
        """These terms with other options laid over them."""
        laid = {**self.options, **options}
        return Terms(self.target, self.source, on_exhausted, laid, self.written)

    @property
    def gives(self) -> object:
        """What a function under them returns, as an annotation; empty where no type says it."""
        if isinstance(self.written, Declared) or callable(self.on_exhausted):
            return Signature.empty
        if self.on_exhausted == "raise" or self.written is Signature.empty:
            return self.written
        return cast("Any", Optional)[self.written]

    def task(self, *, turn_at: int | None = None) -> Task[T_co]:
        """The run that these terms ask for, still without a prompt; *turn_at* is for the Turn.

        Raises ConfigurationError for an option that makes no sense.
        """
        chosen = cast("ModelOptions", self.options)
        mode, strict = chosen.get("mode", "auto"), chosen.get("strict", False)
        first, *others = self._models
        lessons, *theirs = self.lessons
        ways = [self._way(*other, mode) for other in zip(others, theirs, strict=True)]
        fallback = len(self.fallback)
        contract = contract_of(self.target, able_for(first, self.options), mode=mode, strict=strict)
        if lessons is not NOTHING_LEARNED:
            contract = spared(contract, lessons)
        heard = self.source.hears(turn_at)
        parameters = lessons.accepted(parameters_of(self.options, first.abilities))
        self.source.check(parameters, heard=heard)
        validators = sorted(map(as_validator, chosen.get("validators", ())), key=_waits)
        return Task(
            contract,
            policy_of(self.options),
            parameters=parameters,
            fallback=tuple(ways[:fallback]),
            voting=self.voting,
            voters=tuple(ways[fallback:]),
            abstain_below=self._abstain_below(),
            validators=tuple(validators),
            heard=heard,
            name=first.name,
            server=first.said,
            hooks=as_hooks(chosen.get("hooks", ())),
            resume=record_of(chosen.get("resume", ())),
            confidence=chosen.get("confidence", False),
        )

    def guards(self) -> tuple[Guards, ...]:
        """What stands before the calls of each model: an option of its own wins."""
        first, *others = self.source.models(self.others)
        theirs = [(other, {**self.options, **other.options}) for other in others]
        return tuple(
            guards_of(options, model=known.name, url=known.url, memory=known.memory)
            for known, options in ((first, self.options), *theirs)
        )

    def run(
        self,
        task: Task[T_co],
        call: BlockingCall,
        guards: Sequence[Guards],
        asked: Asking | None = None,
    ) -> Result[T_co]:
        """Carry out *task* with *call* behind *guards*, and those behind the cache."""
        if self._asks:
            task = self.met(task)
        call, cache = guarded(call, guards), self.cache
        if cache is not None:
            call = cached(call, cache, self.describing(asked), on_drift=self.on_drift)
        tape = reel(self.telling, asked)
        call, purse = tape.blocking(call), self.purse
        try:
            if purse is None:  # a block for nothing would take a twentieth of the run
                return blocking.run(task, call, tape.sleep, tape.clock)
            with within(purse):
                return blocking.run(task, call, tape.sleep, tape.clock)
        except EnforcementError as error:
            return self.settled(error)

    async def arun(
        self,
        task: Task[T_co],
        call: AwaitingCall,
        guards: Sequence[Guards],
        asked: Asking | None = None,
    ) -> Result[T_co]:
        """The same, awaited."""
        if self._asks:
            task = await self.amet(task)
        call, cache = aguarded(call, guards), self.cache
        if cache is not None:
            call = acached(call, cache, self.describing(asked), on_drift=self.on_drift)
        tape = reel(self.telling, asked)
        call, purse = tape.awaiting(call), self.purse
        try:
            if purse is None:
                return await awaiting.run(task, call, tape.asleep, tape.clock)
            with within(purse):
                return await awaiting.run(task, call, tape.asleep, tape.clock)
        except EnforcementError as error:
            return self.settled(error)

    def met(self, task: Task[T_co]) -> Task[T_co]:
        """*task* as it is asked once servers that nobody knew have said who they are."""
        seconds = met(task, self._strange) if self._strange else None
        return task if seconds is None else later(task, self.task(), seconds)

    async def amet(self, task: Task[T_co]) -> Task[T_co]:
        """The same, awaited."""
        seconds = await amet(task, self._strange) if self._strange else None
        return task if seconds is None else later(task, self.task(), seconds)

    @cached_property
    def fallback(self) -> Sequence[object]:
        """What is asked, one after another, when the source gives no valid answer."""
        return cast("ModelOptions", self.options).get("fallback", ())

    @cached_property
    def voting(self) -> Voting | None:
        """How votes are taken, if they are; raises ConfigurationError for what is no rule."""
        option = self.options.get("votes")
        return None if option is None else voting_of(option)

    @cached_property
    def others(self) -> Sequence[object]:
        """All that is asked besides the source, in the order of ``Request.model``."""
        voting = self.voting
        return self.fallback if voting is None else (*self.fallback, *voting.voters)

    @cached_property
    def cache(self) -> Cache | None:
        """Where answers are kept; raises ConfigurationError for what is no cache."""
        return cache_of(self.options.get("cache"))

    @property
    def on_drift(self) -> OnDrift:
        """What follows when another system answers than before."""
        return cast("ModelOptions", self.options).get("on_drift", "warn")

    @property
    def key(self) -> Callable[..., object] | None:
        """What tells one call of a function from another; None is "its arguments"."""
        return cast("ModelOptions", self.options).get("key")

    @cached_property
    def memories(self) -> Sequence[Memory | None]:
        """What is remembered of each model."""
        return [known.memory for known in self.source.models(self.others)]

    @property
    def _strange(self) -> Sequence[Known]:
        """All models, where the server of any is to be asked who it is: not for a cassette."""
        if not self._asks or running() is not None:
            return ()
        return self.source.models(self.others)

    @cached_property
    def _asks(self) -> bool:
        """Whether any server can be asked who it is, and how to hold answers is for us to say."""
        auto = self.options.get("mode", "auto") == "auto"
        return auto and any(each.server is not None for each in self.source.models(self.others))

    @property
    def _models(self) -> Sequence[Known]:
        """What is known of each model now; in a cassette what was before any was asked."""
        return [known.now for known in self._strange] or self.source.models(self.others)

    @property
    def learned(self) -> tuple[object, ...]:
        """What the servers are known for by now, which changes what a run begins with."""
        return (self.lessons, *(known.now.said for known in self._strange))

    @property
    def lessons(self) -> tuple[Lessons, ...]:
        """What is known now that each model does not take.

        Nothing for a cassette: it is played in a process where nothing was learned yet.
        """
        if not self.remembers or running() is not None:
            return (NOTHING_LEARNED,) * len(self.memories)
        return tuple(
            NOTHING_LEARNED if memory is None else memory.lessons for memory in self.memories
        )

    @cached_property
    def remembers(self) -> bool:
        """Whether anything can be learned of a model: not of a function."""
        return any(memory is not None for memory in self.memories)

    def context(self, arguments: Sequence[object], keywords: Mapping[str, object]) -> object:
        """What validators are given besides the output: as given, or made of the *arguments*."""
        given = self.options.get("context")
        return given(*arguments, **keywords) if callable(given) else given

    def describing(self, asked: Asking | None, *, lenient: bool = False) -> Describe:
        """What tells the questions of one run apart, as its source says."""
        return self.source.describing(self.others, asked, key=self.key, lenient=lenient)

    def telling(self, asked: Asking | None) -> Describe:
        """The same for a cassette, which takes what cannot be told by its type."""
        return self.describing(asked, lenient=True)

    def _abstain_below(self) -> float | None:
        share = cast("ModelOptions", self.options).get("abstain_below")
        if share is None:
            return None
        if self.voting is None:
            message = "abstain_below= is a share of votes: pass votes=, such as votes=Adaptive()"
            raise ConfigurationError(message)
        return share

    def _way(self, other: Known, lessons: Lessons, mode: Mode) -> Way:
        """How a model to fall back on is asked: its own parameters win."""
        parameters = lessons.accepted(
            parameters_of({**self.options, **other.options}, other.abilities)
        )
        able = able_for(other, self.options)
        contract = contract_of(self.target, able, mode=mode, strict=False)
        held = spared(contract, lessons)
        said = other.said
        return Way(held.constraint, held.instructions, parameters, other.name, held.weaker, said)

    @cached_property
    def purse(self) -> Budget | None:
        """The budget that all calls of a run, those of judges too, are held to."""
        return cast("ModelOptions", self.options).get("budget")

    def settled(self, error: EnforcementError) -> Result[T_co]:
        """What a run that gave up comes to: *error* raised again, or the fallback."""
        if self.on_exhausted == "raise":
            raise error
        if self.on_exhausted == "return_none":
            output = None
        else:
            output = cast("Callable[[EnforcementError], object]", self.on_exhausted)(error)
        return Result(cast("T_co", output), error.attempts, exhausted=True)


def _waits(validator: Validator) -> bool:
    return validator.waits
