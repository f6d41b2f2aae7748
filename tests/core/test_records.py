"""A record that is made quickly is what dataclasses make, in all but the time."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, asdict, dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm._core.records import changed, quick


@dataclass(frozen=True)
class Plain:
    """As dataclasses make it."""

    name: str
    size: float = 0.0
    parts: tuple[int, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict[str, int])
    ended: float = field(default=0.0, compare=False, repr=False)


@quick
@dataclass(frozen=True)
class Quick(Plain):
    """The same, made quickly."""


GIVEN = st.fixed_dictionaries(
    {"name": st.text()},
    optional={
        "size": st.floats(allow_nan=False),
        "parts": st.lists(st.integers()).map(tuple),
        "others": st.dictionaries(st.text(), st.integers()),
        "ended": st.floats(allow_nan=False),
    },
)


@given(GIVEN, GIVEN)
def test_a_quick_record_is_as_dataclasses_make_it(
    given: dict[str, object], other: dict[str, object]
) -> None:
    made, plain = Quick(**given), Plain(**given)  # type: ignore[arg-type]  # of all kinds
    assert asdict(made) == asdict(plain)
    assert repr(made) == repr(plain).replace("Plain", "Quick")
    assert (made == Quick(**other)) == (plain == Plain(**other))  # type: ignore[arg-type]
    assert asdict(replace(made, name="x")) == asdict(replace(plain, name="x"))
    for again in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301
        assert again == made
        assert asdict(again) == asdict(made)


@given(GIVEN, GIVEN)
def test_a_changed_record_is_a_copy_with_other_members(
    given: dict[str, object], other: dict[str, object]
) -> None:
    made = Quick(**given)  # type: ignore[arg-type]
    assert changed(made, **other) == replace(made, **other)  # type: ignore[arg-type]
    assert asdict(changed(made, **other)) == asdict(replace(made, **other))  # type: ignore[arg-type]
    assert asdict(made) == asdict(Plain(**given))  # type: ignore[arg-type]


def test_a_quick_record_is_frozen_and_takes_its_fields_in_order() -> None:
    made = Quick("a", 1.0, (2,))
    assert (made.name, made.size, made.parts) == ("a", 1.0, (2,))
    assert Quick("a").others is not Quick("a").others
    with pytest.raises(FrozenInstanceError):
        made.size = 2.0  # type: ignore[misc]


@pytest.mark.parametrize("wrong", [{}, {"name": "a", "color": 1}], ids=["too few", "unknown"])
def test_a_quick_record_refuses_other_arguments(wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError, match=r"Quick\.__init__\(\)"):
        Quick(**wrong)  # type: ignore[arg-type]
