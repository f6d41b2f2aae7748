"""Budgets for whatever is called inside a ``with`` block, however deep."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

from deterministic_llm.metering.budgets import Budget
from deterministic_llm.metering.spend import Dollars

_PURSES: ContextVar[tuple[Budget, ...]] = ContextVar("deterministic_llm.budgets", default=())


@contextmanager
def budget(
    *,
    usd: Dollars | None = None,
    tokens: int | None = None,
    calls: int | None = None,
) -> Generator[Budget]:
    """Hold all calls inside the block to these limits together.

    It is used as ``with budget(usd=5) as purse:``, around sync and async code. Blocks nest: a call
    must fit in all of them. The block reaches into the tasks that are started in it and into
    ``asyncio.to_thread``; a thread of your own sees it when it runs in a copy of the context,
    ``contextvars.copy_context().run(...)``. Raises ConfigurationError like Budget.
    """
    with within(Budget(usd=usd, tokens=tokens, calls=calls)) as purse:
        yield purse


@contextmanager
def within(purse: Budget) -> Generator[Budget]:
    """Hold all calls inside the block to *purse*, which may be shared with others."""
    token = _PURSES.set((*_PURSES.get(), purse))
    try:
        yield purse
    finally:
        _PURSES.reset(token)


def hold_to(purse: Budget) -> None:
    """Hold all calls of this context to *purse*, for good: a context made for one run."""
    _PURSES.set((*_PURSES.get(), purse))


ambient: Callable[[], tuple[Budget, ...]] = _PURSES.get
"""The budgets of all blocks around this line, outermost first."""
