"""What a server does not take of a request, by its own words: an error goes in, a name comes out.

A request that is wrong in itself names nothing here: a value out of range, a message of no known
form, a model that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from deterministic_llm._core.regexes import expression

SCHEMA: Final = "schema"
"""This schema or grammar, as it was written; another one may be taken."""
_CODES = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter"})
_SCHEMA_CODES = frozenset({"invalid_json_schema", "invalid_function_parameters"})
_CONSTRAINTS: Mapping[str, tuple[str, ...]] = {
    SCHEMA: (
        r"invalid schema for (response_format|function)",
        r"'additionalProperties' is required to be supplied",
        r"(features?|keywords?) .{0,40}not supported by (xgrammar|outlines|guidance|lm)",
        r"failed to (parse|compile|convert|initialize) .{0,40}(grammar|schema)",
        r"failed to parse grammar",
        r"json schema conversion failed|unrecognized schema|invalid (json )?schema in format",
        r"(invalid|unsupported) (json schema|grammar)|grammar error:",
        r"^output_(config|format)\b.{0,40}schema",
        r"^tools\.\d+\.(custom\.)?input_schema",
        r"(schema|grammar) (is )?too (complex|large)|too many states for serving",
        r"unknown name .{0,60}at '(generation_config\.)?(response_(json_)?schema|tools\[)",
    ),
    "response_format": (
        r"response[_ ]format.{0,120}(not supported|unsupported|unavailable|not available)",
        r"response[_ ]format.{0,80}(does not support|enabled only|must be one of)",
        r"(not support|unsupported|unavailable).{0,60}response[_ ]format",
        r"(json|output|response)[_ ]schema.{0,80}(unsupported|not (supported|available|enabled))",
        r"structured[_ ]outputs?.{0,60}(not supported|unsupported|not available)",
        r"(does not|doesn't) support (structured|json|constrained)",
        r"json mode is not (enabled|supported)",
        r"^output_(config|format)\b.{0,80}(not (supported|permitted)|unsupported)",
        r"function calling with a response mime type",
        r"no endpoints found that (can handle|support) the requested parameters",
    ),
    "tools": (
        r"(does not|doesn't) support (tools?\b|function|this tool_choice)",
        r"tool[_ ](choice|use|calling).{0,80}(not supported|unsupported|requires)",
        r"tools param requires",
        r"custom tools?\b.{0,80}(not supported|unsupported|not available)",
        r"(invalid value:|unsupported tool type:?) ['\"]?custom\b",
        r"following tools cannot be used",
        r"no endpoints found that support tool use",
    ),
}
"""How servers say that they cannot hold an answer, or not to this schema; the first counts."""
_HOLDING = frozenset({"tools", "tool_choice", "text", "response_format"})
"""Members of a request that hold an answer: whatever is wrong with them, there is another way."""
_PARAMETERS = (
    r"unsupported (?:parameter|value): '(\w+)",
    r"unrecognized request arguments? supplied: (\w+)",
    r"unknown parameter: '(\w+)",
    r"argument not supported[^:]{0,40}: (\w+)",
    r"does not support (?:the )?parameters?:? ?\[?['\"`]?(\w+)",
    r"[`'\"](\w+)[`'\"] (?:is|are) (?:not supported|unsupported|deprecated) ",
    r"\b(logprobs) is not (?:enabled|supported) for ",
    r"additional properties are not allowed \('(\w+)' was unexpected",
    r"extra_forbidden.{0,40}'loc': [\[(]'body', '(\w+)'",
    r"(\w+): extra inputs are not permitted",
    r"extra inputs are not permitted, field: '(\w+)",
    r"unknown name \"(\w+)\" at 'generation_config'",
    r"`\w+` and `(\w+)` cannot both be specified",
)
"""How they say that they take no such parameter, or one but not here."""
_READ = 1_000
_NAMED = {
    name: expression("|".join(sentences), re.IGNORECASE) for name, sentences in _CONSTRAINTS.items()
}
_NAMES = [expression(sentence, re.IGNORECASE) for sentence in _PARAMETERS]


def untaken(codes: Iterable[str], parameter: str | None, message: str) -> str | None:
    """What an error says is not taken: SCHEMA, what holds an answer, or a parameter; or None.

    *parameter* is what the error itself names, in whose *codes* it says why.
    """
    words = frozenset(codes)
    if not _SCHEMA_CODES.isdisjoint(words):
        return SCHEMA
    start = message[:_READ]
    for name, pattern in _NAMED.items():
        if pattern.search(start):
            return name
    named = re.split(r"[.\[]", parameter or "")[0]
    if named and (named in _HOLDING or not _CODES.isdisjoint(words)):
        return named
    found = (pattern.search(start) for pattern in _NAMES)
    return next((match.group(1) for match in found if match), None)
