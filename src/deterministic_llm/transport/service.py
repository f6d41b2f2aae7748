"""What a provider does with the clients of its SDK: it makes them, and asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypedDict
from urllib.parse import urlsplit

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.records import frozen
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.transport.bodies import RawResponse


class Blocking(Protocol):
    """What every client that blocks can do."""

    def close(self) -> None:
        """Close its connections."""
        ...


B = TypeVar("B", bound=Blocking)
"""The client that blocks."""
A = TypeVar("A")
"""The client that is awaited."""


@frozen
class Peer:
    """Whom a client calls: at *url*, with *secrets* that nobody is told.

    *read* is how long it waits for the next bytes by itself, None is as long as it takes. *names*
    are the parameters that have a name of their own there, with the one that they have here.
    """

    url: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    read: float | None = None
    names: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def address(self) -> str:
        """The url without what may be a secret in it: a password, the key in a query."""
        parts = urlsplit(self.url)
        netloc = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=netloc, query="", fragment="").geturl()


C = TypeVar("C")
"""The client that a caller may have of its own."""


class ClientOptions(TypedDict, Generic[C], total=False):
    """How a server is reached: at an address with a key, or by the caller's own client."""

    base_url: str | None
    api_key: str | None
    client: C | None


@dataclass(slots=True)
class SdkService(Generic[C]):
    """What the service of every SDK knows: the model *name*, and how its server is reached.

    Where nobody says that, the SDK has its own address, and the key from the environment.
    """

    name: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    client: C | None = field(default=None, repr=False)

    @property
    def given(self) -> bool:
        """Whether the client is the caller's own."""
        return self.client is not None


class Service(Protocol[B, A]):
    """The clients of one model: how they are made and asked."""

    @property
    def given(self) -> bool:
        """Whether the client is the caller's own."""
        ...

    def new_blocking(self) -> B:
        """A client, whose own retries are off; raises ConfigurationError when there is none."""
        ...

    def new_awaiting(self, *, lent: bool) -> A:
        """The same to be awaited; the caller's own with its connections only where *lent*."""
        ...

    async def close(self, client: A) -> None:
        """Close the connections of *client*."""
        ...

    def post(self, client: B, request: Request, *, pieces: bool) -> RawResponse:
        """Ask for the whole answer or for *pieces*, and wait until the response begins."""
        ...

    async def apost(self, client: A, request: Request, *, pieces: bool) -> RawResponse:
        """As post(), awaited."""
        ...

    def peer(self, client: B | A) -> Peer:
        """Whom *client* calls."""
        ...


def missing(extra: str, name: str) -> ConfigurationError:
    """What is to be said where the SDK for the model *name* is not installed."""
    message = f"no SDK for {name!r}: pip install 'deterministic-llm[{extra}]'"
    return ConfigurationError(message)
