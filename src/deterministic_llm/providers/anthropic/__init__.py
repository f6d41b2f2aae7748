"""Anthropic's Messages, through Anthropic's client (the extra ``[anthropic]``)."""

from deterministic_llm.providers.anthropic.model import MessagesModel
from deterministic_llm.providers.anthropic.posts import DEFAULT_MAX_TOKENS
from deterministic_llm.providers.anthropic.service import MessagesClient

__all__ = ["DEFAULT_MAX_TOKENS", "MessagesClient", "MessagesModel"]
