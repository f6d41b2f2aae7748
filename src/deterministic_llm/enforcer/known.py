"""What is known of a model before it is asked, and what its server says of itself when it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Protocol

from deterministic_llm._core.exchange import Abilities
from deterministic_llm._core.records import frozen
from deterministic_llm.metering.memory import Memory, memory_of


@frozen
class Said:
    """What a server said it is, "unknown" where it did not, and what it can hold an answer to."""

    server: str
    abilities: Abilities


def is_model(thing: object) -> bool:
    """Whether *thing* is a Model, be it one that can be called itself: it stands above of here."""
    return hasattr(type(thing), "agenerate")


class Server(Protocol):
    """A server that nobody knows, and that can be asked which kind it is."""

    @property
    def said(self) -> Said | None:
        """What it said; None while it is still to be asked."""
        ...

    def meet(self, seconds: float) -> None:
        """Ask it, for no longer than *seconds*."""
        ...

    async def ameet(self, seconds: float) -> None:
        """Ask it, and await what it says."""
        ...


@frozen
class Known:
    """What is known of one model before it is asked: its *options* are those of its own.

    *server*, where there is one, can say more; *said* is which kind it then said that it is.
    """

    abilities: Abilities = Abilities()  # frozen
    options: Mapping[str, object] = field(default_factory=dict[str, object])
    name: str | None = None
    url: str | None = None
    server: Server | None = None
    said: str | None = None

    @property
    def memory(self) -> Memory | None:
        """What is remembered of it in this process; None of a model at no address."""
        if self.url is None or self.name is None:
            return None
        return memory_of(self.url, self.name)

    @property
    def now(self) -> Known:
        """The same with what its server has said since."""
        said = None if self.server is None else self.server.said
        return self if said is None else replace(self, abilities=said.abilities, said=said.server)
