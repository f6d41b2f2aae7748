"""Types and instances at random: a seed goes in, a type, an instance and wrong values come out."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, make_dataclass
from random import Random
from typing import Annotated, Any, Literal, Optional, cast

from pydantic import BaseModel, ConfigDict, Field, create_model

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A *type*, how an instance of it is made, what is none, and the shapes of its members."""

    type: Any
    make: Callable[[Random], Any]
    wrong: tuple[Any, ...]
    members: Callable[[Any], Iterator[tuple[str | int, Shape]]] = lambda _: iter(())


@dataclass(frozen=True, slots=True)
class Break:
    """The member *at* a place that is *missing*, or else *wrong*."""

    at: Location
    missing: bool
    wrong: Any


class Tree(BaseModel):  # noqa: D101 - a docstring would be part of the schema
    label: str = Field(max_length=8)
    weight: int = Field(ge=0, le=99)
    children: list[Tree] = []


def shape(random: Random, depth: int) -> Shape:
    """A shape at most *depth* containers deep."""
    if depth == 0:
        return random.choice(_SCALARS)
    return random.choice(_CONTAINERS)(random, depth - 1)


def model(random: Random, depth: int) -> Shape:
    """A model with some members, a part of them optional."""
    return _model(random, depth, {})


def breaks(random: Random, kind: Shape, value: Any, times: int) -> list[Break]:
    """Up to *times* members of *value* to be wrong or missing, none inside another."""
    places = list(_places(kind, value, ()))
    found: list[Break] = []
    for at, inner in random.sample(places, min(times, len(places))):
        if not any(at[: len(each.at)] == each.at or each.at[: len(at)] == at for each in found):
            missing = isinstance(at[-1], str) and random.random() < 0.2
            found.append(Break(at, missing, random.choice(inner.wrong)))
    return found


def broken(value: Any, made: Sequence[Break]) -> Any:
    """A copy of *value* with every break in it that was *made*."""
    value = copy.deepcopy(value)
    for each in made:
        holder, last = value, each.at[-1]
        for token in each.at[:-1]:
            holder = holder[token]
        if each.missing:
            del holder[last]
        else:
            holder[last] = each.wrong
    return value


def _places(kind: Shape, value: Any, at: Location) -> Iterator[tuple[Location, Shape]]:
    if isinstance(value, dict | list):
        for token, inner in kind.members(value):
            yield (*at, token), inner
            member: Any = cast("Any", value)[token]
            yield from _places(inner, member, (*at, token))


_TEXTS = ("a", "b", "clarity", "Bern", "it's", "x\ny", 'q"q', "ä", "42", "true", " ")
_NAMES = ("name", "score", "owner", "items", "city", "größe", "first name", "path", "value", "x")
_SCALARS = (
    Shape(Annotated[int, Field(ge=0, le=10)], lambda r: r.randint(0, 10), (11, "x", None, [1])),
    Shape(
        Annotated[str, Field(max_length=8)], lambda r: r.choice(_TEXTS), ("far too long", 7, None)
    ),
    Shape(Literal["low", "mid"], lambda r: r.choice(["low", "mid"]), ("huge", 3, None)),
    Shape(bool, lambda r: r.random() < 0.5, ("perhaps", None, 3)),
    Shape(
        Annotated[str, Field(pattern=r"^\d{4}$")], lambda r: str(r.randint(1000, 9999)), ("12", 1)
    ),
)


def _model(random: Random, depth: int, fixed: dict[str, Any]) -> Shape:
    kinds = {name: shape(random, depth) for name in random.sample(_NAMES, random.randint(1, 4))}
    optional = {name for name in kinds if random.random() < 0.3}
    fields: dict[str, Any] = dict(fixed)
    for name, kind in kinds.items():
        wanted = Optional[kind.type] if name in optional else kind.type  # noqa: UP045  # any type
        default = None if name in optional else ...
        fields[name.replace(" ", "_")] = (wanted, Field(default, alias=name))
    config = ConfigDict(extra=random.choice(["forbid", "ignore"]))
    made = create_model("Made", __config__=config, **fields)
    tags = {name: wanted.__args__[0] for name, (wanted, _) in fixed.items()}

    def make(random: Random) -> Any:
        held = [name for name in kinds if name not in optional or random.random() < 0.8]
        return {**tags, **{name: kinds[name].make(random) for name in held}}

    def members(value: Any) -> Iterator[tuple[str | int, Shape]]:
        return ((name, kinds[name]) for name in kinds if value.get(name) is not None)

    return Shape(made, make, ("none", None, 5), members)


def _tagged(random: Random, depth: int) -> Shape:
    cat = _model(random, depth, {"kind": (Literal["cat"], ...)})
    dog = _model(random, depth, {"kind": (Literal["dog"], ...)})
    return Shape(
        Annotated[cat.type | dog.type, Field(discriminator="kind")],
        lambda r: r.choice([cat, dog]).make(r),
        ("x", None, {"kind": "cow"}),
        lambda value: (cat if value["kind"] == "cat" else dog).members(value),
    )


def _listed(random: Random, depth: int) -> Shape:
    inner = shape(random, depth)
    return Shape(
        list[inner.type],
        lambda r: [inner.make(r) for _ in range(r.randint(0, 4))],
        (3, None),
        lambda value: ((index, inner) for index in range(len(value))),
    )


def _mapped(random: Random, depth: int) -> Shape:
    inner = shape(random, depth)
    return Shape(
        dict[str, inner.type],
        lambda r: {r.choice(_TEXTS): inner.make(r) for _ in range(r.randint(0, 3))},
        (3, None),
        lambda value: ((key, inner) for key in value),
    )


def _row(random: Random, depth: int) -> Shape:
    left, right = shape(random, depth), shape(random, 0)
    return Shape(
        tuple[left.type, right.type],
        lambda r: [left.make(r), right.make(r)],
        (3, None),
        lambda _: iter(enumerate((left, right))),
    )


def _plain(random: Random, depth: int) -> Shape:
    left, right = shape(random, depth), shape(random, 0)
    kinds = {"left": left, "right": right}
    plain = make_dataclass("Plain", [(name, kind.type) for name, kind in kinds.items()])
    return Shape(
        plain,
        lambda r: {name: kind.make(r) for name, kind in kinds.items()},
        ("none", None),
        lambda value: ((name, kinds[name]) for name in kinds if name in value),
    )


def _tree(random: Random, depth: int) -> Shape:
    del random, depth

    def grown(random: Random, height: int = 2) -> Any:
        many = random.randint(0, 2) if height else 0
        children = [grown(random, height - 1) for _ in range(many)]
        label, weight = random.choice(_TEXTS), random.randint(0, 99)
        return {"label": label, "weight": weight, "children": children}

    weight = Shape(int, lambda r: r.randint(0, 99), (100, "x", None))
    return Shape(Tree, grown, ("none", None), lambda _: iter([("weight", weight)]))


_CONTAINERS = (model, model, _listed, _listed, _mapped, _row, _plain, _tagged, _tree)


def text_of(value: object) -> str:
    """*value* as a model would write it."""
    return json.dumps(value, ensure_ascii=False)
