"""What JSON tells apart stays apart: in types as a whole, in their members, and in keys."""

from __future__ import annotations

from datetime import date
from enum import IntEnum
from typing import Literal

import pytest
from core.case_types import Agreed, EssayGrade, Parcel, Review, Ticket, Urgency
from pydantic import BaseModel, Json, TypeAdapter

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.schema.exactness import exact
from deterministic_llm._core.schema.target import Invalid, Valid
from deterministic_llm._core.schema.typed import typed_target


class Rated(IntEnum):
    """Grades, of which one is understood from what it is not."""

    GOOD = 1
    BAD = 2

    @classmethod
    def _missing_(cls, value: object) -> Rated | None:
        return cls.BAD if value == -1 else None


class Chain(BaseModel):
    """What refers to itself, in its JSON, too."""

    kind: Literal[1, 2]
    after: list[Chain] = []
    told: Json[Chain] | None = None


class Plan(BaseModel):
    """What is urgent, by how urgent it is."""

    first: Urgency
    last: Urgency
    by_urgency: dict[Urgency, Urgency]
    by_day: dict[date, list[date]] = {}


@pytest.mark.parametrize(
    "kind", [EssayGrade, Ticket, Literal["a", "b"], dict[str, int], list[date]]
)
def test_a_type_that_pydantic_tells_apart_stays_as_it_is(kind: object) -> None:
    core = TypeAdapter[object](kind).core_schema
    assert exact(core) is core


@pytest.mark.parametrize("kind", [Review, Literal[1, 2], Literal["a", 1, True]], ids=str)
def test_labels_of_every_kind_are_still_read_at_once(kind: object) -> None:
    assert typed_target(kind).direct is not None


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [(Review, "stars", True), (Agreed, "agreed", 1), (Agreed, "urgency", True)],
)
def test_a_member_by_itself_is_told_apart_too(kind: object, name: str, value: JsonValue) -> None:
    site = typed_target(kind).site
    assert site is not None
    assert isinstance(site.inner(name).check(value), Invalid)


@pytest.mark.parametrize(
    ("kind", "value", "good"),
    [
        (Rated, 1, True),
        (Rated, -1, True),
        (Rated, 3, False),
        (Rated, [1], False),
        (Chain, {"kind": 1, "after": [{"kind": 2}]}, True),
        (Chain, {"kind": 1, "after": [{"kind": True}]}, False),
        (Chain, {"kind": 1, "told": '{"kind": 2}'}, True),
        (Chain, {"kind": 1, "told": '{"kind": true}'}, False),
        (Chain, {"kind": 1, "told": '{"kind": 1, "kind": 2}'}, False),
        (Chain, {"kind": 1, "told": 5}, False),
        (Plan, {"first": 1, "last": 2, "by_urgency": {"1": 2}}, True),
        (Plan, {"first": 1, "last": 2, "by_urgency": {"1": True}}, False),
        (Plan, {"first": 1, "last": 2, "by_urgency": {"true": 1}}, False),
        (Plan, {"first": 1, "last": 2, "by_urgency": {"1": 2, "01": 2}}, False),
        (Plan, {"first": 1, "last": 1, "by_urgency": {}, "by_day": {"2024-01-02": []}}, True),
        (Plan, {"first": 1, "last": 1, "by_urgency": {}, "by_day": {"19724": []}}, False),
        (Parcel, {"contents": '{"1": 1}', "note": "[" * 9_000}, False),
        (Literal[Rated.GOOD], 1, True),
        (Literal[Rated.GOOD], True, False),
    ],
    ids=lambda each: str(each)[:60],
)
def test_what_is_valid(kind: object, value: JsonValue, *, good: bool) -> None:
    assert isinstance(typed_target(kind).decoder.check(value), Valid if good else Invalid)
