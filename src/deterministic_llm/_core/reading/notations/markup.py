"""XML-like elements and attributes: tags that name the target's properties in, records out."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.notations.cells import Shape, Unsure, cell, kind_of, node_of
from deterministic_llm._core.regexes import expression

MAX_DEPTH = 20
"""Elements within elements; deeper ones are no answer."""


def read_markup(text: str, shape: Shape) -> JsonValue:
    """The records of *text*; None when no element holds them, or two differ."""
    if not any(_names_property(match, shape) for match in _TAG.finditer(text)):
        return None
    elements = _elements(_parse(text))
    if not shape.many:
        records = [record for each in elements if (record := _record(each, shape)) is not None]
        return records[0] if records and all(each == records[0] for each in records) else None
    lists = [rows for each in elements if (rows := _rows(each, shape)) is not None]
    return lists[0] if len(lists) == 1 else None


def _names_property(match: re.Match[str], shape: Shape) -> bool:
    """Whether a tag, or an attribute of it, is called like a property."""
    attributes = _attributes(match)
    titles = (match["name"] or "", attributes.get("name", ""), *attributes)
    return any(title and shape.property(title) is not None for title in titles)


@dataclass(slots=True)
class _Element:
    """An element being read: *text* is what stands between its children."""

    name: str
    attributes: dict[str, str]
    text: list[str] = field(default_factory=list)
    children: list[_Element] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What it is called: ``<parameter name="score">`` is the score."""
        if self.name in {"parameter", "param", "field", "property"}:
            return self.attributes.get("name", self.name)
        return self.name


def _parse(text: str) -> _Element:
    root = _Element("", {})
    stack = [root]
    at = 0
    for match in _TAG.finditer(text):
        stack[-1].text.append(text[at : match.start()])
        at = match.end()
        _check_comment(match[0])
        if match["data"] is not None:
            stack[-1].text.append(html.escape(match["data"]))
        elif match["over"]:
            _close(stack, match["name"].lower())
        elif match["name"]:
            element = _Element(match["name"].lower(), _attributes(match))
            stack[-1].children.append(element)
            if not match["empty"]:
                stack.append(element)
        if len(stack) > MAX_DEPTH:
            raise Unsure
    if len(stack) > 1:
        raise Unsure
    return root


def _check_comment(tag: str) -> None:
    """Refuse a comment in the place of elements."""
    if tag.startswith("<!--") and _LEAVES_OUT.search(tag):
        raise Unsure


def _close(stack: list[_Element], name: str) -> None:
    while len(stack) > 1:
        if stack.pop().name == name:
            return
    raise Unsure


def _attributes(match: re.Match[str]) -> dict[str, str]:
    found = {
        name: html.unescape(value) for name, _, value in _ATTRIBUTE.findall(match["rest"] or "")
    }
    if match["value"]:
        found["name"] = match["value"]
    return found


def _elements(root: _Element) -> list[_Element]:
    found: list[_Element] = []
    coming = [root]
    while coming:
        element = coming.pop()
        found.append(element)
        coming.extend(element.children)
    return found


def _record(element: _Element, shape: Shape) -> JsonObject | None:
    """The object whose members are the attributes and children of *element*."""
    record: JsonObject = {}
    for title, text in element.attributes.items():
        name = shape.property(title)
        if name is not None:
            record[name] = cell(text, shape.properties[name], shape.root)
    for name, children in _named(element, shape).items():
        value = _value(children, shape.properties[name], shape)
        if name in record and record[name] != value:
            raise Unsure
        record[name] = value
    return record if shape.covers(record) else None


def _named(element: _Element, shape: Shape) -> dict[str, list[_Element]]:
    named: dict[str, list[_Element]] = {}
    for child in element.children:
        name = shape.property(child.key)
        if name is not None:
            named.setdefault(name, []).append(child)
    return named


def _value(children: list[_Element], node: JsonObject, shape: Shape) -> JsonValue:
    if kind_of(node) == "array":
        item = node_of(node.get("items"), shape.root)
        inner = children[0].children if len(children) == 1 else children
        if inner:
            return [_value([child], item, shape) for child in inner]
    values = [_leaf(child, node, shape) for child in children]
    if any(value != values[0] for value in values):
        raise Unsure
    return values[0]


def _leaf(element: _Element, node: JsonObject, shape: Shape) -> JsonValue:
    said = html.unescape("".join(element.text)).strip()
    if kind_of(node) in {"integer", "number"} and not _UNITS.isdisjoint(element.attributes):
        raise Unsure
    if not element.children:
        return cell(said, node, shape.root)
    if said:
        raise Unsure
    members: JsonObject = {}
    for child in element.children:
        if child.key in members:
            raise Unsure
        members[child.key] = _leaf(child, {}, shape)
    return members


def _rows(element: _Element, shape: Shape) -> JsonValue:
    """The list whose items are the children of *element*."""
    if len({child.name for child in element.children}) != 1:
        return None
    if _LEAVES_OUT.search("".join(element.text)):
        raise Unsure
    records = [_record(child, shape) for child in element.children]
    return [*records] if all(record is not None for record in records) else None


_LEAVES_OUT = expression(
    r"\.{3}|…|\b(?:more|others?|omitted|remaining|rest|etc|so on|repeat|continue)\b", re.IGNORECASE
)
"""What stands beside items for those that are not there."""
_UNITS = frozenset({"unit", "units", "scale", "multiplier"})
"""Attributes that say what a number counts."""
_TAG = expression(
    r"<!\[CDATA\[(?P<data>[^\]]{0,20000}+)\]\]>|<!--[^>]{0,300}-->|<\?[^<>]{0,200}\?>"
    r"|<(?P<over>/)?(?P<name>[^\W\d][\w.:-]{0,63}+)(?:=(?P<value>[\w.-]{1,64}+))?"
    r"(?P<rest>(?:\s{1,20}+[\w:.-]{1,64}+\s?=\s?(?:\"[^\"<]{0,2000}+\"|'[^'<]{0,2000}+'))*+)"
    r"\s{0,20}+(?P<empty>/)?>"
)
_ATTRIBUTE = expression(r"([\w:.-]+)\s?=\s?([\"'])(.*?)\2", re.DOTALL)
