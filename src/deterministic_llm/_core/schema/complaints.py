"""What pydantic and validators complain of, as violations in our own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import cast, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails, core_schema, to_jsonable_python

from deterministic_llm._core.attempts import Code, Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.remembering import remembered
from deterministic_llm._core.schema.alternatives import (
    EXTRAS,
    UNDECIDED,
    closest,
    locate,
    takes_less,
    unions,
)
from deterministic_llm._core.schema.locations import location_of, value_at
from deterministic_llm._core.schema.violations import (
    Location,
    broken,
    extra,
    json_path,
    missing,
    rule,
    with_got,
)
from deterministic_llm._core.schema.walking import subschemas
from deterministic_llm._core.schema.wording import quote
from deterministic_llm.errors import ModelRetry, ResponseError

_CODES: Mapping[str, Code] = {
    "enum": "enum",
    "literal_error": "enum",
    "greater_than": "range",
    "greater_than_equal": "range",
    "less_than": "range",
    "less_than_equal": "range",
    "multiple_of": "range",
    "finite_number": "not_finite",
    "string_too_short": "length",
    "string_too_long": "length",
    "too_short": "length",
    "too_long": "length",
    "string_pattern_mismatch": "pattern",
    "value_error": "validator",
    "assertion_error": "validator",
    "recursion_loop": "too_deep",
}
_BOUNDS = frozenset[Code | None]({"range", "length"})
_FORMAT_ERRORS = ("_parsing", "_syntax", "_from_date_parsing", "_inexact")
_LONGEST = 500
"""Characters of a message; more is not a rule but a part of the output."""
_OWN_KINDS = frozenset[str](get_args(core_schema.ErrorType))
_RAISED = frozenset({"value_error", "assertion_error"})
_TAGS = frozenset({"union_tag_invalid", "union_tag_not_found"})
_TOLD_ONE_BY_ONE = _RAISED | _TAGS | {"extra_forbidden", UNDECIDED}


class Complaints:
    """Puts what pydantic complains of in our own words, where values should fit *schema*.

    Models break the same rules again and again, and to find the words takes longer than to read a
    short answer: they are kept for the kinds of error and the places that came last.
    """

    __slots__ = ("_has_alternatives", "_schema", "_worded")

    def __init__(self, schema: JsonObject) -> None:
        self._schema = schema
        self._has_alternatives = any("anyOf" in node for _, node in subschemas(schema))
        self._worded = remembered(256)(partial(_worded, schema))

    def of(self, error: ValidationError) -> tuple[Violation, ...]:
        """Everything that *error* reports, in its order."""
        # The context holds the exceptions of validators; gathering it takes as long as the rest.
        details = error.errors(include_url=False, include_context=False)
        if any(each["type"] in _RAISED for each in details):
            details = error.errors(include_url=False)
        return self._all_told(details)

    def of_bounds(self, error: ValidationError) -> tuple[Violation, ...] | None:
        """The same, where *error* reports bounds alone: what is wrong is of the right type."""
        details = error.errors(include_url=False, include_context=False)
        for each in details:  # not all(): most errors are one
            if _CODES.get(each["type"]) not in _BOUNDS:
                return None
        return self._all_told(details)

    def of_loss(self, error: ValidationError) -> tuple[Violation, ...]:
        """The same less members that no alternative names, where what another names would be lost.

        *error* is of a value that is valid where such members are let pass.
        """
        if not takes_less(error.errors(include_url=False, include_context=False), self._schema):
            return ()
        details = [each for each in error.errors(include_url=False) if each["type"] not in EXTRAS]
        return self._all_told(details) or (_MIXED,)

    def _all_told(self, details: Sequence[ErrorDetails]) -> tuple[Violation, ...]:
        if len(details) == 1:
            return self._told(details[0])
        if self._has_alternatives:
            details = closest([*details], self._schema)
        return tuple(dict.fromkeys(each for detail in details for each in self._told(detail)))

    def _told(self, detail: ErrorDetails) -> tuple[Violation, ...]:
        said = self._worded(detail["type"], detail["loc"])
        if said is None:
            return _violations(detail, self._schema)
        return (said if said.got else with_got(said, cast("object", detail["input"])),)


def names_extras(refusal: object) -> bool:
    """Whether *refusal* is an error that reports members which the type does not name."""
    if not isinstance(refusal, ValidationError):
        return False
    details = refusal.errors(include_url=False, include_context=False, include_input=False)
    return any(each["type"] == "extra_forbidden" for each in details)


def raised_violations(error: Exception, location: Location, value: object) -> tuple[Violation, ...]:
    """What a validator of *value*, which stands at *location*, says by raising *error*."""
    if isinstance(error, ModelRetry):
        return (_asked_again(error, location, value),)
    if isinstance(error, ResponseError):
        return tuple(below(location, each) for each in error.violations)
    if isinstance(error, ValidationError):
        return tuple(below(location, each) for each in _ANYWHERE.of(error))
    said = one_line(str(error)) or "must pass its validator"
    return (Violation(json_path(location), "validator", said, got_at(value, "$")),)


def below(location: Location, violation: Violation) -> Violation:
    """*violation* of a member, as one of the value that holds it at *location*."""
    path = json_path((*location, *place_of(violation.path)))
    involved = tuple(json_path((*location, *place_of(each))) for each in violation.involved)
    return replace(violation, path=path, involved=involved)


def one_line(text: str) -> str:
    """*text* of a validator as a part of one line, where the output that it may quote stays."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def got_at(value: object, path: str) -> str | None:
    """What stands at *path* of *value*, quoted; None when nothing does."""
    location = place_of(path)
    if not location:
        return quote(as_json(value))
    found = value_at(as_json(value), location)
    return None if found is None else quote(found)


