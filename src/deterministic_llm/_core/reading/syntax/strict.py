"""Valid JSON only, at native speed, with the checks that the decoders leave out."""

from __future__ import annotations

from deterministic_llm._core.attempts import Code
from deterministic_llm._core.reading.syntax.building import build
from deterministic_llm._core.reading.syntax.documents import (
    Document,
    Reading,
    ReadingError,
    unreadable,
)
from deterministic_llm._core.reading.syntax.native import native
from deterministic_llm._core.regexes import expression


def decode(text: str) -> Reading:
    """The JSON document that *text* is, with nothing but blanks around it.

    NaN, numbers that overflow to infinity, conflicting duplicate keys, lone surrogates, integers
    of more than 4,300 digits and nesting over 200 levels are violations. Duplicate keys with
    equal values are a repair, "equal duplicate key".
    """
    try:
        return Document(native(text.encode()), len(text))
    except UnicodeEncodeError as error:
        return unreadable(
            ReadingError("surrogate", "expected no half of a surrogate pair", error.start), text
        )
    except ValueError as error:
        return _explained(text, str(error))


_PLACE = expression(r" at line (\d+) column (\d+)\Z")
_NOT_FINITE = expression(r"-?(?:NaN|nan|Inf|inf)")
_NEEDS_A_PLACE = ("Detected duplicate", "recursion limit", "number too large")
_CODES: tuple[tuple[str, Code, str], ...] = (
    ("number out of range", "too_large", "expected an integer of at most 4300 digits"),
    ("surrogate", "surrogate", "expected no half of a surrogate pair"),
    ("unexpected end of hex escape", "surrogate", "expected no half of a surrogate pair"),
    ("EOF", "syntax", "expected JSON to its end"),
)


def _explained(text: str, message: str) -> Reading:
    """Why the decoder refused *text*; equal duplicate keys are let pass after all."""
    if not text.strip():
        return unreadable(ReadingError("empty", "expected a value", 0), text)
    if message.startswith(_NEEDS_A_PLACE):
        reading = build(text, 0, len(text))
        if _is_strict(reading, text):
            return reading
    at = _place(text, message)
    if _NOT_FINITE.match(text, at) or _NOT_FINITE.match(text, max(at - 1, 0)):
        return unreadable(ReadingError("not_finite", "expected a finite number", at), text)
    for words, code, expected in _CODES:
        if words in message:
            return unreadable(ReadingError(code, expected, at), text)
    return unreadable(ReadingError("syntax", "expected valid JSON", at), text)


def _is_strict(reading: Reading, text: str) -> bool:
    if not isinstance(reading, Document):
        return reading.violation.code in {"duplicate_key", "too_deep", "not_finite"}
    rules = {repair.rule for repair in reading.repairs}
    return not (reading.truncated or rules - {"equal duplicate key"} or text[reading.end :].strip())


def _place(text: str, message: str) -> int:
    """The index in *text* of the line and column of bytes that *message* ends with."""
    if (match := _PLACE.search(message)) is None:
        return 0
    line, column = int(match[1]), int(match[2])
    lines = text.encode("utf-8", "replace").split(b"\n", line)
    before = b"\n".join(lines[: line - 1]) + (b"\n" if line > 1 else b"")
    here = lines[line - 1][: max(column - 1, 0)]
    return len((before + here).decode("utf-8", "ignore"))
