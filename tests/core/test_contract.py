"""How a target is put to a backend that is strict about schemas."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict

from deterministic_llm._core.contract import constrain
from deterministic_llm._core.exchange import Abilities
from deterministic_llm._core.shapes import chat
from deterministic_llm.targets import Schema, compiled

HOSTED = Abilities(("native",), dialect="openai")


class Mood(BaseModel):  # noqa: D101 - a docstring would be part of the schema
    label: Literal["good", "bad"]
    reason: str | None


class Loose(BaseModel):  # noqa: D101
    model_config = ConfigDict(extra="allow")
    label: str


class Partial(BaseModel):  # noqa: D101
    label: str
    reason: str = ""


class Counts(BaseModel):  # noqa: D101
    words: dict[str, int]


def sent(output_type: object, abilities: Abilities = HOSTED) -> Any:
    """The schema that goes out in native mode."""
    constraint = constrain(compiled(output_type), "native", abilities)
    response_format: Any = chat.response_format(constraint)
    return response_format["json_schema"]


def test_a_schema_that_keeps_its_form_is_sent_strictly():
    """Closed, with every member required, in the words of the dialect."""
    schema = {
        "type": "object",
        "properties": {
            "label": {"type": "string", "enum": ["good", "bad"]},
            "reason": {"type": ["string", "null"]},
        },
        "required": ["label", "reason"],
        "additionalProperties": False,
    }
    assert sent(Mood) == {"name": "Mood", "schema": schema, "strict": True}


@pytest.mark.parametrize(
    "output_type",
    [Partial, Counts, Loose, Schema({"type": "object", "enum": []})],
    ids=["optional members", "keys that are data", "members without a name", "nothing fits"],
)
def test_a_schema_that_would_change_its_form_is_sent_as_it_is(output_type: object):
    """An answer is read, and streamed, in the form of the target."""
    target: Any = compiled(output_type)
    assert sent(output_type)["schema"] == target.schema
    assert "strict" not in sent(output_type)


def test_a_backend_of_no_known_dialect_is_sent_the_schema_as_it_is():
    """Only who is known to take it is asked to be strict."""
    assert sent(Mood, Abilities(("native",))).keys() == {"name", "schema"}
