"""Decorated functions, blocking and awaiting: same name, same signature, a typed output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import WRAPPER_ASSIGNMENTS, partial
from inspect import Signature
from types import MethodType
from typing import (
    Any,
    Concatenate,
    Generic,
    Literal,
    Never,
    ParamSpec,
    Self,
    TypeAlias,
    cast,
    overload,
)

from typing_extensions import TypeVar, Unpack

from deterministic_llm._core.answering import AsyncOpening
from deterministic_llm._core.exchange import ChatMessage
from deterministic_llm._core.questions import opened
from deterministic_llm._core.results import Result
from deterministic_llm._core.tasks import Task
from deterministic_llm._drivers.streams import AsyncItemStream, AsyncStream, ItemStream, Stream
from deterministic_llm.enforcer.calls import Calls
from deterministic_llm.enforcer.known import is_model
from deterministic_llm.enforcer.options import ModelOptions
from deterministic_llm.enforcer.signatures import (
    AnyFunction,
    turn_position,
    waits,
    without_turn,
)
from deterministic_llm.enforcer.streams import AsyncKind, Kind, astream, check_listed, stream
from deterministic_llm.enforcer.terms import Asking, Terms
from deterministic_llm.errors import ConfigurationError, EnforcementError

P = ParamSpec("P")
Q = ParamSpec("Q")  # what is left of P once self or cls is bound
S = TypeVar("S")
E = TypeVar("E")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
D = TypeVar("D", default=Never)  # what on_exhausted returns; T | Never is T
Fallback: TypeAlias = "Literal['raise'] | Callable[[EnforcementError], D]"
"""What happens when a run ends without a value; ``"return_none"`` is an overload of its own."""


class _Known(Generic[T_co]):
    """The task of *terms* by what is known of the servers; bound enforcers share one."""

    __slots__ = ("_remembers", "_task", "_terms", "_turn_at")

    def __init__(self, terms: Terms[T_co], turn_at: int | None) -> None:
        self._terms = terms
        self._turn_at = turn_at
        self._remembers = terms.remembers
        self._task = self._made(terms.learned)

    def task(self) -> Task[T_co]:
        """The task, made anew once more is known."""
        then, task = self._task
        if self._remembers and (learned := self._terms.learned) != then:
            self._task = _, task = self._made(learned)
        return task

    def _made(self, learned: tuple[object, ...]) -> tuple[tuple[object, ...], Task[T_co]]:
        return learned, opened(self._terms.task(turn_at=self._turn_at))


class _Decorated(Generic[T_co]):
    """What both colours share: the function, its terms, and how it looks from outside."""

    __name__: str
    __qualname__: str

    def __init__(
        self,
        function: AnyFunction,
        terms: Terms[T_co],
        found_at: tuple[object, ...] = (),
    ) -> None:
        """Wrap *function*; *found_at* says how to get at a bound or derived enforcer again."""
        for name in WRAPPER_ASSIGNMENTS:
            if hasattr(function, name):
                setattr(self, name, getattr(function, name))
        self.__wrapped__ = function
        self._terms = terms
        self._found_at = found_at
        self._turn_at = turn_position(function)
        self._calls = Calls(function, self._turn_at, terms.key)
        self._held: tuple[object, ...] = ()
        self._known = _Known(terms, self._turn_at)
        self._guards = terms.guards()
        self._has_context = "context" in terms.options
        self._others = terms.others
        if not waits(function):
            _refuse_to_wait(self._others)

    @property
    def __signature__(self) -> Signature:
        """The signature that callers see: without the Turn, and with what they are given."""
        signature = without_turn(self.__wrapped__, self._turn_at)
        return signature.replace(return_annotation=self._terms.gives)

    @property
    def __isabstractmethod__(self) -> bool:
        """Whether a class with it is abstract, as a function says it."""
        return getattr(self.__wrapped__, "__isabstractmethod__", False) is True

    def __reduce__(self) -> str | tuple[object, ...]:
        """Decorated functions pickle as functions do: by where they are found.

        Raises TypeError for one that has no name, such as a partial.
        """
        found_at = self._found_at or getattr(self, "__qualname__", None)
        if found_at is None:
            message = f"cannot pickle {self!r}: it has no name to be found by: decorate a function"
            raise TypeError(message)
        return found_at

    def __repr__(self) -> str:
        name = getattr(self, "__qualname__", repr(self.__wrapped__))
        return f"<{type(self).__name__} {name} -> {self._terms.target.name}>"

    def _asking(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Asking:
        function = partial(self.__wrapped__, *args, **kwargs)
        return Asking(function, self._turn_at, self._terms.target, self._others)

    def _about(
        self, prompt: tuple[ChatMessage, ...], args: tuple[object, ...], kwargs: dict[str, object]
    ) -> Task[T_co]:
        """The task of one call; where its prompt is not known the arguments tell which it was."""
        terms = self._terms
        arguments = None if prompt else self._calls.digest(self._held, args, kwargs)
        context = terms.context(args, kwargs) if self._has_context else None
        return self._known.task().about(prompt, context, arguments)

    def _bound(self, instance: object, owner: object) -> object:
        binder = getattr(type(self.__wrapped__), "__get__", None)
        if binder is None:  # a partial or another callable object stays as it is
            return self
        function = cast("AnyFunction", binder(self.__wrapped__, instance, owner))
        if function is self.__wrapped__:
            return self
        holder = owner if instance is None else instance
        held = (function.__self__,) if isinstance(function, MethodType) else ()
        shift = len(held) if self._turn_at else 0
        # Not made anew: looking up an attribute must not read signatures.
        bound = object.__new__(type(self))
        bound.__dict__.update(
            self.__dict__,
            __wrapped__=function,
            _found_at=(getattr, (holder, self.__name__)),
            _held=held,
            _turn_at=self._turn_at - shift if self._turn_at is not None else None,
        )
        return bound

    def _changed(self, on_exhausted: object, options: Mapping[str, object]) -> Any:
        terms = self._terms.changed(on_exhausted, options)
        found_at = (_derived, (self, {"on_exhausted": on_exhausted, **options}))
        return type(self)(self.__wrapped__, terms, found_at)


def _refuse_to_wait(others: Iterable[object]) -> None:
    """Raise ConfigurationError for one of *others* that a function which blocks cannot await."""
    for other in others:
        if callable(other) and not is_model(other) and waits(other):
            name = getattr(other, "__qualname__", repr(other))
            raise ConfigurationError(_WAITS.format(name))


_WAITS = (
    "fallback= and voters=: {} is async, and the decorated function is not: make both of one kind"
)


def _derived(enforcer: Enforcer[..., object], options: Mapping[str, Any]) -> object:
    """An enforcer made by with_options(), made again where it is unpickled."""
    return enforcer.with_options(**options)


class Enforcer(_Decorated[T_co], Generic[P, T_co]):
    """A decorated function: called as before, it returns the output."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Run, and return the output; raises EnforcementError when there is none."""
        return self._run(args, kwargs).output

    def run(self, *args: P.args, **kwargs: P.kwargs) -> Result[T_co]:
        """Run, and return the output with its evidence."""
        return self._run(args, kwargs)

    def _run(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Result[T_co]:
        terms = self._terms
        asked = self._asking(args, kwargs)
        prompt, call = terms.source.blocking(asked)
        task = self._about(prompt, args, kwargs)
        return terms.run(task, call, self._guards, asked)

    def stream(self, *args: P.args, **kwargs: P.kwargs) -> Stream[T_co]:
        """Run, and tell what comes while it comes; nothing is asked before the first event is.

        It is meant for ``with grade.stream(...) as events``, and iterated in the block.
        """
        return self._stream(Stream, args, kwargs)

    def stream_items(
        self: Enforcer[P, list[E]], *args: P.args, **kwargs: P.kwargs
    ) -> ItemStream[E]:
        """Run, and give each item of the list when it is there; raises SchemaError for no list."""
        check_listed(self._terms)
        return self._stream(ItemStream, args, kwargs)

    def _stream(
        self, kind: Kind[T_co, S], args: tuple[object, ...], kwargs: dict[str, object]
    ) -> S:
        terms = self._terms
        asked = self._asking(args, kwargs)
        prompt, opening = terms.source.opening(asked)
        task = self._about(prompt, args, kwargs)
        return stream(kind, terms, task, opening, self._guards, asked)

    @overload
    def with_options(
        self, *, on_exhausted: Literal["return_none"], **options: Unpack[ModelOptions]
    ) -> Enforcer[P, T_co | None]: ...
    @overload
    def with_options(
        self, *, on_exhausted: Fallback[D] = "raise", **options: Unpack[ModelOptions]
    ) -> Enforcer[P, T_co | D]: ...
    def with_options(
        self, *, on_exhausted: object = "raise", **options: Unpack[ModelOptions]
    ) -> Enforcer[P, object]:
        """The same function under other options; this enforcer stays as it is."""
        return cast("Enforcer[P, object]", self._changed(on_exhausted, options))

    @overload  # a class method, through the class or an instance
    def __get__(
        self: Callable[Concatenate[S, Q], object], instance: object, owner: S
    ) -> Enforcer[Q, T_co]: ...
    @overload  # through the class: as declared
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload  # a method, through an instance
    def __get__(
        self: Callable[Concatenate[S, Q], object], instance: S, owner: type
    ) -> Enforcer[Q, T_co]: ...
    @overload  # a static method, through an instance
    def __get__(self, instance: object, owner: type) -> Self: ...
    def __get__(self, instance: object, owner: object) -> object:
        """Bind as functions do."""
        return self._bound(instance, owner)


class AsyncEnforcer(_Decorated[T_co], Generic[P, T_co]):
    """A decorated async function or async generator: awaited, it gives the output."""

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Run, and return the output; raises EnforcementError when there is none."""
        return (await self.run(*args, **kwargs)).output

    async def run(self, *args: P.args, **kwargs: P.kwargs) -> Result[T_co]:
        """Run, and return the output with its evidence."""
        terms = self._terms
        asked = self._asking(args, kwargs)
        prompt, call = await terms.source.awaiting(asked)
        task = self._about(prompt, args, kwargs)
        return await terms.arun(task, call, self._guards, asked)

    def stream(self, *args: P.args, **kwargs: P.kwargs) -> AsyncStream[T_co]:
        """Run, and tell what comes while it comes; nothing is asked before the first event is.

        It is meant for ``async with grade.stream(...) as events``, and iterated in the block.
        """
        return self._stream(AsyncStream, args, kwargs)

    def stream_items(
        self: AsyncEnforcer[P, list[E]], *args: P.args, **kwargs: P.kwargs
    ) -> AsyncItemStream[E]:
        """Run, and give each item of the list when it is there; raises SchemaError for no list."""
        check_listed(self._terms)
        return self._stream(AsyncItemStream, args, kwargs)

    def _stream(
        self, kind: AsyncKind[T_co, S], args: tuple[object, ...], kwargs: dict[str, object]
    ) -> S:
        terms = self._terms
        asked = self._asking(args, kwargs)
        task = self._about((), args, kwargs)

        async def ask() -> tuple[Task[T_co], AsyncOpening]:
            prompt, opening = await terms.source.aopening(asked)
            return task.about(prompt) if prompt else task, opening

        return astream(kind, terms, task, ask, self._guards, asked)

    @overload
    def with_options(
        self, *, on_exhausted: Literal["return_none"], **options: Unpack[ModelOptions]
    ) -> AsyncEnforcer[P, T_co | None]: ...
    @overload
    def with_options(
        self, *, on_exhausted: Fallback[D] = "raise", **options: Unpack[ModelOptions]
    ) -> AsyncEnforcer[P, T_co | D]: ...
    def with_options(
        self, *, on_exhausted: object = "raise", **options: Unpack[ModelOptions]
    ) -> AsyncEnforcer[P, object]:
        """The same function under other options; this enforcer stays as it is."""
        return cast("AsyncEnforcer[P, object]", self._changed(on_exhausted, options))

    @overload
    def __get__(
        self: Callable[Concatenate[S, Q], object], instance: object, owner: S
    ) -> AsyncEnforcer[Q, T_co]: ...
    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(
        self: Callable[Concatenate[S, Q], object], instance: S, owner: type
    ) -> AsyncEnforcer[Q, T_co]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Self: ...
    def __get__(self, instance: object, owner: object) -> object:
        """Bind as functions do."""
        return self._bound(instance, owner)


def decorated(function: AnyFunction, terms: Terms[T]) -> object:
    """The enforcer of *function*, in the function's own colour."""
    return AsyncEnforcer(function, terms) if waits(function) else Enforcer(function, terms)
