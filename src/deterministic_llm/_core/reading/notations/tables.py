"""Markdown tables and comma-separated lines: rows in, records out.

A header must name properties of the target. A table of two columns may also list the properties of
one object down its side.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.notations.cells import Shape, Unsure, sums_up
from deterministic_llm._core.regexes import expression


def read_table(text: str, shape: Shape) -> JsonValue:
    """The records of the only Markdown table in *text*; None when there is none."""
    tables = _tables(text.split("\n"))
    if len(tables) != 1:
        return None
    if _is_cut(text):
        raise Unsure
    rows = tables[0]
    if shape.many or len(rows) < 2:
        return _records(rows, shape) if shape.many else None
    down = _down_the_side(rows, shape)
    return down if down is not None else _records(rows, shape)


def read_separated(text: str, shape: Shape) -> JsonValue:
    """The records of lines of values under a header line; None when there is no such header."""
    lines = text.split("\n")
    for place, line in enumerate(lines):
        delimiter = next((mark for mark in ("\t", ";", ",") if mark in line), None)
        if delimiter is None or len(line) > 2_000:
            continue
        header = [name.strip(" \"'") for name in line.split(delimiter)]
        if any(shape.property(name) is None for name in header):
            continue
        block = [line]
        for following in lines[place + 1 :]:
            if not following.strip():
                break
            block.append(following)
        return _records(_separated(block, delimiter), shape)
    return None


def _separated(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error:
        raise Unsure from None
    return [[value.strip() for value in row] for row in rows]


def _tables(lines: Sequence[str]) -> list[list[list[str]]]:
    """Each run of lines with bars, its ruling line taken out."""
    tables: list[list[list[str]]] = []
    inside = False
    for line in lines:
        bare = line.strip().lstrip(">").strip()
        if "|" not in bare or (not inside and not _ROW.fullmatch(bare)):
            inside = False
            continue
        if not inside:
            tables.append([])
            inside = True
        ruling = _FIRST_RULING if len(tables[-1]) == 1 else _RULING
        if not ruling.fullmatch(bare):
            tables[-1].append(_cells(bare))
    return [table for table in tables if len(table) > 1]


def _cells(line: str) -> list[str]:
    inner = line.removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [_unescaped(part) for part in _BAR.split(inner)]


def _unescaped(part: str) -> str:
    return part.strip().replace("\\|", "|").replace("<br>", "\n").replace("<br/>", "\n")


def _records(rows: Sequence[Sequence[str]], shape: Shape) -> JsonValue:
    """One record a row under a header of property names."""
    names = [shape.property(name) for name in rows[0]]
    known = [name for name in names if name is not None]
    if len(set(known)) != len(known) or not shape.required <= set(known) or len(known) < 2:
        return None
    records: list[JsonValue] = []
    for row in rows[1:]:
        if len(row) != len(names) or (shape.many and _is_about_others(row)):
            raise Unsure
        records.append(_record(rows[0], row, shape))
    if shape.many:
        return records
    return records[0] if len(records) == 1 else None


def _is_about_others(row: Sequence[str]) -> bool:
    """Whether *row* sums up those above it, or is a title for those below."""
    first = next(filter(None, row), "")
    titled = len(row) > 1 and not any(row[1:]) and _EMPHASIZED.fullmatch(row[0]) is not None
    return titled or sums_up(first) or _SUMMARY.fullmatch(first) is not None


def _is_cut(text: str) -> bool:
    """Whether *text* ends within a row, where others end in a bar."""
    lines = text.strip().split("\n")
    ended = any(line.rstrip().endswith("|") for line in lines[:-1])
    return ended and lines[-1].lstrip().startswith("|") and not lines[-1].endswith("|")


def _record(header: Sequence[str], row: Sequence[str], shape: Shape) -> JsonObject:
    record: JsonObject = {}
    for title, text in zip(header, row, strict=True):
        name = shape.titled(title)
        value = shape.cell(text, name)
        if value is not None or name in shape.required:
            record[name or title.strip("*_` ")] = value
    return record


def _down_the_side(rows: Sequence[Sequence[str]], shape: Shape) -> JsonValue:
    """One object whose properties stand in the first column and their values in the second."""
    if any(len(row) != 2 for row in rows):
        return None
    body = rows if shape.property(rows[0][0]) is not None else rows[1:]
    record: JsonObject = {}
    for title, text in body:
        name = shape.property(title)
        value = shape.cell(text, name)
        if name is None or (name in record and record[name] != value):
            return None
        record[name] = value
    return record if shape.covers(record) else None


_SUMMARY = expression(
    r"[*_]*(?:all|etc\.?|…|\.{2,})[*_]*:?"
    r"|[(\[*_]*(?:(?:and|plus|\+) ?)?\d+ (?:more|others?|additional|further)\b.*",
    re.IGNORECASE,
)
"""What stands in front of a row for all others, besides the words for a sum."""
_EMPHASIZED = expression(r"(\*{1,3}|__?)[^*_]+\1")
_ROW = expression(r"\|[^\n]*\||[^|\n]+\|[^\n]+|\|[^\n]+")
_RULING = expression(r"\|?(?:\s*:?-{2,}:?\s*\|?)+")
_FIRST_RULING = expression(r"\|?(?:\s*:?-+:?\s*\|?)+")
"""The line below the header: it may have one dash a column, which further below is a value."""
_BAR = expression(r"(?<!\\)\|")
