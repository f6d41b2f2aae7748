"""Two keys of a JSON object that a type takes for one are no value; other keys are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
)
from typing_extensions import override

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.reader import read
from deterministic_llm._core.schema.target import Invalid
from deterministic_llm._core.schema.typed import typed_target

Lower = Annotated[str, StringConstraints(to_lower=True)]
Folded = Annotated[str, AfterValidator(str.casefold)]


class Answer(Enum):
    """A label that other words stand for, too."""

    YES = "yes"
    NO = "no"

    @classmethod
    @override
    def _missing_(cls, value: object) -> Answer:
        return cls.YES if value == "yeah" else cls.NO


class Trimmed(BaseModel):
    """Counts under words whose blanks do not count."""

    model_config = ConfigDict(str_strip_whitespace=True)
    counts: dict[str, int]


class Shelf(BaseModel):
    """A name, and lists of what stands at which number."""

    name: str
    rows: list[dict[int, str]]


class Tree(BaseModel):
    """Branches by number, each with its own."""

    branches: dict[int, Tree]


class Named(BaseModel):
    """A member that goes by its alias and by its own name, and one that may."""

    model_config = ConfigDict(populate_by_name=True)
    first: int = Field(alias="one")
    second: int = Field(0, alias="two")


class Either(BaseModel):
    """A member that goes by two names."""

    value: int = Field(validation_alias=AliasChoices("a", "b"))


class Inner(BaseModel):
    """A model in which those are two members."""

    a: int
    b: int
    either: Either


TWINS = [
    pytest.param(Named, '{"one": 1, "first": 2}', "$", '"one" and "first"', id="alias and name"),
    pytest.param(Named, '{"first": 1, "second": 1, "two": 2}', "$", '"second" and "two"',
                 id="name and alias of a member with a default"),
    pytest.param(list[Named], '[{"one": 1}, {"one": 1, "first": 2, "note": "x"}]', "$[1]",
                 '"one" and "first"', id="beside others, in a list"),
    pytest.param(Either, '{"a": 1, "b": 2}', "$", '"a" and "b"', id="two aliases"),
    pytest.param(dict[int, str], '{"1": "a", "01": "b"}', "$", '"1" and "01"', id="numbers"),
    pytest.param(dict[int, str], '{"2": "a", "1": "a", "+1": "a"}', "$", '"1" and "+1"',
                 id="values that are equal"),
    pytest.param(dict[float, int], '{"1.0": 1, "1": 2}', "$", '"1.0" and "1"', id="fractions"),
    pytest.param(dict[Decimal, int], '{"1.0": 1, "1": 2}', "$", '"1.0" and "1"', id="decimals"),
    pytest.param(dict[bool, int], '{"true": 1, "yes": 2}', "$", '"true" and "yes"', id="booleans"),
    pytest.param(dict[datetime, int], '{"2024-01-01T00:00Z": 1, "2024-01-01T00:00:00Z": 2}', "$",
                 '"2024-01-01T00:00Z" and "2024-01-01T00:00:00Z"', id="moments"),
    pytest.param(dict[UUID, int], f'{{"{"a" * 32}": 1, "{"A" * 32}": 2}}', "$",
                 f'"{"a" * 32}" and "{"A" * 32}"', id="identifiers in capitals"),
    pytest.param(dict[Answer, int], '{"yes": 1, "yeah": 2}', "$", '"yes" and "yeah"',
                 id="labels with other words for them"),
    pytest.param(dict[Lower, int], '{"a": 1, "A": 2}', "$", '"a" and "A"', id="lower case"),
    pytest.param(dict[Folded, int], '{"a": 1, "A": 2}', "$", '"a" and "A"', id="a validator"),
    pytest.param(Trimmed, '{"counts": {"a": 1, "a ": 2}}', "$.counts", '"a" and "a "',
                 id="blanks that a model takes away"),
    pytest.param(Shelf, '{"name": "A", "rows": [{"1": "a"}, {"1": "a", "01": "b"}]}', "$.rows[1]",
                 '"1" and "01"', id="in a list in a model"),
    pytest.param(Tree, '{"branches": {"1": {"branches": {"1": {"branches": {}}, "01": {"branches":'
                 ' {}}}}}}', '$.branches["1"].branches', '"1" and "01"', id="in a recursive model"),
    pytest.param(dict[int, str] | None, '{"1": "a", "01": "b"}', "$", '"1" and "01"',
                 id="or nothing"),
    pytest.param(dict[str, dict[int, int]], '{"a": {"1": 1}, "b": {"1": 1, "01": 1}}', "$.b",
                 '"1" and "01"', id="in a mapping by text"),
    pytest.param(Counter[int], '{"1": 1, "01": 3}', "$", '"1" and "01"', id="a counter"),
    pytest.param(Mapping[int, int], '{"1": 1, "01": 3}', "$", '"1" and "01"', id="any mapping"),
    pytest.param(defaultdict[int, int], '{"1": 1, "01": 3}', "$", '"1" and "01"',
                 id="a mapping with a default"),
]  # fmt: skip


@pytest.mark.parametrize(("output_type", "text", "path", "got"), TWINS)
@pytest.mark.parametrize("lead", ["", "Here you are:\n"])
def test_two_keys_that_are_one_are_refused(
    output_type: type, text: str, path: str, got: str, lead: str
) -> None:
    reading = read(lead + text, typed_target(output_type))
    assert isinstance(reading, Unread), reading
    reason = "expected each key once: two keys mean the same"
    assert reading.violations == (
        Violation(path, "duplicate_key", reason, got, "write each key once"),
    )


APART = [
    pytest.param(Named, '{"one": 1, "second": 2}', id="an alias and a name"),
    pytest.param(Named, '{"one": 1, "first": 1}', id="an alias and a name with one value"),
    pytest.param(Inner, '{"a": 1, "b": 2, "either": {"b": 1}}', id="names of two members"),
    pytest.param(dict[int, str], '{"1": "a", "2": "b", "-1": "c"}', id="numbers"),
    pytest.param(dict[int, str], "{}", id="none"),
    pytest.param(dict[Answer, int], '{"yes": 1, "no": 2}', id="labels"),
    pytest.param(dict[Lower, int], '{"a": 1, "b": 2}', id="lower case"),
    pytest.param(dict[str, int], '{"a": 1, "A": 2, "a ": 3, "1": 4, "01": 5}', id="text as it is"),
    pytest.param(Trimmed, '{"counts": {"a": 1, "b ": 2}}', id="blanks that a model takes away"),
    pytest.param(dict[int | str, int], '{"1": 1, "01": 2}', id="text or a number"),
    pytest.param(dict[str, dict[int, int]], '{"1": {"1": 1}, "2": {"01": 1}}',
                 id="in two mappings by number"),
    pytest.param(Shelf, '{"name": "A", "rows": [{"1": "a"}, {"01": "a"}]}', id="in two of a list"),
    pytest.param(set[int], "[1, 1]", id="items of a set"),
]  # fmt: skip


@pytest.mark.parametrize(("output_type", "text"), APART)
def test_other_keys_are_read(output_type: type, text: str) -> None:
    reading = read(text, typed_target(output_type))
    assert isinstance(reading, Parsed), reading


def test_a_mapping_by_plain_text_keeps_the_shortest_way() -> None:
    assert typed_target(dict[str, int]).validate is not None
    assert typed_target(Trimmed).validate is None
    assert typed_target(Named).validate is not None


def test_validators_of_keys_are_told_the_context() -> None:
    def shortened(key: str, info: ValidationInfo) -> str:
        return key[: info.context["letters"]]

    target = typed_target(dict[Annotated[str, AfterValidator(shortened)], int])
    text = '{"ab": 1, "ac": 2}'
    assert isinstance(read(text, target, context={"letters": 2}), Parsed)
    assert isinstance(read(text, target, context={"letters": 1}), Unread)


def test_they_are_found_in_a_member_by_itself() -> None:
    site = typed_target(Shelf).site
    assert site is not None
    checked = site.inner("rows").check([{"1": "a", "01": "b"}])
    assert isinstance(checked, Invalid)
    assert [(each.path, each.code) for each in checked.violations] == [("$[0]", "duplicate_key")]
