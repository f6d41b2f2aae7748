"""What stands in the place of a field: its text goes in, the value or a violation comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from deterministic_llm._core.attempts import Code, Repair, Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.bends import NUMBER_TEXT
from deterministic_llm._core.reading.alignment.plans import Plan, compile_schema
from deterministic_llm._core.reading.forms.drift import EXPLAINED, UNQUOTED, repair
from deterministic_llm._core.reading.forms.folding import folded
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import Field
from deterministic_llm._core.schema.phrasing import constants, kind_of, resolved
from deterministic_llm._core.schema.target import Decoder, Invalid
from deterministic_llm._core.schema.violations import broken, missing
from deterministic_llm._core.schema.wording import describe

LONGEST_VALUE = 200
"""Characters of a line in which a value that is no free text can stand."""
_CONTAINERS = frozenset({"array", "object", "any"})
"""The kinds of fields that may hold a list or an object."""


@frozen
class Capture:
    """The value that a text stands for; with *violations* it is none."""

    value: JsonValue
    repairs: tuple[Repair, ...] = ()
    violations: tuple[Violation, ...] = ()


class Place:
    """A field compiled for reading: how its text is bent, and what its value must be."""

    __slots__ = ("_any_text", "_decoder", "_plan", "_wrapped", "field", "holds", "kind")

    def __init__(self, field: Field) -> None:
        self.field = field
        node = resolved(field)
        known = constants(node)
        self.kind = "label" if known else kind_of(node)
        self.holds = self.kind in _CONTAINERS or any(
            isinstance(each, dict | list) for each in known
        )
        self._any_text = field.is_free_text and not _LIMITS.intersection(field.schema)
        self._wrapped = not _REFERRING.intersection(field.schema)
        schema = _as_member(field) if self._wrapped else field.schema
        self._plan: Plan = compile_schema(schema)
        from deterministic_llm._core.schema.document import schema_target  # noqa: PLC0415  # jsonschema

        self._decoder: Decoder[JsonValue] = schema_target(schema, name=field.name).decoder

    def read(self, value: JsonValue) -> Capture:
        """*value*, a text or what JSON says, as the field wants it."""
        if self._any_text and isinstance(value, str):
            return Capture(value)
        aligned = self._plan.align({self.field.name: value} if self._wrapped else value)
        repairs = tuple(replace(each, path=self._path(each.path)) for each in aligned.repairs)
        violations = aligned.violations
        if not violations:
            checked = self._decoder.check(aligned.value)
            violations = checked.violations if isinstance(checked, Invalid) else ()
        if violations:
            told = (replace(each, path=self._path(each.path)) for each in violations)
            return Capture(value, repairs, tuple(told))
        bent = aligned.value
        if self._wrapped and isinstance(bent, dict):
            bent = bent[self.field.name]
        return Capture(bent, repairs)

    def refuse(self, code: Code, got: str, expected: str | None = None) -> Capture:
        """The violation that *got* stands where a value should."""
        node = resolved(self.field)
        found = broken(code, (self.field.name,), node, got, self.field.schema)
        if expected is not None:
            found = replace(found, expected=expected, fix=f"write {describe(node)}")
        return Capture(got, (), (found,))

    def absent(self) -> Capture:
        """The violation that nothing stands where a value should."""
        found = missing((self.field.name,), resolved(self.field), self.field.schema)
        return Capture(None, (), (found,))

    def _path(self, path: str) -> str:
        return path if self._wrapped else f"$.{self.field.name}{path[1:]}"


@lru_cache(maxsize=1024)
def place_of(field: Field) -> Place:
    """The compiled field; kept, because answers come in numbers."""
    return Place(field)


def read_text(place: Place, raw: str, *, at: int) -> Capture:
    """The free text *raw*, which began at *at*, without quotes and emphasis around all of it."""
    text = _unemphasised(raw.strip())
    if not text:
        return place.absent()
    if _TEXT_PLACEHOLDER.fullmatch(text) or _is_named(text, place.field.name):
        return _echo(place, text)
    bare = _unquoted(text)
    repairs = (repair(UNQUOTED, text, bare, at, path=f"$.{place.field.name}"),)
    found = place.read(bare)
    return replace(found, repairs=(*repairs, *found.repairs)) if bare != text else found


def read_value(place: Place, raw: str, *, ratio: bool = False) -> Capture:
    """The value that is all of *raw*; with *ratio* a denominator stands behind it already."""
    read = _read_before if is_kept(place, raw) else _read
    return read(place, raw, ratio=ratio)


def is_kept(place: Place, raw: str) -> bool:
    """Whether what *raw* was read as at *place* is kept for the next time: of a short text it is.

    It is not where it may be a list or an object, which whoever has it may change.
    """
    return len(raw) <= LONGEST_VALUE and not place.holds


def _read(place: Place, raw: str, *, ratio: bool) -> Capture:
    text = _unbracketed(_unemphasised(raw.strip()), place.kind)
    if not text:
        return _echo(place, raw) if _PLACEHOLDER.fullmatch(raw.strip()) else place.absent()
    if len(text) > LONGEST_VALUE and place.kind not in _CONTAINERS:
        return place.refuse("type", text)
    if ratio and _RATIO.search(folded(text)):
        return place.refuse("denominator", text, "expected one number before the denominator")
    found = place.read(text)
    # In a template every number is text; that it was one is no repair.
    kept = tuple(each for each in found.repairs if each.rule != NUMBER_TEXT.name)
    found = replace(found, repairs=kept)
    return _told(place, text, found) if found.violations else found


_read_before = lru_cache(maxsize=4096)(_read)


def read_phrase(place: Place, raw: str, *, at: int) -> Capture:
    """The value that *raw* begins with: all of it, or what stands before an explanation."""
    whole = read_value(place, raw)
    if not whole.violations or whole.violations[0].code in _DECIDED:
        return whole
    flat = folded(raw)
    cut = _EXPLANATION.search(flat)
    if cut is None or not raw[: cut.start()].strip():
        return whole
    value = read_value(place, raw[: cut.start()])
    if value.violations:
        return whole if value.violations[0].code == "type" else value
    rest = flat[cut.start() :]
    if _CONTINUES.match(rest) or _names_other(place, value.value, rest):
        return place.refuse("several_values", raw.strip(), "expected one value, not several")
    record = repair(EXPLAINED, raw.strip(), raw[: cut.start()].strip(), at + cut.start())
    return replace(value, repairs=(*value.repairs, record))


def _told(place: Place, text: str, found: Capture) -> Capture:
    """Why *text* is no value, in the most telling words."""
    if _PLACEHOLDER.fullmatch(text) or _is_named(text, place.field.name, bracketed=False):
        return _echo(place, text)
    is_number = place.kind in ("integer", "number") and found.violations[0].code == "type"
    if is_number and len(_NUMBER.findall(folded(text))) > 1:
        return place.refuse("several_values", text, "expected one number, not several")
    return found


def _names_other(place: Place, value: JsonValue, rest: str) -> bool:
    """Whether an explanation of *value* begins with another one, or speaks of another label."""
    first = _FIRST_CLAUSE.search(rest)
    if first is not None and not place.read(first.group()).violations:
        return True
    labels = resolved(place.field).get("enum")
    others = [each for each in labels if each != value] if isinstance(labels, list) else []
    named = (each for each in others if isinstance(each, str) and each.casefold() != "no")
    words = "|".join(map(re.escape, named))  # "no" is a word of many reasons: "no doubt"
    said = rf"(?<!\bnot )(?<!\bthan )(?<!\bno )(?<!\w)(?:{words})(?!\w)"
    return bool(words) and re.search(said, rest, re.IGNORECASE) is not None


def _echo(place: Place, text: str) -> Capture:
    expected = f"expected {describe(resolved(place.field))}, not its placeholder"
    return place.refuse("placeholder", text, expected)


def _is_named(text: str, name: str, *, bracketed: bool = True) -> bool:
    """Whether *text* says what should stand there: ``<your score>``, ``[score]``."""
    named = _NAMED.fullmatch(text)
    if named is None and bracketed:
        return False
    inside = named["inside"] if named is not None else text
    words = set(re.findall(r"\w+", inside.casefold().replace("_", " ")))
    own = set(name.casefold().split("_"))
    return bool(words) and words <= own | _GENERIC and (named is not None or bool(words & own))


def _unemphasised(text: str) -> str:
    while (found := _EMPHASISED.fullmatch(text) or _TAGGED.fullmatch(text)) is not None:
        text = found["inside"].strip()
    return text


def _unquoted(text: str) -> str:
    closer = _QUOTES.get(text[:1])
    if closer is None or len(text) < 3 or text[-1] not in closer:
        return text
    inside = text[1:-1]
    return text if text[0] in inside or text[-1] in inside else inside.strip()


def _unbracketed(text: str, kind: str) -> str:
    text = text.strip(" \t*_`")
    found = _BRACKETED.fullmatch(text) if kind not in ("array", "object", "any") else None
    return found["inside"].strip() if found is not None else text


def _as_member(field: Field) -> JsonObject:
    return {"type": "object", "properties": {field.name: field.schema}, "required": [field.name]}


_LIMITS = frozenset({"minLength", "maxLength", "not", "if"})
_REFERRING = frozenset({"$ref", "$defs", "definitions"})
_DECIDED = frozenset({"several_values", "denominator", "ambiguous", "placeholder", "range"})
_QUOTES: Mapping[str, str] = {
    '"': '"',
    "“": "”",
    "'": "'",
    "‘": "’",
    "«": "»",
    "„": "“”",
    "「": "」",
}
_EMPHASISED = expression(
    r"(?P<mark>\*\*\*|\*\*|\*|___|__|_|`|~~)(?P<inside>[^*_`~].*[^*_`~]|[^*_`~])(?P=mark)",
    re.DOTALL,
)
_TAGGED = expression(r"<(b|i|u|em|strong|code|mark)>(?P<inside>.+)</\1>", re.DOTALL | re.IGNORECASE)
_BRACKETED = expression(r"[\[(<](?P<inside>[^\[\](){}<>]*\d[^\[\](){}<>]*)[\])>]")
_PLACEHOLDER = expression(r"\{.*\}|\.{2,}|…|_{1,}|\?+|#+|-{2,}|[xXnN#?_]{1,3}|TBD|TODO", re.DOTALL)
_TEXT_PLACEHOLDER = expression(r"\{+[\w ]+\}+|\.{3,}|…|_{2,}")
_NAMED = expression(r"[<\[({]+\s*(?P<inside>[^<>\[\](){}]*?)\s*[>\])}]+")
_FILLINGS = (
    "integer int number float string str text bool boolean value score your the a an insert enter"
    " here from to answer placeholder fill in of out 0 1 5 10 100 between and"
)
_GENERIC = frozenset(_FILLINGS.split())
_RATIO = expression(r"/|\bof\b|\bover\b|%")
_NUMBER = expression(r"\d+(?:[.,]\d+)*")
_EXPLANATION = expression(
    r"\s+[-–—]+\s+|\s*[(\[]|\s*;\s|\s\|\s|,\s|[.!](?:\s|\Z)|\n"
    r"|\s+(?:because|since|as|due to|for|given|considering|based on|weil|da|porque|parce que)\s",
    re.IGNORECASE,
)
_CONTINUES = expression(
    r"[\s\W]*(?:\d|(?:or|to|maybe|perhaps|possibly|up to|out of|of|on an?|half|and a|not|unless"
    r"|if|actually|rather|wait|no(?=[,.!])|oder|bis|vielleicht|ou|o|y|hundred|thousand|million|billion)\b)"
    r"|[^.\n]{0,40}\b(?:or|maybe|perhaps|possibly)\s+(?:even\s+|an?\s+)?\d",
    re.IGNORECASE,
)
_FIRST_CLAUSE = expression(r"[^\W\d_][^,.;()\n]{0,60}")
