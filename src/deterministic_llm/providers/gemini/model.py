"""One model of Google's."""

from __future__ import annotations

from deterministic_llm.providers.gemini.clients import Caller, ContentClient
from deterministic_llm.providers.gemini.service import ContentService
from deterministic_llm.transport.remote import MAX_BYTES, Remote


class ContentModel(Remote[Caller, Caller]):
    """The model *name*; makes clients of its own, or uses the *client* it is given.

    An answer of more than *max_bytes*, counted after it is inflated, is not read to its end.
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        client: ContentClient | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        super().__init__(ContentService(name, base_url, api_key, client), max_bytes)
        self.name = name
