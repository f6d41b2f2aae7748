"""A damaged text in the making, and what every damage is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import TypeAlias, cast

from benchmarks.specimens import JsonObject, Path, leaves
from benchmarks.writing import Style, Tree, write
from deterministic_llm import JsonValue


@dataclass(frozen=True, slots=True)
class Draft:
    """*tree* is how *value* is written; *layers* are put round the text, lowest rank first."""

    schema: JsonObject
    value: JsonValue
    tree: Tree
    style: Style
    layers: tuple[tuple[int, str, str], ...] = ()

    def text(self) -> str:
        """The whole text; after a cut nothing follows."""
        text = write(self.tree, self.style)
        for _, before, after in sorted(self.layers):
            text = before + text + ("" if self.style.cut is not None else after)
        return text

    def within(self, rank: int, before: str, after: str = "") -> Draft | None:
        """The same with one more layer, unless that rank is taken."""
        if any(taken == rank for taken, _, _ in self.layers):
            return None
        return replace(self, layers=(*self.layers, (rank, before, after)))

    def styled(self, **changes: object) -> Draft:
        """The same in another style."""
        return replace(self, style=replace(self.style, **changes))  # type: ignore[arg-type]

    def rewritten(self, path: Path, new: Tree) -> Draft:
        """The same with *new* written at *path*."""
        return replace(self, tree=_put(self.tree, path, new))


Damage: TypeAlias = Callable[[Draft, Random], Draft | None]
"""Takes a draft, gives a damaged one, or None where this damage has no place."""
Said: TypeAlias = "Callable[[JsonObject, JsonValue, Random], Tree | None]"
"""Another way to write a value of a schema, or None when it has none here."""


def leaf(said: Said, *, required: bool = False) -> Damage:
    """A damage of one value in the tree that nothing else has touched."""

    def damage(draft: Draft, rng: Random) -> Draft | None:
        places = list(leaves(draft.schema, draft.value))
        rng.shuffle(places)
        for path, schema, value in places:
            if not is_intact(draft, path) or (required and not _is_required(draft.schema, path)):
                continue
            new = said(schema, value, rng)
            if new is not None:
                return draft.rewritten(path, new)
        return None

    return damage


def is_intact(draft: Draft, path: Path = ()) -> bool:
    """Whether what is written at *path* is still the plain value."""
    try:
        return _at(draft.tree, path) == _at(cast("Tree", draft.value), path)
    except (KeyError, IndexError, TypeError):
        return False


def _put(tree: Tree, path: Path, new: Tree) -> Tree:
    if not path:
        return new
    head, tail = path[0], path[1:]
    if isinstance(tree, dict):
        return {key: _put(each, tail, new) if key == head else each for key, each in tree.items()}
    items = enumerate(cast("list[Tree]", tree))
    return [_put(each, tail, new) if index == head else each for index, each in items]


def _at(tree: Tree, path: Path) -> Tree:
    for step in path:
        tree = cast("dict[str | int, Tree]", tree)[step]
    return tree


def _is_required(schema: JsonObject, path: Path) -> bool:
    """Whether the value at *path* is a required member of what holds it."""
    for step in path[:-1]:
        below = schema["items"] if isinstance(step, int) else schema["properties"]
        schema = cast("JsonObject", below)
        if isinstance(step, str):
            schema = cast("JsonObject", schema[step])
    return path[-1] in cast("list[str]", schema.get("required", []))