def as_json(value: object) -> JsonValue:
    """*value*, an output of any type, as the JSON that says it."""
    return cast("JsonValue", to_jsonable_python(value, by_alias=True, serialize_unknown=True))


def place_of(path: str) -> tuple[str | int, ...]:
    """The location that *path* names; a path that cannot be read is the place itself."""
    return location_of(path) or ()


def _asked_again(error: ModelRetry, location: Location, value: object) -> Violation:
    path = json_path((*location, *place_of(error.path)))
    involved = tuple(json_path((*location, *place_of(each))) for each in error.involved)
    got = got_at(value, error.path)
    fix = None if error.fix is None else one_line(error.fix)
    return Violation(path, "validator", one_line(error.message), got, fix, involved)


def _worded(schema: JsonObject, kind: str, place: tuple[str | int, ...]) -> Violation | None:
    """What its *kind* and *place* tell of an error, all but the value; None where that is less."""
    if kind in _TOLD_ONE_BY_ONE:
        return None
    location, node = locate(place, schema, names_member=kind == "missing")
    if kind == "missing":
        return missing(location, node, schema)
    code = _code(kind)
    return None if code == "validator" or node == {} else rule(code, location, node, schema)


def _violations(detail: ErrorDetails, schema: JsonObject) -> tuple[Violation, ...]:
    """What is told from the error itself: from its value, its message, or what was raised."""
    kind, got = detail["type"], cast("object", detail["input"])
    location, node = locate(detail["loc"], schema, names_member=kind == "extra_forbidden")
    if kind in _RAISED:
        raised = cast("Exception", detail.get("ctx", {})["error"])
        return raised_violations(raised, location, got)
    if kind == "extra_forbidden":
        return (extra(location, got),)
    if kind in _TAGS:
        return (_untagged(location, node, got, schema),)
    if kind == UNDECIDED:
        shown = None if got is UNDECIDED else quote(got)
        said = "choose one of these, and give all of it"
        return (Violation(json_path(location), "type", detail["msg"], shown, said),)
    return (Violation(json_path(location), _code(kind), detail["msg"], quote(got)),)


def _code(kind: str) -> Code:
    if kind in _CODES:
        return _CODES[kind]
    if kind not in _OWN_KINDS:  # a PydanticCustomError: its message is what its author says
        return "validator"
    return "format" if kind.endswith(_FORMAT_ERRORS) else "type"


def _untagged(location: Location, node: JsonValue, got: object, schema: JsonObject) -> Violation:
    """The member that tells the alternatives of *node* apart names none of them."""
    value = as_json(got)
    for each in unions(node, schema):
        told = each.get("discriminator")
        if isinstance(told, dict) and isinstance(value, dict):
            name, tags = told.get("propertyName"), told.get("mapping")
            if isinstance(name, str) and isinstance(tags, dict):
                wanted: JsonObject = {"enum": [*tags]}
                if name not in value:
                    return missing((*location, name), wanted, schema)
                return broken("enum", (*location, name), wanted, value[name], schema)
    return broken("enum", location, node, got, schema)


_MIXED = Violation("$", "ambiguous", "expected one of the alternatives, not members of several")
_ANYWHERE = Complaints({})
"""For values whose schema is not known."""
