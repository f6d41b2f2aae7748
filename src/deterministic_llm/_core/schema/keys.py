"""Keys of a dict whose keys are no texts in Python: what pydantic says of them, as JSON has it."""

from __future__ import annotations

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.walking import rewritten
from deterministic_llm._core.schema.wording import resolve

_NUMBERS = frozenset({"integer", "number"})


def with_text_keys(schema: JsonObject) -> JsonObject:
    """*schema* with the keys of ``dict[IntEnum, T]`` as the texts that keys of an object are.

    No key is a number, so that what is said of numbers would leave none.
    """

    def change(node: JsonObject) -> JsonObject:
        names = resolve(node.get("propertyNames"), root=schema)
        if not isinstance(names, dict) or names.get("type") not in _NUMBERS:
            return node
        kept = {key: node[key] for key in node if key != "propertyNames"}
        labels = [names["const"]] if "const" in names else names.get("enum")
        if not isinstance(labels, list):
            return kept
        texts: list[JsonValue] = [str(each) for each in labels]
        return {**kept, "propertyNames": {"enum": texts}}

    changed = rewritten(schema, change)
    return changed if isinstance(changed, dict) else schema
