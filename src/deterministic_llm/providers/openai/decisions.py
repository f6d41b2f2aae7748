"""One model behind OpenAI's decisions: what is posted for a request, in its words.

The endpoint answers questions about an input with probabilities: whether a statement is true, which
of several choices it is, on which of several levels it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Unpack

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.evidence.evidence import Scalar
from deterministic_llm._core.evidence.labels import legal_values
from deterministic_llm._core.exchange import Constraint, JsonObject, JsonValue
from deterministic_llm._core.schema.locations import sole
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.providers.openai.items import items_of
from deterministic_llm.providers.openai.service import Api, OpenAIModel
from deterministic_llm.transport.service import ClientOptions

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

_MOST_CHOICES = 255
_WHOLE = "the target"
_UNDECIDABLE = (
    "{}: a decision is true or false, one of 2 to 255 texts, or an integer between two bounds, "
    "got {} (leave it out, or ask another model for it)"
)


class DecisionModel(OpenAIModel):
    """The model *name* on one server.

    Its calls raise ConfigurationError for a target that is nothing to be decided.
    """

    def __init__(self, name: str, **options: Unpack[ClientOptions[OpenAI | AsyncOpenAI]]) -> None:
        super().__init__(name, DECISIONS, **options)


def _decisions(name: str, request: Request, *, pieces: bool, counts: bool) -> dict[str, object]:
    """The body that asks the model *name*; a decision does not come in pieces."""
    del pieces, counts
    questions = list(_questions(request.constraint))
    return {"model": name, "input": items_of(request.messages), "questions": questions}


DECISIONS = Api("/decisions", _decisions)


def _questions(constraint: Constraint) -> Iterator[JsonObject]:
    """A question for each member of the schema, or one for the whole."""
    root = constraint.schema
    node = None if root is None else sole(root, root)
    if root is None or node is None:
        raise _undecidable(_WHOLE, root)
    members = node.get("properties")
    if not isinstance(members, dict):
        yield _question(_WHOLE, node, root)
        return
    for name, member in members.items():
        yield {"name": name, **_question(name, member, root)}


def _question(name: str, member: JsonValue, root: JsonObject) -> JsonObject:
    node = sole(member, root)
    values = None if node is None else legal_values(node)
    described = member.get("description") if isinstance(member, dict) else None
    asked = described or (node or {}).get("description") or name
    if values is not None and all(isinstance(each, bool) for each in values):
        return {"type": "predicate", "instructions": asked}
    if values is not None and all(type(each) is int for each in values):
        levels: list[JsonValue] = [{"label": str(each)} for each in values]
        return {"type": "score", "instructions": asked, "levels": levels}
    if values is not None and _are_choices(values):
        choices: list[JsonValue] = [{"value": each} for each in values]
        return {"type": "choice", "instructions": asked, "choices": choices}
    raise _undecidable(name, node)


def _undecidable(name: str, node: JsonObject | None) -> ConfigurationError:
    listed = (node or {}).get("enum")
    kind = f"one of {len(listed)} values" if isinstance(listed, list) else (node or {}).get("type")
    return ConfigurationError(_UNDECIDABLE.format(name, kind or "what may be of several types"))


def _are_choices(values: Sequence[Scalar]) -> bool:
    return len(values) <= _MOST_CHOICES and all(isinstance(each, str) for each in values)
