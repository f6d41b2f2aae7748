"""Any server that speaks one of OpenAI's interfaces, through OpenAI's client."""

from deterministic_llm.providers.openai.chat import ChatModel
from deterministic_llm.providers.openai.decisions import DecisionModel
from deterministic_llm.providers.openai.responses import ResponsesModel

__all__ = ["ChatModel", "DecisionModel", "ResponsesModel"]
