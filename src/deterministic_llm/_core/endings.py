"""Whether the value at the end of a cut text may go on behind the cut: "7" may have been 72."""

from __future__ import annotations

from pydantic_core import from_json

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.schema.complaints import as_json
from deterministic_llm._core.schema.forms import ChoiceForm, TemplateForm
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm._core.schema.wording import resolve

_LISTS = (list, tuple, set, frozenset)
_TRUTHS = ("true", "false")


def is_open(said: str, output: object, target: Target[object]) -> bool:
    """Whether more of the *output* of *target*, which *said* says, may have followed.

    JSON that ends in its own bracket or quotation mark is closed, and so are a template that ends
    in a text of its own, and one of several values that none of the others begins with.
    """
    if isinstance(target, JsonTarget):
        schema = resolve(target.schema, root=target.schema)
        return not _is_whole(said.strip(), output) and _goes_on(output, _values(schema))
    form = target.form
    if isinstance(form, TemplateForm):
        last = form.pieces[-1]
        return form.many or not isinstance(last, str) or last.isspace()
    return not isinstance(form, ChoiceForm) or _goes_on(output, form.options)


def _is_whole(said: str, output: object) -> bool:
    """Whether *said* is JSON in brackets or quotation marks, if need be of a lenient kind."""
    is_text = isinstance(as_json(output), str)
    try:
        return isinstance(from_json(said), str if is_text else (dict, list))
    except ValueError:
        ends = said[:1] + said[-1:]
    if is_text:
        return False
    return ends == "[]" or (ends == "{}" and not isinstance(output, _LISTS))  # no lines of objects


def _values(schema: JsonValue) -> tuple[str, ...]:
    """The values that *schema* lists; none where it does not."""
    if not isinstance(schema, dict):
        return ()
    if schema.get("type") == "boolean":
        return _TRUTHS
    listed = [schema["const"]] if "const" in schema else schema.get("enum")
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def _goes_on(output: object, values: tuple[str, ...]) -> bool:
    """Whether *output* is none of the *values*, or another one begins with it."""
    said = as_json(output)
    told = str(said).lower() if isinstance(said, bool) else str(said)
    others = [each for each in values if each != told]
    return len(others) == len(values) or any(each.startswith(told) for each in others)
