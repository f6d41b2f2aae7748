"""One model of Anthropic's."""

from __future__ import annotations

from typing import Unpack

from deterministic_llm.providers.anthropic.service import (
    Awaiting,
    Blocking,
    MessagesClient,
    MessagesService,
)
from deterministic_llm.transport.remote import Remote
from deterministic_llm.transport.service import ClientOptions


class MessagesModel(Remote[Blocking, Awaiting]):
    """The model *name*; makes clients of its own, or uses the one it is given."""

    def __init__(self, name: str, **options: Unpack[ClientOptions[MessagesClient]]) -> None:
        super().__init__(MessagesService(name, **options))
