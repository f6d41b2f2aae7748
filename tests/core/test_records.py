"""A record is what dataclasses make, in all but the time."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, FrozenInstanceError, asdict, dataclass, field, replace
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm._core.records import changed, frozen, quick


@dataclass(frozen=True, slots=True)
class Plain:
    """As dataclasses make it."""

    name: str
    size: float = 0.0
    parts: tuple[int, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict[str, int], hash=False)
    ended: float = field(default=0.0, compare=False, repr=False)
    _: KW_ONLY
    run: int
    near: float | None = None


@frozen
class Frozen:
    """The same, declared and made quickly."""

    name: str
    size: float = 0.0
    parts: tuple[int, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict[str, int], hash=False)
    ended: float = field(default=0.0, compare=False, repr=False)
    _: KW_ONLY
    run: int
    near: float | None = None


@quick
class Quick:
    """The same with a dict."""

    name: str
    size: float = 0.0
    parts: tuple[int, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict[str, int], hash=False)
    ended: float = field(default=0.0, compare=False, repr=False)
    _: KW_ONLY
    run: int
    near: float | None = None


@frozen
class Nothing:
    """No field at all."""


@frozen
class One:
    """A single one."""

    size: float


@frozen
class Derived(One):
    """And one of its own, looked at when it is made."""

    other: object = None

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(self.size)


@frozen
class Own:
    """Its own words, equality and start."""

    text: str

    def __init__(self, number: int) -> None:
        object.__setattr__(self, "text", str(number))

    def __repr__(self) -> str:
        return "own"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own)

    def __hash__(self) -> int:
        return 7


Made: TypeAlias = Callable[..., Frozen] | Callable[..., Quick]
BOTH = pytest.mark.parametrize("kind", [Frozen, Quick])
GIVEN = st.fixed_dictionaries(
    {"name": st.sampled_from("ab"), "run": st.integers(0, 1)},
    optional={
        "size": st.sampled_from([0.0, 1.0, -0.0]),
        "parts": st.sampled_from([(), (1,)]),
        "others": st.dictionaries(st.text(), st.integers(), max_size=1),
        "ended": st.floats(allow_nan=False),
        "near": st.sampled_from([None, 0.0]),
    },
)


@BOTH
@given(given=GIVEN, other=GIVEN)
def test_a_record_is_as_dataclasses_make_it(
    kind: Made, given: dict[str, object], other: dict[str, object]
) -> None:
    made, plain = kind(**given), Plain(**given)  # type: ignore[arg-type]  # of all kinds
    assert asdict(made) == asdict(plain)
    assert repr(made) == repr(plain).replace("Plain", type(made).__name__)
    assert (made == kind(**other)) == (plain == Plain(**other))  # type: ignore[arg-type]
    assert hash(made) == hash(kind(**given))
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


@BOTH
def test_a_record_is_frozen_and_takes_its_fields_in_order(kind: Made) -> None:
    made = kind("a", 1.0, (2,), run=1)
    assert (made.name, made.size, made.parts, made.run) == ("a", 1.0, (2,), 1)
    assert kind("a", run=1).others is not kind("a", run=1).others
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'size'"):
        made.size = 2.0  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'more'"):
        made.more = 2.0  # type: ignore[union-attr]
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'size'"):
        del made.size


@BOTH
@pytest.mark.parametrize(
    "wrong",
    [{"run": 1}, {"name": "a"}, {"name": "a", "run": 1, "color": 1}],
    ids=["too few", "no keyword", "unknown"],
)
def test_a_record_refuses_other_arguments(kind: Made, wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError, match=rf"{kind.__name__}\.__init__\(\)"):
        kind(**wrong)


@BOTH
def test_a_record_tells_its_fields_and_their_types(kind: Made) -> None:
    told = inspect.signature(kind).parameters
    assert list(told) == list(inspect.signature(Plain).parameters)
    assert told["size"].annotation == "float"


def test_a_record_has_as_few_fields_as_it_likes() -> None:
    nothing, nan = Nothing(), float("nan")
    assert (nothing, hash(nothing), repr(nothing)) == (Nothing(), hash(Nothing()), "Nothing()")
    assert One(nan) == One(nan) != One(0.0)  # by identity first, as tuples are compared
    assert pickle.loads(pickle.dumps(nothing)) == nothing  # noqa: S301


def test_a_record_of_another_class_is_another() -> None:
    derived = Derived(1.0)
    assert derived != One(1.0)
    assert (derived.size, derived.other) == (1.0, None)
    assert derived == copy.copy(derived)
    with pytest.raises(ValueError, match="-1"):
        Derived(-1.0)


def test_what_a_class_declares_itself_stays() -> None:
    assert (Own(1), repr(Own(1)), hash(Own(1)), Own(1).text) == (Own(2), "own", 7, "1")


def test_a_record_in_itself_is_told_once() -> None:
    within: list[object] = []
    within.append(Derived(0.0, within))
    assert repr(within[0]) == "Derived(size=0.0, other=[...])"
