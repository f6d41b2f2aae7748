"""enforce(): for functions that make their own LLM call."""

# The heads of Decorate overlap on purpose: the first that fits decides, from narrow to wide.
# mypy: disable-error-code="overload-overlap"
# pyright: reportOverlappingOverload=false

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import (
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    Protocol,
    TypeAlias,
    final,
    overload,
)

from typing_extensions import TypeForm, TypeVar, Unpack

from deterministic_llm.enforcer.enforcers import (
    AsyncEnforcer,
    D,
    Enforcer,
    Fallback,
    decorated,
)
from deterministic_llm.enforcer.known import is_model
from deterministic_llm.enforcer.options import Options
from deterministic_llm.enforcer.owncall import OwnCall
from deterministic_llm.enforcer.terms import Terms
from deterministic_llm.enforcer.turn import Turn
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.targets import Declared, compiled

__all__ = ["Decorate", "enforce"]

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R_co = TypeVar("R_co", covariant=True)


@final
class _Unknown:
    """What no function returns: only Any, and a function that always raises, pass for it."""


Waits: TypeAlias = Awaitable[object] | AsyncIterable[object]


# A protocol whose __call__ is overloaded is an intersection: both heads must fit, and the first
# captures the whole signature, names and defaults included.
class _WideFirst(Protocol[P, R_co]):
    """A function whose first parameter takes anything."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(self, first: object, /, *args: Any, **kwargs: Any) -> R_co: ...


class _WideSecond(Protocol[P, R_co]):
    """A function whose second parameter takes anything."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(self, first: Any, second: object, /, *args: Any, **kwargs: Any) -> R_co: ...


class Decorate(Generic[T_co]):
    """Turns a function that makes its own call into an enforcer.

    Five questions a colour, the first that holds decides: a wide first parameter stays, a Turn in
    front goes, a wide second parameter stays, a Turn behind self goes, all stays. The colours:
    what returns Any is sync, what waits is async, the rest is sync.
    """

    def __init__(self, terms: Terms[T_co]) -> None:
        self._terms = terms

    @overload
    def __call__(self, function: _WideFirst[P, _Unknown], /) -> Enforcer[P, T_co]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[Turn, P], _Unknown], /
    ) -> Enforcer[P, T_co]: ...
    @overload
    def __call__(self, function: _WideSecond[P, _Unknown], /) -> Enforcer[P, T_co]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[S, Turn, P], _Unknown], /
    ) -> Enforcer[Concatenate[S, P], T_co]: ...
    @overload
    def __call__(self, function: Callable[P, _Unknown], /) -> Enforcer[P, T_co]: ...

    @overload
    def __call__(self, function: _WideFirst[P, Waits], /) -> AsyncEnforcer[P, T_co]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[Turn, P], Waits], /
    ) -> AsyncEnforcer[P, T_co]: ...
    @overload
    def __call__(self, function: _WideSecond[P, Waits], /) -> AsyncEnforcer[P, T_co]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[S, Turn, P], Waits], /
    ) -> AsyncEnforcer[Concatenate[S, P], T_co]: ...
    @overload
    def __call__(self, function: Callable[P, Waits], /) -> AsyncEnforcer[P, T_co]: ...

    @overload
    def __call__(self, function: _WideFirst[P, object], /) -> Enforcer[P, T_co]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[Turn, P], object], /
    ) -> Enforcer[P, T_co]: ...
    @overload
    def __call__(self, function: _WideSecond[P, object], /) -> Enforcer[P, T_co]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[S, Turn, P], object], /
    ) -> Enforcer[Concatenate[S, P], T_co]: ...
    @overload
    def __call__(self, function: Callable[P, object], /) -> Enforcer[P, T_co]: ...
    def __call__(self, function: Callable[..., object], /) -> object:
        """Decorate *function*; raises ConfigurationError for a model, which has its own enforce."""
        if is_model(function):
            raise ConfigurationError(_NO_FUNCTION.format(type(function).__qualname__))
        return decorated(function, self._terms)


_NO_FUNCTION = (
    "enforce() decorates a function that makes its own call, got {}: write the model's own "
    "enforce() above a function that returns the prompt"
)


# Targets need two heads because mypy infers nothing from a union of TypeForm[T] and Declared[T].
@overload
def enforce(
    output_type: Declared[T],
    *,
    on_exhausted: Literal["return_none"],
    **options: Unpack[Options],
) -> Decorate[T | None]: ...
@overload
def enforce(
    output_type: TypeForm[T],
    *,
    on_exhausted: Literal["return_none"],
    **options: Unpack[Options],
) -> Decorate[T | None]: ...
@overload
def enforce(
    output_type: Declared[T], *, on_exhausted: Fallback[D] = "raise", **options: Unpack[Options]
) -> Decorate[T | D]: ...
@overload
def enforce(
    output_type: TypeForm[T], *, on_exhausted: Fallback[D] = "raise", **options: Unpack[Options]
) -> Decorate[T | D]: ...
def enforce(
    output_type: object, *, on_exhausted: object = "raise", **options: Unpack[Options]
) -> Decorate[object]:
    """Decorate a function that makes its own LLM call and returns the answer in any known shape.

    Its answer is read as *output_type*; when it is not valid the function is called again, at most
    *max_retries* (2) times, told by a first parameter of type Turn what was wrong. Calls that fail
    on the way, or take more than *call_timeout* seconds, are repeated up to *transport_retries*
    times in a row (8, or 2 while another model of *fallback* is left). *strict* allows no repairs.
    *on_exhausted* is ``"raise"`` (EnforcementError), ``"return_none"`` or a function of
    the error. Raises SchemaError when *output_type* cannot be a target.
    """
    terms = Terms(compiled(output_type), OwnCall(), on_exhausted, options, output_type)
    return Decorate(terms)
