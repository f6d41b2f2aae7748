"""Any server that speaks OpenAI's chat completions or its Responses, through OpenAI's client."""

from deterministic_llm.providers.openai.chat import ChatModel
from deterministic_llm.providers.openai.responses import ResponsesModel

__all__ = ["ChatModel", "ResponsesModel"]
