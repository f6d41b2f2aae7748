"""OpenAI's chat completions: a constraint, or what is said, goes in, members of a body come out.

The keys of caches, and the first records, have a constraint in these words, too.
"""

from __future__ import annotations

from deterministic_llm._core.exchange import (
    UNCONSTRAINED,
    ChatMessage,
    Constraint,
    JsonObject,
    Mode,
    Notation,
)
from deterministic_llm._core.records import frozen


def conversation(prompt: tuple[ChatMessage, ...], feedback: str) -> tuple[ChatMessage, ...]:
    """*prompt* with *feedback*, if there is any, said by the user.

    It joins a last user message: some chat templates refuse two in a row, and the prompt stays an
    unchanged prefix either way.
    """
    if not feedback:
        return prompt
    last: ChatMessage = prompt[-1] if prompt else {}
    content = last.get("content")
    if last.get("role") != "user" or not isinstance(content, str):
        return (*prompt, {"role": "user", "content": feedback})
    return (*prompt[:-1], {**last, "content": f"{content}\n\n{feedback}"})


def response_format(constraint: Constraint) -> JsonObject | None:
    """The ``response_format`` that holds an answer to *constraint*; None where nothing does."""
    if constraint.mode == "json":
        return {"type": "json_object"}
    if constraint.mode != "native" or constraint.schema is None:
        return None
    held: JsonObject = {"name": constraint.name, "schema": constraint.schema}
    if constraint.strict:
        held["strict"] = True
    return {"type": "json_schema", "json_schema": held}


def tool(constraint: Constraint) -> JsonObject | None:
    """The function to be called with the answer, as a tool is declared; None without one."""
    if constraint.mode != "tool":
        return None
    declared: JsonObject = {"name": constraint.name}
    if constraint.schema is not None:
        declared["parameters"] = constraint.schema
    if constraint.strict:
        declared["strict"] = True
    return declared


def told(constraint: Constraint) -> JsonObject:
    """*constraint* in these words, without those that say nothing."""
    if constraint.grammar is not None:
        return _grammar(constraint.grammar)
    said: JsonObject = {
        "response_format": response_format(constraint),
        "tool": tool(constraint),
    }
    return {name: member for name, member in said.items() if member is not None}


def _grammar(notation: Notation) -> JsonObject:
    """By llama.cpp's notation where there is one: the others say the same."""
    if notation.gbnf is not None:
        return {"grammar": notation.gbnf}
    said: JsonObject = {"lark": notation.lark, "regex": notation.regex}
    said["choices"] = None if notation.choices is None else [*notation.choices]
    return {name: member for name, member in said.items() if member is not None}


CHAT_MEMBERS = frozenset({"response_format", "tool"})
"""What a record of a constraint in these words has, and no other."""


@frozen
class ChatConstraint:
    """A constraint as records told it at first: in these words."""

    mode: Mode = "prompt"
    response_format: JsonObject | None = None
    grammar: str | None = None
    tool: JsonObject | None = None

    def read(self) -> Constraint:
        """The constraint that they tell."""
        if self.tool is not None:
            return self._held(self.tool, "parameters")
        if self.mode == "native" and self.response_format is not None:
            held = self.response_format.get("json_schema")
            return self._held(held if isinstance(held, dict) else {}, "schema")
        grammar = None if self.grammar is None else Notation(gbnf=self.grammar)
        return Constraint(self.mode, grammar=grammar)

    def _held(self, held: JsonObject, member: str) -> Constraint:
        name, schema = held.get("name"), held.get(member)
        return Constraint(
            self.mode,
            name=name if isinstance(name, str) else UNCONSTRAINED.name,
            schema=schema if isinstance(schema, dict) else None,
            strict=held.get("strict") is True,
        )
