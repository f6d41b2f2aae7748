"""Damages after which a text must be refused: nobody could tell what is meant, or it is invalid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import cast

from benchmarks.drafts import Damage, Draft, is_intact, leaf
from benchmarks.specimens import JsonObject, random_value
from benchmarks.writing import Pairs, Style, Tree, Verbatim, write
from deterministic_llm import JsonValue

_REFUSALS = (
    "I'm sorry, but I can't help with that request.",
    "As an AI model I am unable to assess this document.",
    "I cannot provide this information.",
)
_LEADS = (
    "Something like ",
    "You could return ",
    "Maybe ",
    "Instead of ",
    "The previous answer was ",
    "For example: ",
)
_TRAILS = (
    ("", " is just an example."),
    ("", " or something similar."),
    ("", " would be wrong."),
)
_JOINTS = ("\n\n", "\n\nor\n\n", "\n\nAlternatively:\n\n", "\nAnother possibility is\n")


def _beyond(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    del value
    high = schema.get("maximum")
    return None if not isinstance(high, int) else high + rng.randint(1, 40)


def _stranger(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    del value
    return rng.choice(("unclear", "other", "see notes")) if "enum" in schema else None


def _no_number(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    del value
    numeric = schema.get("type") in ("integer", "number")
    return (
        rng.choice(("a lot", "unknown", "TBD", "several", "to be confirmed")) if numeric else None
    )


def _broken_off(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    whole = schema.get("type") == "integer" and isinstance(value, int)
    return value + rng.choice((0.5, 0.25)) if whole else None


def _two_numbers(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    if schema.get("type") != "integer":
        return None
    low = cast("int", value)
    if not 0 <= low < cast("int", schema["maximum"]):
        return None
    return rng.choice((f"{low}-{low + 1}", f"{low} or {low + 1}", f"between {low} and {low + 1}"))


def _other_scale(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    del rng
    small = schema.get("type") == "integer" and schema.get("maximum") in (5, 10)
    return f"{value}/100" if small else None


def _not_finite(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    del value
    said = rng.choice(("NaN", "Infinity", "-Infinity"))
    return Verbatim(said) if schema.get("type") == "number" else None


def _open_day(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    if schema.get("format") != "date":
        return None
    first, second = rng.sample(range(1, 13), 2)
    return f"{first:02}/{second:02}/{str(value)[:4]}"


def _and_so_on(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    del rng
    listed = schema.get("type") == "array" and isinstance(value, list)
    return [*cast("list[Tree]", value), Verbatim("...")] if listed else None


def _null(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    del value, rng
    return Verbatim("null") if isinstance(schema.get("type"), str) else None


def _too_few(schema: JsonObject, value: JsonValue, rng: Random) -> Tree | None:
    del value, rng
    return [] if schema.get("minItems") else None


def _missing(draft: Draft, rng: Random) -> Draft | None:
    if not isinstance(draft.tree, dict):
        return None
    lost = rng.choice(cast("list[str]", draft.schema["required"]))
    return replace(draft, tree={name: each for name, each in draft.tree.items() if name != lost})


def _extra(draft: Draft, rng: Random) -> Draft | None:
    if not isinstance(draft.tree, dict) or draft.schema.get("additionalProperties") is not False:
        return None
    name = rng.choice(("remark", "checked_by", "colour"))
    return replace(draft, tree={**draft.tree, name: "Ada"})


def _conflict(draft: Draft, rng: Random) -> Draft | None:
    """A key twice, with different values that are both valid."""
    if not isinstance(draft.value, dict) or not is_intact(draft):
        return None
    properties = cast("dict[str, JsonObject]", draft.schema["properties"])
    name = rng.choice(list(draft.value))
    value = random_value(properties[name], rng)
    if value == draft.value[name]:
        return None
    members = [*cast("dict[str, Tree]", draft.value).items()]
    members.insert(rng.randrange(len(members) + 1), (name, cast("Tree", value)))
    return replace(draft, tree=Pairs(tuple(members)))


def _two_answers(draft: Draft, rng: Random) -> Draft | None:
    other = random_value(draft.schema, rng)
    if other == draft.value or draft.layers:
        return None
    text = write(cast("Tree", other), Style(indented=bool(rng.randrange(2))))
    fence, end = rng.choice((("", ""), ("```json\n", "\n```")))
    # The rank of marked drafts, so that none of the two is told apart by one.
    return draft.within(4, "", f"{rng.choice(_JOINTS)}{fence}{text}{end}")


def _set_aside(draft: Draft, rng: Random) -> Draft | None:
    """The only answer, called a possibility, an example or a mistake by the words beside it."""
    if draft.layers or isinstance(draft.tree, Verbatim):
        return None
    lone = draft.within(4, "", "")  # neither a marked draft nor the same answer once more
    # The rank of calls: in a call it would be submitted, whatever is said beside it.
    words = rng.choice((*((lead, "") for lead in _LEADS), *_TRAILS))
    return None if lone is None else lone.within(1, *words)


def _piece_behind(draft: Draft, rng: Random) -> Draft | None:
    """A second object behind the first, with another value for one of its members."""
    if not isinstance(draft.value, dict) or not is_intact(draft) or len(draft.value) < 2:
        return None
    properties = cast("dict[str, JsonObject]", draft.schema["properties"])
    name = rng.choice(cast("list[str]", draft.schema["required"]))
    value = random_value(properties[name], rng)
    if value == draft.value[name]:
        return None
    return draft.within(4, "", f"\n\nUpdate: {json.dumps({name: value}, ensure_ascii=False)}")


def _only_thought(draft: Draft, rng: Random) -> Draft | None:
    return draft.within(6, "<think>Could it be this?\n", f"</think>\n{rng.choice(_REFUSALS)}")


def _refusal(draft: Draft, rng: Random) -> Draft | None:
    return replace(draft, tree=Verbatim(rng.choice(_REFUSALS)))


def _schema_echo(draft: Draft, rng: Random) -> Draft | None:
    del rng
    return replace(draft, tree=cast("Tree", draft.schema))


def _cut(draft: Draft, rng: Random) -> Draft | None:
    """The text ends within, or before, the last required member."""
    if not isinstance(draft.value, dict) or not is_intact(draft):
        return None
    required = cast("list[str]", draft.schema["required"])
    last = required[-1]
    kept = {name: each for name, each in draft.value.items() if name in required[:-1]}
    value = draft.value[last]
    tails = [",", f', "{last}"', f', "{last}": ']
    if isinstance(value, int | float | bool):
        tails = [f', "{last}": {json.dumps(value)}']
    elif isinstance(value, str):
        tails.append(f', "{last}": {json.dumps(value, ensure_ascii=False)[: rng.randint(2, 4)]}')
    return replace(draft, tree=cast("Tree", kept)).styled(cut=rng.choice(tails))


FATAL: Mapping[str, Damage] = {
    "out of range": leaf(_beyond),
    "an unknown label": leaf(_stranger, required=True),
    "words for a number": leaf(_no_number, required=True),
    "a fraction for an integer": leaf(_broken_off),
    "two numbers": leaf(_two_numbers),
    "another scale": leaf(_other_scale),
    "not a finite number": leaf(_not_finite),
    "a date of two readings": leaf(_open_day),
    "and so on": leaf(_and_so_on),
    "null for what is required": leaf(_null, required=True),
    "too few items": leaf(_too_few),
    "a missing member": _missing,
    "an extra member": _extra,
    "a key in conflict": _conflict,
    "two answers": _two_answers,
    "set aside by words": _set_aside,
    "a piece with another value": _piece_behind,
    "only a thought": _only_thought,
    "a refusal": _refusal,
    "the schema itself": _schema_echo,
    "cut within what is required": _cut,
}
