"""The member of a union that a tag names: a property whose constant differs in each member."""

from __future__ import annotations

from collections.abc import Sequence

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.bending import Node
from deterministic_llm._core.reading.alignment.keys import Names
from deterministic_llm._core.reading.alignment.labels import Labels


class Tags:
    """Members of one union by the text of their tag."""

    __slots__ = ("_labels", "_members", "_names")

    def __init__(self, name: str, members: dict[str, Node]) -> None:
        self._names = Names([name], {})
        self._members = members
        self._labels = Labels(members, name=name)

    def member(self, value: JsonValue) -> Node | None:
        """The member that the tag in *value* names, if it has one tag that names one."""
        if not isinstance(value, dict):
            return None
        tags = {tag for key, tag in value.items() if key in self._names and isinstance(tag, str)}
        if len(tags) != 1:
            return None
        tag = tags.pop()
        named = None if tag in self._members else self._labels.named(tag)
        return self._members.get(str(named.value) if named is not None else tag)


def tags_of(flats: Sequence[JsonObject], nodes: Sequence[Node], name: str | None) -> Tags | None:
    """The tags of union members, by the property *name* or by the only one that can be a tag."""
    constants = [_constants(flat) for flat in flats]
    names = [name] if name is not None else [each for each in constants[0] if each]
    for each in names:
        tags = [constant.get(each, ()) for constant in constants]
        texts = [text for labels in tags for text in labels]
        if all(tags) and len(set(texts)) == len(texts):
            owners = {
                text: node for labels, node in zip(tags, nodes, strict=True) for text in labels
            }
            return Tags(each, owners)
    return None


def _constants(flat: JsonObject) -> dict[str, list[str]]:
    properties = flat.get("properties")
    if not isinstance(properties, dict):
        return {}
    found: dict[str, list[str]] = {}
    for name, node in properties.items():
        if not isinstance(node, dict):
            continue
        labels = [node["const"]] if "const" in node else node.get("enum")
        if isinstance(labels, list) and labels:
            found[name] = [each for each in labels if isinstance(each, str)]
    return found
