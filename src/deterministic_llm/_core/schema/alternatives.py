"""Errors of a value that could be one of several: those of the closest alternative come out.

Pydantic reports what is wrong by each alternative in turn. Told all of that, a model is asked for
the members of kinds that it never meant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from pydantic_core import ErrorDetails

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.violations import Location, member
from deterministic_llm._core.schema.wording import resolve

UNDECIDED = "none is closest"
"""The type of an error that stands for those of several alternatives, none of which is closest."""
EXTRAS = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
"""The errors of members that a type does not name; of dataclasses it is the second."""
_NAMES_A_MEMBER = EXTRAS | {"missing"}


def locate(
    tokens: Sequence[str | int], schema: JsonObject, *, names_member: bool
) -> tuple[Location, JsonValue]:
    """The path and schema node of an error; names of union members are no part of the path.

    *names_member* says that the last token is a key, also where the schema does not know it.
    """
    if not schema:
        return tokens, {}
    steps = [*_steps(tokens, schema, names_member=names_member)]
    path = [each.token for each in steps if not each.is_label]
    return path, steps[-1].node if steps else schema


def closest(details: Sequence[ErrorDetails], schema: JsonObject) -> Sequence[ErrorDetails]:
    """*details* less those of alternatives that the value at their place is farther from."""
    told = dict(enumerate(details))
    steps = [
        [*_steps(each["loc"], schema, names_member=each["type"] in _NAMES_A_MEMBER)]
        for each in details
    ]
    for prefix, found in _places(details, steps):
        here = [at for at in found if told.get(at) is details[at]]
        alternatives: dict[str | int, _Alternative] = {}
        for at in here:
            step = steps[at][len(prefix)]
            alternative = alternatives.setdefault(step.token, _Alternative(step.alternative))
            alternative.add(at, details[at], depth=len(prefix))
        if len(alternatives) > 1:
            first, instead, kept = _decided(details, schema, prefix, [*alternatives.values()])
            told[first] = instead
            for at in here:
                if at not in kept:
                    del told[at]
    return [*told.values()]


def takes_less(details: Sequence[ErrorDetails], schema: JsonObject) -> bool:
    """Whether a value would be taken for an alternative that does not name what another one does.

    *details* is what is wrong with it where no other members are let pass. Where they are, it is
    taken for one with which nothing else is wrong. A null says nothing, so it is no loss.
    """
    steps = [
        [*_steps(each["loc"], schema, names_member=each["type"] in _NAMES_A_MEMBER)]
        for each in details
    ]
    for prefix, found in _places(details, steps):
        unnamed: dict[str | int, set[str | int]] = {}
        nodes: dict[str | int, JsonValue] = {}
        for at in found:
            step, detail = steps[at][len(prefix)], details[at]
            others = unnamed.setdefault(step.token, set())
            below = detail["loc"][len(prefix) + 1 :]
            if detail["type"] not in EXTRAS:
                nodes[step.token] = step.alternative
            elif len(below) == 1 and detail["input"] is not None:
                others.add(below[0])
        said = set[str | int]().union(*unnamed.values())
        taken = [said - others for token, others in unnamed.items() if token not in nodes]
        refused = [said.intersection(_properties(node, schema)) for node in nodes.values()]
        if taken and all(any(names - mine for names in (*taken, *refused)) for mine in taken):
            return True
    return False


def _places(
    details: Sequence[ErrorDetails], steps: Sequence[Sequence[_Step]]
) -> Sequence[tuple[Location, list[int]]]:
    """Where a value may be one of several, from the outside in, with the errors of each place."""
    places: dict[Location, list[int]] = {}
    for at, detail in enumerate(details):
        for depth, step in enumerate(steps[at]):
            if step.is_label:
                places.setdefault(detail["loc"][:depth], []).append(at)
    return sorted(places.items(), key=lambda place: len(place[0]))


@frozen
class _Step:
    """One *token* of an error's place, and the schema *node* that it leads to.

    It is a part of the path, or the label of an *alternative*.
    """

    token: str | int
    node: JsonValue
    is_label: bool
    alternative: JsonValue = None


def _steps(
    tokens: Sequence[str | int], schema: JsonObject, *, names_member: bool
) -> Iterator[_Step]:
    node: JsonValue = schema
    for place, token in enumerate(tokens, 1):
        branches = _branches(node, schema)
        if branches or _tagged(node, token, schema) is not None:
            branch = _tagged(node, token, schema) or _meant(branches, token)
            # What is wrong with the value as a whole is told of all alternatives.
            node = branch if place < len(tokens) else node
            yield _Step(token, node, is_label=True, alternative=branch)
            continue
        inner = member(node, token, schema)
        known = inner != {} or node == {} or isinstance(token, int)
        known = known or (names_member and place == len(tokens))
        node = inner if known else node
        yield _Step(token, node, is_label=not known)


@dataclass(slots=True)
class _Alternative:
    """The errors of one alternative: where in the list of all they stand, and what they say.

    *is_other_kind* says that the value is not of its kind at all: no object, no list. The *value*
    is UNDECIDED where no error told it.
    """

    node: JsonValue
    at: list[int] = field(default_factory=list[int])
    missing: int = 0
    is_other_kind: bool = False
    value: object = UNDECIDED

    def add(self, at: int, detail: ErrorDetails, *, depth: int) -> None:
        """Take in the error *detail*, number *at*, of a value in so many containers."""
        self.at.append(at)
        below = len(detail["loc"]) - depth
        is_missing = detail["type"] == "missing"
        self.missing += is_missing
        self.is_other_kind = self.is_other_kind or below == 1
        if below == 1 or (is_missing and below == 2):
            self.value = detail["input"]

    def distance(self, value: object, schema: JsonObject) -> tuple[int, int, int]:
        """How far *value* is from it: by the members that it knows, lacks, and has wrong."""
        keys = frozenset[str](cast("Mapping[str, object]", value) if _is_object(value) else ())
        known = len(keys.intersection(_properties(self.node, schema)))
        return -known, self.missing, len(self.at)


def _decided(
    details: Sequence[ErrorDetails],
    schema: JsonObject,
    prefix: Location,
    alternatives: Sequence[_Alternative],
) -> tuple[int, ErrorDetails, set[int]]:
    """The first error at *prefix*, what is told in its place, and those that are told besides."""
    values = [each.value for each in alternatives if each.value is not UNDECIDED]
    value = values[-1] if values else UNDECIDED
    first = min(at for each in alternatives for at in each.at)
    fitting = [each for each in alternatives if not each.is_other_kind]
    ranked = sorted((each.distance(value, schema), min(each.at), each) for each in fitting)
    instead, kept = details[first], {first}  # where none fits, what is told there names them all
    if len(ranked) == 1 or (ranked and _is_closer(ranked[0][0], ranked[1][0], value)):
        kept = {*ranked[0][2].at}
    elif ranked and all(_names(each.node, schema) for each in fitting):
        forms = " or ".join(dict.fromkeys(_form(each.node, schema) for each in fitting))
        instead = _undecided(prefix, forms, value)
    elif ranked:
        kept = {*ranked[0][2].at}
    return first, instead, kept


def _is_closer(first: tuple[int, int, int], second: tuple[int, int, int], value: object) -> bool:
    """Whether the *first* distance is less; an object without a known member is close to none."""
    return first < second and not (_is_object(value) and first[0] == 0)


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _undecided(prefix: Sequence[str | int], forms: str, value: object) -> ErrorDetails:
    """An error in the place of all others there; *value* is UNDECIDED where nobody told it."""
    return {"type": UNDECIDED, "loc": tuple(prefix), "msg": f"expected {forms}", "input": value}


def _form(node: JsonValue, schema: JsonObject) -> str:
    """An alternative in few words: the members that an object must have, or may have."""
    return "an object with " + " and ".join(_names(node, schema)[:_MOST_NAMES])


def _properties(node: JsonValue, schema: JsonObject) -> Collection[str]:
    """The names of the members of *node*."""
    resolved = resolve(node, root=schema)
    named = resolved.get("properties") if isinstance(resolved, dict) else None
    return named if isinstance(named, dict) else ()


def _names(node: JsonValue, schema: JsonObject) -> Sequence[str]:
    resolved = resolve(node, root=schema)
    if not isinstance(resolved, dict):
        return ()
    required, named = resolved.get("required"), resolved.get("properties")
    names = required or (list(named) if isinstance(named, dict) else [])
    return [str(name) for name in names] if isinstance(names, list) else ()


_MOST_NAMES = 3


def _tagged(node: JsonValue, token: str | int, schema: JsonObject) -> JsonObject | None:
    """The alternative whose tag is *token*."""
    for each in unions(node, schema):
        told = each.get("discriminator")
        tags = told.get("mapping") if isinstance(told, dict) else None
        if isinstance(tags, dict) and isinstance(token, str) and token in tags:
            return {"$ref": tags[token]}
    return None


def _branches(node: JsonValue, schema: JsonObject) -> Sequence[JsonObject]:
    """The alternatives of *node*, where there are several besides null: errors name one of them."""
    resolved = resolve(node, root=schema)
    branches = resolved.get("anyOf") if isinstance(resolved, dict) else None
    several = [
        each
        for each in (branches if isinstance(branches, list) else ())
        if isinstance(each, dict) and each.get("type") != "null"
    ]
    return several if len(several) > 1 else ()


def _meant(branches: Sequence[JsonObject], token: str | int) -> JsonObject:
    """The one of *branches* that *token* names, by its class or its type; {} if not only one.

    Around that may stand the names of validators: ``function-after[check(), Card]``.
    """
    name = str(token)
    if name.startswith("function-"):
        name = name.rpartition(", ")[2].rstrip("]")
    by_class = [each for each in branches if each.get("$ref") == f"#/$defs/{name}"]
    kind = next((kind for start, kind in _KINDS.items() if name.startswith(start)), None)
    found = by_class or [each for each in branches if kind is not None and each.get("type") == kind]
    return found[0] if len(found) == 1 else {}


_KINDS: Mapping[str, str] = {
    "list[": "array",
    "tuple[": "array",
    "set[": "array",
    "dict[": "object",
    "int": "integer",
    "constrained-int": "integer",
    "float": "number",
    "constrained-float": "number",
    "str": "string",
    "constrained-str": "string",
    "bool": "boolean",
}
"""How pydantic names alternatives without a class of their own, and what JSON calls them."""


def unions(node: JsonValue, schema: JsonObject) -> Iterator[JsonObject]:
    """*node*, if it is one of several, and those of its alternatives that are."""
    resolved = resolve(node, root=schema)
    if isinstance(resolved, dict):
        yield resolved
        branches = resolved.get("anyOf")
        for branch in branches if isinstance(branches, list) else ():
            if isinstance(branch, dict) and "oneOf" in branch:
                yield branch
