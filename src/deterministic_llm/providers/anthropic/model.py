"""One model of Anthropic's."""

from __future__ import annotations

from deterministic_llm.providers.anthropic.service import (
    Awaiting,
    Blocking,
    MessagesClient,
    MessagesService,
)
from deterministic_llm.transport.remote import MAX_BYTES, Remote


class MessagesModel(Remote[Blocking, Awaiting]):
    """The model *name*; makes clients of its own, or uses the *client* it is given.

    An answer of more than *max_bytes*, counted after it is inflated, is not read to its end.
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        client: MessagesClient | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        super().__init__(MessagesService(name, base_url, api_key, client), max_bytes)
        self.name = name
