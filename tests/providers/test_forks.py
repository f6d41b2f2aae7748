"""A process that forks while it makes a client: the child makes one of its own."""

from __future__ import annotations

import os
import signal
from typing import Any, cast

import pytest

from deterministic_llm.transport.clients import Clients
from deterministic_llm.transport.service import Service


class Client:
    """One that has nothing to close."""

    def close(self) -> None:
        """Do nothing."""


class ForkingService:
    """Whose first client is made while the process forks."""

    given = False

    def __init__(self) -> None:
        self.clients: Clients[Any, Any] = Clients(cast("Service[Any, Any]", self))
        self.statuses: list[int] = []
        self.made = 0

    def new_blocking(self) -> Client:
        """A client; in the child of the fork it is made without another."""
        self.made += 1
        if self.made == 1:
            child = os.fork()
            if not child:
                signal.alarm(20)  # so that a child that waits for its parent ends
                self.clients.blocking()
                os._exit(0 if self.made == 2 else 1)
            self.statuses.append(os.waitpid(child, 0)[1])
        return Client()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # fork with threads
def test_a_child_does_not_wait_for_a_client_that_its_parent_was_making():
    """Who holds the lock in the parent does not live in the child."""
    service = ForkingService()
    assert service.clients.blocking() is service.clients.blocking()
    assert service.statuses == [0]
