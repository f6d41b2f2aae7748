"""The base of ready-made rules: one class is an annotation, a function and an entry in a list."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import TYPE_CHECKING, ClassVar, TypeAlias, cast, get_origin

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, core_schema

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.checks import Validator, outcome_of
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.complaints import below
from deterministic_llm._core.schema.typed import RULES
from deterministic_llm.errors import ModelRetry, SchemaError
from deterministic_llm.validators.members import compiled_path, selected

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo

Said: TypeAlias = bool | str | Violation | list[Violation] | tuple[Violation, ...] | None
"""What a check may return: None and True pass, all else says what is wrong."""


class Marker:
    """A rule for one value: ``Annotated[str, MaxWords(50)]``, ``MaxWords(50)(text)``, a validator.

    A rule of your own is a subclass, best a frozen dataclass, with check() and *told*, the rule in
    a few words, which the model reads in the description of the field. *keywords* go into the JSON
    Schema of the field, and *reads* are the types that can be annotated. None always passes.
    """

    reads: ClassVar[tuple[type, ...]] = (object,)

    @property
    def told(self) -> str:
        """The rule in a few words: ``at most 50 words``."""
        return ""

    @property
    def keywords(self) -> Mapping[str, JsonValue]:
        """JSON Schema keywords that say the same to a backend."""
        return {}

    def check(self, value: object, context: object) -> Said:
        """Whether *value* obeys, or what is wrong; ModelRetry and ValueError may be raised, too.

        *context* is that of the run, for example the source text.
        """
        raise NotImplementedError

    def __call__(self, value: object, context: object = None) -> tuple[Violation, ...]:
        """What is wrong with *value*; nothing when it passes."""
        if value is None:
            return ()
        try:
            said: object = self.check(value, context)
        except (ValueError, AssertionError) as error:
            said = error
        return outcome_of(Validator(self.check, repr(self)), said, value)

    def at(self, path: str) -> Validator:
        """The rule for the members at *path* of the output, such as ``items[*].name``.

        It serves targets that are no Python types, where nothing can be annotated.
        """
        steps = compiled_path(path, repr(self))

        def of_members(output: object, context: object) -> tuple[Violation, ...]:
            return tuple(
                below(location, violation)
                for location, value in selected(output, steps)
                for violation in self(value, context)
            )

        return Validator(of_members, f"{self!r} at {path}", takes_context=True)

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        kind = get_origin(source) or source
        if isinstance(kind, type) and kind is not UnionType and not self._can_read(kind):
            names = " or ".join(each.__name__ for each in self.reads)
            problem = f"cannot be used for {kind.__name__}"
            raise SchemaError(repr(self), problem, f"annotate {names}")
        return core_schema.with_info_after_validator_function(self._passed, handler(source))

    def _can_read(self, kind: type) -> bool:
        """Whether values of *kind* can be checked; true and false are no numbers here."""
        return issubclass(kind, self.reads) and (kind is not bool or object in self.reads)

    def _passed(self, value: object, info: ValidationInfo) -> object:
        violations = self(value, cast("object", info.context))
        if not violations:
            return value
        retries = [_retry(each) for each in violations]
        if len(retries) == 1:
            raise retries[0]
        errors: list[InitErrorDetails] = [
            {"type": "value_error", "input": value, "ctx": {"error": retry}} for retry in retries
        ]
        raise ValidationError.from_exception_data(repr(self), errors)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonObject:
        node = cast("JsonObject", handler(schema))
        known = node.get(RULES)
        rules: list[JsonValue] = known if isinstance(known, list) else []
        told: list[JsonValue] = [self.told] if self.told else []
        said: JsonObject = {RULES: [*rules, *told]} if rules or told else {}
        return {**node, **self.keywords, **said}


def _retry(violation: Violation) -> ModelRetry:
    return ModelRetry(
        violation.expected,
        path=violation.path,
        fix=violation.fix,
        involved=violation.involved,
    )


def violation(
    text: str, *, path: str = "$", fix: str | None = None, involved: tuple[str, ...] = ()
) -> Violation:
    """A broken rule of a validator, still without what was got."""
    return Violation(path, "validator", text, None, fix, involved)


def text_of(value: object) -> str:
    """*value*, which is text; TypeError when it is not."""
    if isinstance(value, str):
        return value
    message = f"this rule reads text, got {type(value).__name__}"
    raise TypeError(message)
