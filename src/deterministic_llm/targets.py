"""What users write as targets besides types, and parse(), which needs no model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from os import PathLike
from pathlib import Path
from typing import Any, Generic, Self, TypeAlias, cast, final, overload

from pydantic_core import SchemaSerializer, core_schema
from typing_extensions import TypeForm, TypeVar, override

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.outcomes import Parsed
from deterministic_llm._core.reading.reader import read
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.forms import (
    compile_choice,
    compile_pattern,
    compile_template,
)
from deterministic_llm._core.schema.sites import UNKNOWN, AnyValue, Built, Members, Site
from deterministic_llm._core.schema.target import (
    Checked,
    Invalid,
    JsonTarget,
    Target,
    TextTarget,
    Valid,
)
from deterministic_llm._core.schema.typed import typed_target
from deterministic_llm._core.schema.wording import resolve
from deterministic_llm.errors import ResponseError, SchemaError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
FieldType: TypeAlias = "TypeForm[object] | Declared[object]"
"""What a field of a template or pattern may be: anything that a target may be."""


class Declared(Generic[T_co]):
    """What an answer must be, where a type does not say it; base of the classes below."""

    _anew: Callable[[], Declared[T_co]]

    def __target__(self) -> Target[T_co]:
        """The compiled target."""
        raise NotImplementedError

    @override
    def __repr__(self) -> str:
        return f"<target {self.__target__().name}>"

    @override
    def __reduce__(self) -> tuple[Callable[[], Declared[T_co]], tuple[()]]:
        """It is pickled as it was written, and compiled anew."""
        return self._anew, ()


@final
class Record:
    """The fields of a template or pattern as attributes: frozen, comparable, picklable."""

    __slots__ = ("_fields",)
    _fields: dict[str, object]
    __pydantic_serializer__ = SchemaSerializer(
        core_schema.any_schema(
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda record: cast("Record", record)._fields
            )
        )
    )

    def __init__(self, fields: Mapping[str, object], /) -> None:
        object.__setattr__(self, "_fields", dict(fields))

    # Any: a field's type may be written in the template's text, where no checker reads it.
    def __getattr__(self, name: str) -> Any:
        try:
            return self._fields[name]
        except KeyError:
            names = ", ".join(self._fields)
            message = f"this record has no field {name!r}, only {names}"
            raise AttributeError(message) from None

    @override
    def __setattr__(self, name: str, value: object) -> None:
        message = f"a record is frozen: cannot set {name!r}"
        raise AttributeError(message)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self._fields == other._fields

    @override
    def __hash__(self) -> int:
        return hash(frozenset(self._fields.items()))

    @override
    def __repr__(self) -> str:
        return f"Record({', '.join(f'{name}={value!r}' for name, value in self._fields.items())})"

    @override
    def __reduce__(self) -> tuple[type[Record], tuple[dict[str, object]]]:
        return Record, (self._fields,)

    @override
    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._fields]


class Template(Declared[T_co]):
    """Text with fields, as in ``Template("Essay score: {score:int}/10")``.

    The output is an instance of *output_type*, whose fields the template names, or a Record. A
    field is typed by keyword (``score=Annotated[int, Field(ge=0, le=10)]``), inline (``:int``,
    ``:float``, ``:str``, ``:bool``) or is plain text; ``{{`` is a literal brace. Raises SchemaError
    when no text could be read back without guessing.
    """

    @overload
    def __init__(self: Template[Record], text: str, /, **fields: FieldType) -> None: ...
    @overload
    def __init__(self, text: str, output_type: TypeForm[T_co], /) -> None: ...
    def __init__(self, text: str, output_type: object = None, /, **fields: object) -> None:
        self._target = cast("Target[T_co]", _template(text, output_type, fields, many=False))
        self._anew = partial(cast("Any", Template), text, output_type, **fields)

    @overload
    @staticmethod
    def lines(text: str, /, **fields: FieldType) -> Template[list[Record]]: ...
    @overload
    @staticmethod
    def lines(text: str, output_type: TypeForm[T], /) -> Template[list[T]]: ...
    @staticmethod
    def lines(text: str, output_type: object = None, /, **fields: object) -> Template[Any]:
        """One record a line: the output is the list of them."""
        anew = partial(cast("Any", Template.lines), text, output_type, **fields)
        return _Compiled(_template(text, output_type, fields, many=True), anew)

    @override
    def __target__(self) -> Target[T_co]:
        return self._target


class _Compiled(Template[T_co]):
    """A template that was compiled elsewhere."""

    def __init__(self, target: Target[T_co], anew: Callable[[], Declared[T_co]]) -> None:
        self._target = target
        self._anew = anew


class Pattern(Declared[T_co]):
    r"""A regular expression with named groups, as in ``Pattern(r"(?P<year>\d{4})", Release)``.

    The output is an instance of *output_type*, whose fields the groups name, or a Record, whose
    fields are text unless typed by keyword. A pattern that can backtrack exponentially is a
    SchemaError unless *unsafe*; matching is bounded in time.
    """

    @overload
    def __init__(
        self: Pattern[Record], regex: str, /, *, unsafe: bool = False, **fields: FieldType
    ) -> None: ...
    @overload
    def __init__(
        self, regex: str, output_type: TypeForm[T_co], /, *, unsafe: bool = False
    ) -> None: ...
    def __init__(
        self,
        regex: str,
        output_type: object = None,
        /,
        *,
        unsafe: bool = False,
        **fields: object,
    ) -> None:
        members = _members(output_type, fields)
        form = compile_pattern(regex, members.named_in(regex, "(?P<{}>"), unsafe=unsafe)
        target = TextTarget(f"pattern {regex}", form, members.build, members.site)
        self._target = cast("Target[T_co]", target)
        self._anew = partial(cast("Any", Pattern), regex, output_type, unsafe=unsafe, **fields)

    @override
    def __target__(self) -> Target[T_co]:
        return self._target


class Choice(Declared[str]):
    """One of these words, as in ``Choice("yes", "no")``; the output is the word as written here."""

    def __init__(self, *options: str) -> None:
        _check_words(options)
        form = compile_choice(options)
        self._target = TextTarget(
            f"one of {', '.join(options)}", form, _word, Site(partial(Built, _word))
        )
        self._anew = partial(Choice, *options)

    @override
    def __target__(self) -> Target[str]:
        return self._target


class Schema(Declared[JsonValue]):
    """A JSON Schema as a dict; the output is plain JSON that is valid for all of it.

    Raises SchemaError for an invalid schema and for a ``$ref`` that leaves it: nothing is fetched.
    """

    def __init__(self, schema: Mapping[str, object], /, *, name: str = "answer") -> None:
        from deterministic_llm._core.schema.document import schema_target  # noqa: PLC0415  # jsonschema, which no type needs

        _check_object(schema)
        self._target = schema_target(cast("JsonObject", dict(schema)), name=name)
        self._anew = partial(Schema, dict(schema), name=name)

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Read the schema from a JSON file, and name the target after it."""
        file = Path(path)
        try:
            schema = cast("object", json.loads(file.read_text("utf-8")))
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
            raise SchemaError(str(file), problem, "check the path") from error
        except ValueError as error:
            raise SchemaError(str(file), f"is not JSON: {error}", "correct the file") from error
        if not isinstance(schema, dict):
            raise SchemaError(str(file), "is no JSON object", "write a schema such as {}")
        return cls(cast("dict[str, object]", schema), name=file.stem)

    @override
    def __target__(self) -> Target[JsonValue]:
        return self._target


@overload
def parse(text: str, output_type: Declared[T], *, strict: bool = False) -> Parsed[T]: ...
@overload
def parse(text: str, output_type: TypeForm[T], *, strict: bool = False) -> Parsed[T]: ...
def parse(text: str, output_type: object, *, strict: bool = False) -> Parsed[object]:
    """Read *output_type* from what a model wrote; *strict* allows no repairs.

    Raises ResponseError when the text is not the target or could be read in two ways, SchemaError
    when *output_type* cannot be a target.
    """
    _check_text(text)
    reading = read(text, compiled(output_type), strict=strict)
    if isinstance(reading, Parsed):
        return reading
    raise ResponseError(text, reading.violations, reading.repairs_tried)


def _check_text(text: object) -> None:
    if not isinstance(text, str):
        message = f"parse reads a str, what a model wrote, and got {type(text).__qualname__}"
        raise TypeError(message)


def _check_words(options: tuple[object, ...]) -> None:
    for each in options:
        if not isinstance(each, str):
            problem = f"{each!r} is no text"
            raise SchemaError("choice", problem, 'write Choice("a", "b"), of a list Choice(*words)')


def _check_object(schema: object) -> None:
    if not isinstance(schema, Mapping):
        problem = f"expected a dict, got {type(schema).__qualname__}"
        raise SchemaError("schema", problem, "of a file write Schema.from_file(path)")


def compiled(output_type: object) -> Target[object]:
    """The target of anything that may be written as one; compiled once where it can be kept."""
    if isinstance(output_type, Declared):
        return cast("Declared[object]", output_type).__target__()
    try:
        return _typed(output_type)
    except TypeError:  # an annotation with unhashable metadata cannot be a key
        return typed_target(cast("TypeForm[object]", output_type))


@lru_cache(maxsize=1024)
def _typed(output_type: TypeForm[object]) -> Target[object]:
    return typed_target(output_type)


@frozen
class _Members:
    """The fields that a text form may name, and how their values become the output."""

    schemas: dict[str, JsonObject]
    optional: frozenset[str]
    build: Callable[[JsonValue], Checked[object]]
    site: Site | None

    def named_in(self, text: str, mention: str) -> dict[str, JsonObject]:
        """The schemas without those of optional fields that *text* does not mention."""
        return {
            name: schema
            for name, schema in self.schemas.items()
            if name not in self.optional or mention.format(name) in text
        }


def _members(output_type: object, fields: Mapping[str, object]) -> _Members:
    return _untyped(fields) if output_type is None else _of_type(output_type)


def _of_type(output_type: object) -> _Members:
    target = compiled(output_type)
    root = resolve(target.schema, root=target.schema) if isinstance(target, JsonTarget) else None
    properties = root.get("properties") if isinstance(root, dict) else None
    if not isinstance(target, JsonTarget) or not isinstance(root, dict) or not properties:
        problem = "has no fields that a text could fill"
        raise SchemaError(target.name, problem, "use a model, dataclass or TypedDict")
    shared: JsonObject = {key: target.schema[key] for key in ("$defs",) if key in target.schema}
    schemas: dict[str, JsonObject] = {
        name: {**shared, **node}
        for name, node in cast("JsonObject", properties).items()
        if isinstance(node, dict)
    }
    required = cast("list[str]", root.get("required", []))
    optional = frozenset(schemas) - set(required)
    return _Members(schemas, optional, target.decoder.check, target.site)


def _untyped(fields: Mapping[str, object]) -> _Members:
    targets = {name: _field(name, output_type) for name, output_type in fields.items()}

    def build(value: JsonValue) -> Checked[object]:
        captured = cast("JsonObject", value)
        outputs: dict[str, object] = {}
        violations: list[Violation] = []
        for name, each in captured.items():
            checked = targets[name].decoder.check(each) if name in targets else Valid(each)
            if isinstance(checked, Invalid):
                violations += [
                    replace(broken, path=f"$.{name}{broken.path[1:]}")
                    for broken in checked.violations
                ]
            else:
                outputs[name] = checked.output
        return Invalid(tuple(violations)) if violations else Valid(Record(outputs))

    schemas = {name: target.schema for name, target in targets.items()}
    sites = {name: target.site for name, target in targets.items() if target.site is not None}
    text = Site(AnyValue)
    below = Members(cast("Mapping[str | int, Site]", sites), text, text)
    return _Members(schemas, frozenset(), build, Site(partial(Built, build), lambda: below))


def _field(name: str, output_type: object) -> JsonTarget[object]:
    target = compiled(output_type)
    if not isinstance(target, JsonTarget):
        where, problem = f"field {name!r}", "a field cannot be a text form itself"
        raise SchemaError(where, problem, "give it a type or a Schema")
    return target


def _template(
    text: str, output_type: object, fields: Mapping[str, object], *, many: bool
) -> TextTarget[object]:
    members = _members(output_type, fields)
    form = compile_template(text, members.named_in(text, "{{{}}}"), many=many)
    build, site = (_each(members.build) if many else members.build), members.site
    if many and site is not None:
        records = Members({}, UNKNOWN, site)
        site = Site(partial(Built, build), lambda: records)
    return TextTarget(f"template {text!r}", form, build, site)


def _each(build: Callable[[JsonValue], Checked[object]]) -> Callable[[JsonValue], Checked[object]]:
    def build_all(value: JsonValue) -> Checked[object]:
        checked = [build(record) for record in cast("list[JsonValue]", value)]
        broken = [
            replace(violation, path=f"$[{index}]{violation.path[1:]}")
            for index, each in enumerate(checked)
            if isinstance(each, Invalid)
            for violation in each.violations
        ]
        if broken:
            return Invalid(tuple(broken))
        return Valid([each.output for each in checked if isinstance(each, Valid)])

    return build_all


def _word(value: JsonValue) -> Checked[str]:
    return Valid(str(value))
