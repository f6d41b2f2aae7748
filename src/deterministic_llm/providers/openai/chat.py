"""One model behind a server of OpenAI's chat completions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deterministic_llm.providers.openai.posts import chat
from deterministic_llm.providers.openai.profiles import UNKNOWN, Profile
from deterministic_llm.providers.openai.service import OpenAIService
from deterministic_llm.transport.remote import MAX_BYTES, Remote

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


class ChatModel(Remote["OpenAI", "AsyncOpenAI"]):
    """The model *name* on one server; makes clients of its own, or uses the *client* it is given.

    *profile* says how the server is asked. An answer of more than *max_bytes*, counted after it is
    inflated, is not read to its end.
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        client: OpenAI | AsyncOpenAI | None = None,
        profile: Profile = UNKNOWN,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        service = OpenAIService(
            chat(profile), name, base_url, api_key, client, counts=profile.counts
        )
        super().__init__(service, max_bytes)
        self.name = name
