"""Random schemas and valid values of them, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import TypeAlias, cast

from deterministic_llm import JsonValue

JsonObject: TypeAlias = dict[str, JsonValue]
Path: TypeAlias = tuple[str | int, ...]

_VOCABULARY = """
amount author budget city client code contact cost count country course depth device dosage
duration entry event factor finding floor grade harvest height index invoice item journey
length level location margin material member method model name offer order origin parcel
payment period person phase place plan price product profile project quality quantity range
rating reading reason record region report result route sample score season section sender
service share shift size source stage station status stock street subject summary supplier
target team ticket title total train unit user value vehicle version volume weight width year
|
actual annual average best current daily direct early final first former gross initial inner
last late local lower main mean minor net next old open outer peak prior raw real second
short third upper usual weekly
|
alder beacon cobalt delta ember fjord garnet harbour indigo juniper kestrel lantern meadow
nickel orchard pebble quartz ripple saffron timber umber violet willow zephyr größe naïve
"""
_NOUNS, _QUALITIES, WORDS = (words.split() for words in _VOCABULARY.split("|"))
LABELS = (
    ("low", "medium", "high"),
    ("in_progress", "on_hold", "done", "cancelled"),
    ("very_small", "mid_sized", "large"),
    ("approved", "sent_back", "withdrawn"),
    ("north_east", "south_west", "centre"),
    ("spring", "summer", "autumn", "winter"),
)
SENTENCES = (
    "The second delivery arrived two days late, but complete.",
    "It's the driver's own estimate: about an hour.",
    'She called it "a small wonder" and left.',
    "Costs rose (see annex B), then fell; nobody knows why.",
    "Use the {name} slot, not [brackets].",
    "See https://example.org/a//b?x=1#top for the map.",
    "First line\nsecond line",
    "C:\\data\\new, tab\there",
    "Größe und Länge wurden geprüft… alles in Ordnung.",
    "先に確認してください、その後で送ります。",
    "Run ```make all``` before anything else.",
    "a, b and c: in that order",
    "The <think> tag is shown as it stands.",
    "100 % wool # washed cold",
    'Either "yes" or "no", she said',
    "// no comment // at all",
    "emoji 🌲 and a dash — both kept",
)
MAP_KEYS = ("mon", "tue", "wed", "thu")


def random_schema(rng: Random) -> JsonObject:
    """An object of three to eight members, or one time in six a list of such objects."""
    if rng.randrange(6):
        return _object(rng, rng.randint(3, 8), _LEAVES | _CONTAINERS)
    item = _object(rng, rng.randint(2, 5), _LEAVES)
    return {"type": "array", "items": item}


def flat_schema(rng: Random) -> JsonObject:
    """An object of plain words and numbers, or every other time a list of such objects."""
    item = _object(rng, rng.randint(2, 5), _PLAIN)
    return {"type": "array", "items": item} if rng.randrange(2) else item


def random_value(schema: JsonObject, rng: Random) -> JsonValue:
    """A valid value of *schema*, one of those that random_schema writes."""
    options = schema.get("enum")
    if isinstance(options, list):
        return rng.choice(options)
    kinds = schema["type"]
    if isinstance(kinds, list):
        return None if rng.randrange(2) else random_value({**schema, "type": kinds[0]}, rng)
    return _DRAWS[str(kinds)](schema, rng)


def leaves(
    schema: JsonObject, value: JsonValue, path: Path = ()
) -> Iterator[tuple[Path, JsonObject, JsonValue]]:
    """Every value below *value* with its path and schema, outermost first."""
    if path:
        yield path, schema, value
    if isinstance(value, dict) and "properties" in schema:
        properties = cast("dict[str, JsonObject]", schema["properties"])
        for name, each in value.items():
            yield from leaves(properties[name], each, (*path, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(cast("JsonObject", schema["items"]), each, (*path, index))


def property_names(schema: JsonValue) -> frozenset[str]:
    """The names of all members anywhere in *schema*."""
    if isinstance(schema, list):
        return frozenset[str]().union(*map(property_names, schema))
    if not isinstance(schema, dict):
        return frozenset()
    properties = schema.get("properties")
    own = frozenset(properties) if isinstance(properties, dict) else frozenset[str]()
    return own.union(*map(property_names, schema.values()))


def _object(
    rng: Random, size: int, kinds: Mapping[str, Callable[[Random], JsonObject]]
) -> JsonObject:
    names = _member_names(rng, size)
    properties: JsonObject = {name: kinds[rng.choice(list(kinds))](rng) for name in names}
    required = names[: rng.randint(2, size)]
    schema: JsonObject = {"type": "object", "properties": properties, "required": list(required)}
    if rng.randrange(2):
        schema["additionalProperties"] = False
    return schema


def _member_names(rng: Random, size: int) -> list[str]:
    return [
        f"{rng.choice(_QUALITIES)}_{noun}" if rng.randrange(3) else noun
        for noun in rng.sample(_NOUNS, size)
    ]


def _integer(rng: Random) -> JsonObject:
    low, high = rng.choice(((0, 10), (1, 5), (0, 100), (0, 5_000_000), (-40, 40)))
    return {"type": "integer", "minimum": low, "maximum": high}


def _number(rng: Random) -> JsonObject:
    return rng.choice(
        (
            {"type": "number", "minimum": 0, "maximum": 1},
            {"type": "number", "minimum": 0},
            {"type": "number"},
        )
    )


def _list(rng: Random) -> JsonObject:
    item = rng.choice((_word, _text, _integer))(rng)
    return {"type": "array", "items": item, "minItems": rng.randrange(2)}


def _word(rng: Random) -> JsonObject:
    return {"type": "string", "maxLength": rng.choice((12, 16))}


def _text(rng: Random) -> JsonObject:
    del rng
    return {"type": "string"}


def _labels(rng: Random) -> JsonObject:
    return {"type": "string", "enum": list(rng.choice(LABELS))}


_LEAVES: Mapping[str, Callable[[Random], JsonObject]] = {
    "integer": _integer,
    "number": _number,
    "word": _word,
    "text": _text,
    "labels": _labels,
    "flag": lambda _: {"type": "boolean"},
    "maybe": lambda _: {"type": ["integer", "null"]},
    "date": lambda _: {"type": "string", "format": "date"},
}
_PLAIN = {name: _LEAVES[name] for name in ("integer", "number", "word", "labels", "flag", "date")}
_CONTAINERS: Mapping[str, Callable[[Random], JsonObject]] = {
    "list": _list,
    "object": lambda rng: _object(rng, rng.randint(2, 4), _LEAVES),
    "records": lambda rng: {"type": "array", "items": _object(rng, rng.randint(2, 3), _LEAVES)},
    "map": lambda _: {"type": "object", "additionalProperties": {"type": "integer"}},
}


def _draw_integer(schema: JsonObject, rng: Random) -> JsonValue:
    return rng.randint(
        cast("int", schema.get("minimum", 0)), cast("int", schema.get("maximum", 999))
    )


def _draw_number(schema: JsonObject, rng: Random) -> JsonValue:
    if schema.get("maximum") == 1:
        return rng.randint(1, 99) / 100
    low = 0 if "minimum" in schema else -5_000_00
    return rng.randint(low, 5_000_000_00) / 100


def _draw_string(schema: JsonObject, rng: Random) -> JsonValue:
    if schema.get("format") == "date":
        return f"{rng.randint(1990, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return rng.choice(WORDS if "maxLength" in schema else SENTENCES)


def _draw_array(schema: JsonObject, rng: Random) -> JsonValue:
    item = cast("JsonObject", schema["items"])
    return [random_value(item, rng) for _ in range(rng.randint(1, 4))]


def _draw_object(schema: JsonObject, rng: Random) -> JsonValue:
    if "properties" not in schema:
        return {key: rng.randint(0, 99) for key in MAP_KEYS[: rng.randint(1, 4)]}
    required = cast("list[str]", schema["required"])
    return {
        name: random_value(cast("JsonObject", each), rng)
        for name, each in cast("JsonObject", schema["properties"]).items()
        if name in required or rng.randrange(3)
    }


_DRAWS: Mapping[str, Callable[[JsonObject, Random], JsonValue]] = {
    "integer": _draw_integer,
    "number": _draw_number,
    "string": _draw_string,
    "boolean": lambda _, rng: bool(rng.randrange(2)),
    "array": _draw_array,
    "object": _draw_object,
}
