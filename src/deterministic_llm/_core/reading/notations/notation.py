"""Payloads in other notations than JSON: key-value lines, sections, tables, elements, bullets.

In: the whole text and the schema of the target (an object, a list of flat objects, or a list of
scalars). Out: a JSON value whose leaves are texts, for alignment to bend, or None. Keys must be
properties of the schema and every required one must be there, so prose is never taken for a value;
where two notations, or two readings of one, differ, nothing is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.finding import marks, spans
from deterministic_llm._core.reading.finding.fences import blocks
from deterministic_llm._core.reading.finding.refusals import refusal_in
from deterministic_llm._core.reading.finding.thinking import thinking
from deterministic_llm._core.reading.finding.wrappers import wrappers
from deterministic_llm._core.reading.notations.beside import is_amended
from deterministic_llm._core.reading.notations.cells import (
    Shape,
    Unsure,
    cell,
    kind_of,
    node_of,
    says_none,
    shape_of,
    sums_up,
)
from deterministic_llm._core.reading.notations.mappings import mapping_start, read_mapping
from deterministic_llm._core.reading.notations.markup import read_markup
from deterministic_llm._core.reading.notations.plain import read_plain
from deterministic_llm._core.reading.notations.sections import read_sections, sections_start
from deterministic_llm._core.reading.notations.tables import read_separated, read_table
from deterministic_llm._core.regexes import expression

MAX_CHARACTERS = 100_000
"""Longer texts are not read: models write no notation of that length."""
MAX_LINES = 10_000
"""Nor are texts of more lines."""


def read_notation(text: str, schema: JsonObject) -> tuple[JsonValue, tuple[Repair, ...]] | None:
    """The value that *text* says in another notation, with the record of it; None when unsure.

    *text* is the whole completion; thinking is left out, except elements that the schema names.
    Where an object is written in braces there is JSON to be read, and nothing is looked for here.
    """
    if len(text) > MAX_CHARACTERS or text.count("\n") > MAX_LINES:
        return None
    shape = shape_of(schema)
    names = () if shape is None else shape.properties
    keep = frozenset(name.lower() for name in names)
    thought = thinking(text, keep=keep)
    if thought.unfinished:
        return None
    visible = "".join(text[start:end] for start, end in thought.visible(len(text)))
    body = _body(visible)
    if _has_objects(body) or _is_cut(visible):
        return None
    found = _scalars(body, schema) if shape is None else _read_all(body, shape)
    if found is None:
        return None
    rule, value = found
    return value, (Repair(rule, "$", None, None, "format"),)


def _body(visible: str) -> str:
    """What the only answer tag or code fence holds, else the whole text."""
    text = visible.replace("\r\n", "\n").rstrip()
    while (turn := _END_OF_TURN.search(text, max(0, len(text) - 60))) is not None:
        text = text[: turn.start()].rstrip()
    answers = [each for each in wrappers(text) if each.mark == "final" and each.closed]
    if len(answers) == 1:
        text = text[answers[0].body : answers[0].body_end]
    fenced = [each for each in blocks(text) if text[each.body : each.body_end].strip()]
    if len(fenced) == 1 and fenced[0].closed:
        before, after = text[: fenced[0].start], text[fenced[0].end :]
        # What leads to the block stays before it: the words may call it an example.
        inner = text[fenced[0].body : fenced[0].body_end].strip("\n")
        return f"{before.rstrip()}\n\n{inner}\n\n---\n\n{after.lstrip()}"
    return text


def _is_cut(visible: str) -> bool:
    """Whether *visible* ends within a line of a fence: what is written there may go on."""
    within = not visible.endswith("\n") and _LEFT.search(visible[-60:]) is None
    return within and any(not each.closed for each in blocks(visible))


def _has_objects(text: str) -> bool:
    at = 0
    while (start := spans.next_start(text, at, len(text))) >= 0:
        if text[start] in "{｛" or text[start + 1 : start + 2] == "{":
            return True
        at = start + 1
    return False


def _read_all(text: str, shape: Shape) -> tuple[str, JsonValue] | None:
    """What the notations say, when they say one thing and nothing takes it back."""
    start = _start(text, shape)
    marking = marks.marking(text, start, start, floor=0, ceiling=start)
    if marking is not None and not marking.weak and marking.mark in _NO_ANSWER:
        return None
    if marks.takes_back(text[start:]):
        return None
    said: dict[str, tuple[str, JsonValue]] = {}
    record = read_sections(text, shape)
    if record is not None:
        said[json.dumps(record, sort_keys=True)] = "sections", record
    for rule, reader in _READERS if record is None else _BESIDE_SECTIONS:
        try:
            value = reader(text, shape)
        except Unsure:
            return None
        if value is not None:
            said.setdefault(json.dumps(value, sort_keys=True), (rule, value))
    if len(said) != 1:
        return None
    rule, value = next(iter(said.values()))
    return None if is_amended(text, value) else (rule, value)


def _start(text: str, shape: Shape) -> int:
    """Where the notation begins: at its first line, row or tag."""
    other = _ROW_OR_TAG.search(text)
    starts = mapping_start(text, shape), sections_start(text, shape)
    return min(*starts, len(text) if other is None else other.start())


def _read_call(text: str, shape: Shape) -> JsonValue:
    """The keyword arguments of a call such as ``EssayGrade(score=8, comment="good")``."""
    calls = list(_CALL.finditer(text))
    if len(calls) != 1 or shape.many:
        return None
    record: JsonObject = {}
    for argument in _ARGUMENT.finditer(calls[0]["arguments"]):
        name = shape.property(argument["key"]) or argument["key"]
        if name in record:
            raise Unsure
        record[name] = cell(argument["value"], shape.properties.get(name, {}), shape.root)
    return record if shape.covers(record) else None


def _scalars(text: str, schema: JsonObject) -> tuple[str, JsonValue] | None:
    """The items of the only list, where one of scalars is wanted, or numbers by their names."""
    return (
        _bullets(text, schema)
        or _row(text, schema)
        or read_plain(text, schema, introduced=_introduced)
        or _named_numbers(text, schema)
    )


def _named_numbers(text: str, schema: JsonObject) -> tuple[str, JsonValue] | None:
    """The members of an object of numbers by any names, each on a line: ``joy: 0.8``."""
    node = node_of(schema, schema)
    if kind_of(node) != "object" or refusal_in(text):
        return None
    if kind_of(node_of(node.get("additionalProperties"), schema)) not in {"integer", "number"}:
        return None
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and _NAMED.fullmatch(lines[0]) is None and _introduced(lines[0]):
        lines = lines[1:]
    found = [_NAMED.fullmatch(line) for line in lines]
    members = {each["name"].strip(): each["number"] for each in found if each is not None}
    if len(members) < max(2, len(lines)) or any(map(sums_up, members)):
        return None
    return "numbers by name", dict(members)


def _row(text: str, schema: JsonObject) -> tuple[str, JsonValue] | None:
    """The items of "(1, 2, 3)" or "1, 2 and 3" that is the whole text."""
    node, said = node_of(schema, schema), text.strip()
    if kind_of(node) != "array" or _GROUPS.search(said):
        return None
    if said[:1] == "(" and said[-1:] == ")":
        try:
            items = json.loads(f"[{said[1:-1]}]")
        except (ValueError, RecursionError):
            return None
        return ("items in brackets", items) if len(items) > 1 else None
    item = node_of(node.get("items"), schema)
    if kind_of(item) not in {"integer", "number"} or _ROW.fullmatch(said) is None:
        return None
    if len({sign.rstrip() + sign[1:2] for sign in _COMMAS.findall(said)}) > 1:
        return None  # "0,5; 1,5" and "0,5, 1,5": some of them stand within numbers
    return "items in a row", _BETWEEN_NUMBERS.split(said.rstrip("."))


def _bullets(text: str, schema: JsonObject) -> tuple[str, JsonValue] | None:
    """The items of the only bulleted or numbered list, where a list of scalars is wanted."""
    node = node_of(schema, schema)
    item = node_of(node.get("items"), schema)
    if kind_of(node) != "array" or kind_of(item) in {"object", "array"} or refusal_in(text):
        return None
    runs = list(_BULLETS.finditer(text))
    if len(runs) != 1 or not _introduced(text[: runs[0].start()]):
        return None
    lines = runs[0][0].strip("\n").split("\n")
    if len({len(line) - len(line.lstrip()) for line in lines}) != 1:
        return None
    rest = text[runs[0].end() :]
    if (
        _BEGUN.fullmatch(rest)
        or marks.takes_back(rest)
        or marks.is_set_aside("", rest)
        or _is_not_all(lines, item)
    ):
        return None
    try:
        return "bulleted list", [
            cell(_BULLET.sub("", line, count=1), item, schema) for line in lines
        ]
    except Unsure:
        return None


def _is_not_all(lines: Sequence[str], item: JsonObject) -> bool:
    """Whether an item says that there are more, or the only one that there is none."""
    if len(lines) == 1 and says_none(_BULLET.sub("", lines[0], count=1)):
        return True
    wanted = item.get("enum")
    labels = {str(label).casefold() for label in wanted} if isinstance(wanted, list) else ()
    said = (line for line in lines if _BULLET.sub("", line, count=1).casefold() not in labels)
    return any(_AND_SO_ON.match(line) for line in said)


def _introduced(before: str) -> bool:
    """Whether the words before a list present it as the answer."""
    said = [line for line in before.split("\n") if line.strip(" *_#>`")]
    lines = [line.strip(" *_#>`") for line in said]
    if not lines:
        return True
    marking = marks.marking(before, len(before), len(before), floor=0, ceiling=len(before))
    if marking is not None and not marking.weak and marking.mark in _NO_ANSWER:
        return False
    presented = _PRESENTS.match(lines[-1]) is not None or _HEADING.fullmatch(said[-1]) is not None
    return presented and _ASKS.search(lines[-1]) is None


_Reader = Callable[[str, Shape], JsonValue]
_BESIDE_SECTIONS: tuple[tuple[str, _Reader], ...] = (
    ("elements", read_markup),
    ("table", read_table),
    ("separated values", read_separated),
    ("call with keywords", _read_call),
)
_READERS = (*_BESIDE_SECTIONS, ("key-value lines", read_mapping))
_END_OF_TURN = expression(r"<[|\uff5c][^<>]{1,40}[|\uff5c]>\Z")
_LEFT = expression(r"(?:</[\w:.-]{1,40}>|<[|\uff5c][^<>]{1,40}[|\uff5c]>)\s*\Z")
"""A tag that closes at the end of a text, or the sign of its end: it is not cut."""
_NAMED = expression(
    r"[ \t]*(?:[-*•][ \t]+)?(?:\*\*|\")?(?P<name>[^\W\d_][\w '/-]{0,60}?)(?:\*\*|\")?[ \t]?[:=]"
    r"(?:\*\*)?[ \t]*(?P<number>[-+]?\d[\d.]{0,20})[ \t,]*"
)
_ROW = expression(
    r"[-+]?\d+(?:\.\d+)?(?:[,;]\s{0,3}[-+]?\d+(?:\.\d+)?){0,500}"
    r"(?:(?:[,;]\s{0,3}|\s)(?:and\s|und\s|et\s|y\s)?[-+]?\d+(?:\.\d+)?)\.?"
)
_BETWEEN_NUMBERS = expression(r"[,;]?\s*(?:and|und|et|y)\s|[,;]\s*")
_COMMAS = expression(r"[,;]\s?")
_GROUPS = expression(r"\d,\d{3}(?!\d)|\A\d+,\d+\Z|\d,\d.*\s(?:und|et|y)\s", re.DOTALL)
"""Digits that may be one number with a comma in it."""
_NO_ANSWER = frozenset({"draft", "example", "quotation", "part"})
_ROW_OR_TAG = expression(r"^[ \t>]{0,8}(?:\||<(?!/)[\w.:=-]+[^<>\n]{0,200}>)", re.MULTILINE)
_STRING = r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'"
_WRITTEN = rf"(?:{_STRING}|\[[^\[\]\n]{{0,2000}}\]|[^\s,()=\"'][^,()=\"'\n]{{0,200}})"
_ARGUMENT = expression(rf"(?P<key>[A-Za-z_]\w{{0,63}})\s?=\s?(?P<value>{_WRITTEN})")
_CALL = expression(
    r"(?<![\w.])[A-Za-z_][\w.]{0,63}\(\s{0,20}(?P<arguments>"
    rf"(?:[A-Za-z_]\w{{0,63}}\s?=\s?{_WRITTEN}(?:\s{{0,20}},\s{{0,20}})?){{1,100}})\s{{0,20}}\)"
)
_BULLET = expression(r"[ \t]*(?:[-*+•–]|\d{1,4}[.)])[ \t]+")
_BEGUN = expression(r"\s*(?:[-*+•–]|\d{1,4}[.)])\s*")
"""Another item, of which nothing more is there."""
_BULLETS = expression(
    r"(?:^[ \t]*(?:[-*+•–]|\d{1,4}[.)])[ \t]+[^\n]+(?:\n(?:[ \t]*\n)?|\Z))+", re.MULTILINE
)
_AND_SO_ON = expression(
    r"^[ \t]*(?:[-*+•–]|\d{1,4}[.)])[ \t]+(?:and\s)?(?:(?:many|some|a few|several)\s)?"
    r"(?:etc|so (?:on|forth)|more|others?)\W*$",
    re.IGNORECASE,
)
"""An item by which there are more."""
_PRESENTS = expression(
    r"(?:(?:sure|certainly|of course|okay|ok)[,.!]?\s*)?(?:here(?:['’]s|\s(?:is|are))\b|the"
    r" following\b|these are\b"
    r"|(?:the|my|your|all)\s(?:\w+\s){0,3}?(?:list|items|answers?|results?|keywords|tags|names"
    r"|values|entries|topics)\b"
    r"|(?:[^\W\d_]+['’]?[\s-]?){1,4}[:：]$|(?:结果|答案|列表|以下|如下))",
    re.IGNORECASE,
)
_HEADING = expression(
    r"[ \t]*(?:\#{1,6}[ \t]+\*{0,2}|\*\*)(?!(?:\w+ ){0,3}(?:assumptions?|rules?|constraints?"
    r"|criteria|reasoning|analysis|rationale|explanations?|contexts?|background|caveats?|limitations?"
    r"|warnings?|method\w*|approach|thoughts?|process|overview|summary|requirements?|disclaimers?"
    r"|conclusions?|sources?|references?|input|prompt)\b)(?:[^\W\d_]+['’]?[ -]?){1,4}\*{0,2}[ \t]*",
    re.IGNORECASE,
)
"""A heading that may be the name of a list, and is not that of something beside it."""
_ASKS = expression(
    r"\b(?:i|we|you|please|need|needs|require|required|because|reasons?|why|cannot|can['’]?t"
    r"|questions?|missing"
    r"|steps?|options?|choose|first|before|unless|if|note|notes|consider|considerations|issues?"
    r"|problems?|not|without|excluded?|excluding|missing|rejected|removed|omitted|ignored|incorrect"
    r"|wrong|unsupported|invalid|unrelated|ignored?|avoid(?:ed)?|old|previous|former|outdated|draft"
    r"|instructions?|format|template|forbidden|banned|never|discard(?:ed)?|skip(?:ped)?|unknown"
    r"|unclear|choices?|candidates?|possible|allowed|available|input|prompt)\b|\?",
    re.IGNORECASE,
)
