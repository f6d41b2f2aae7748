"""How a target is put to a backend that is strict about schemas."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

import pytest
from pydantic import BaseModel, ConfigDict, Field

from deterministic_llm._core.contract import constrain, ladder
from deterministic_llm._core.exchange import UNCONSTRAINED, Abilities, Constraint, Mode
from deterministic_llm._core.schema.notations import notation_of
from deterministic_llm._core.shapes import chat
from deterministic_llm.targets import Choice, Template, compiled

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


@pytest.mark.parametrize("mode", ["auto", "native", "tool"])
@pytest.mark.parametrize(
    "output_type",
    [Partial, Counts, list[Mood], dict[str, Any], int],
    ids=["optional members", "keys that are data", "a list", "any values", "a number"],
)
def test_a_schema_that_changes_its_form_is_sent_strictly_too(output_type: object, mode: Mode):
    """With the dialect in which an answer to it is to be read."""
    constraint = constrain(compiled(output_type), mode, HOSTED)
    assert constraint.schema is not None
    assert constraint.schema["type"] == "object"
    assert constraint.schema["required"] == [*cast("Any", constraint.schema["properties"])]
    assert (constraint.strict, constraint.dialect) == (True, "openai")


@pytest.mark.parametrize("output_type", [Loose, str, Any], ids=["others", "any text", "anything"])
def test_what_a_strict_schema_would_take_away_is_not_sent_as_one(output_type: object):
    """Members without a name that are asked for, and what any answer is an answer to."""
    target: Any = compiled(output_type)
    constraint = constrain(target, "native", HOSTED)
    assert (constraint.schema, constraint.strict) == (target.schema, False)


def test_a_backend_of_no_known_dialect_is_sent_the_schema_as_it_is():
    """Only who is known to take it is asked to be strict."""
    assert sent(Mood, Abilities(("native",))).keys() == {"name", "schema"}


class Share(BaseModel):  # noqa: D101
    share: Annotated[float, Field(ge=0, le=1)]


def test_where_a_schema_is_not_taken_another_dialect_says_it():
    """Azure says that it takes what OpenAI takes; where it does not, it takes less."""
    abilities = Abilities(("native", "json"), dialect="openai", fallback="azure")
    first, second, *rest = ladder(compiled(Share), "auto", abilities)
    assert (first.mode, second.mode, rest) == (
        "native",
        "native",
        [Constraint("json"), UNCONSTRAINED],
    )
    assert first.strict
    assert "maximum" in str(first.schema)
    assert first.schema != second.schema


def test_what_both_dialects_say_alike_is_sent_once():
    abilities = Abilities(("native",), dialect="openai", fallback="azure")
    assert len(ladder(compiled(Mood), "auto", abilities)) == 2


def test_a_text_is_held_by_the_notations_that_are_taken():
    choice: Any = compiled(Choice("yes", "no"))
    abilities = Abilities(("grammar",), notations=("regex", "lark"))
    held = Constraint("grammar", grammar=notation_of(choice.form))
    assert ladder(choice, "auto", abilities) == (held, UNCONSTRAINED)
    of_lists: Any = compiled(Template("{tags}", tags=list[int]))
    assert ladder(of_lists, "auto", abilities) == (UNCONSTRAINED,)
