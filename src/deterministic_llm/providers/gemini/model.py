"""One model of Google's."""

from __future__ import annotations

from typing import Unpack

from deterministic_llm.providers.gemini.clients import Caller, ContentClient
from deterministic_llm.providers.gemini.service import ContentService
from deterministic_llm.transport.remote import Remote
from deterministic_llm.transport.service import ClientOptions


class ContentModel(Remote[Caller, Caller]):
    """The model *name*; makes clients of its own, or uses the one it is given."""

    def __init__(self, name: str, **options: Unpack[ClientOptions[ContentClient]]) -> None:
        super().__init__(ContentService(name, **options))
