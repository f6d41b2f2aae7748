"""The providers' own words for why a model ended."""

from __future__ import annotations

from collections.abc import Mapping

from deterministic_llm._core.exchange import Finish

_FINISHES: Mapping[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "tool_calls": "stop",
    "function_call": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "unfinished",
    "tool_use": "stop",
    "completed": "stop",
    "COMPLETE": "stop",
    "STOP": "stop",
    "length": "length",
    "model_length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "refusal": "refusal",
    "content_filter": "filter",
    "content_filtered": "filter",
    "guardrail_intervened": "filter",
    "SAFETY": "filter",
    "IMAGE_SAFETY": "filter",
    "PROHIBITED_CONTENT": "filter",
    "BLOCKLIST": "filter",
    "RECITATION": "filter",
    "SPII": "filter",
    "LANGUAGE": "filter",
    "IMAGE_PROHIBITED_CONTENT": "filter",
    "IMAGE_RECITATION": "filter",
    "ESCALATION": "filter",
    "MODEL_ARMOR": "filter",
    "PUP_LIMITED_DISABLED": "filter",
    "ERROR_TOXIC": "filter",
    "abort": "aborted",
    "error": "aborted",
    "ERROR": "aborted",
    "MALFORMED_FUNCTION_CALL": "aborted",
    "MALFORMED_RESPONSE": "aborted",
    "UNEXPECTED_TOOL_CALL": "aborted",
    "TOO_MANY_TOOL_CALLS": "aborted",
    "cancelled": "aborted",
    "failed": "aborted",
}


def finish_of(word: object) -> Finish:
    """Why the model ended; a word that is not known means that nobody said."""
    return _FINISHES.get(str(getattr(word, "name", word)), "unfinished")
