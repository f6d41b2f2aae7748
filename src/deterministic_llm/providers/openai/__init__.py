"""Any server that speaks OpenAI's chat completions, through OpenAI's client."""

from deterministic_llm.providers.openai.chat import ChatModel

__all__ = ["ChatModel"]
