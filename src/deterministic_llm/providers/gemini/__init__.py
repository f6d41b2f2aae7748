"""Google's Gemini, through Google's own client (the extra ``[gemini]``)."""

from deterministic_llm.providers.gemini.clients import ContentClient, address_of
from deterministic_llm.providers.gemini.model import ContentModel

__all__ = ["ContentClient", "ContentModel", "address_of"]
