"""A text as the one member of an object: for servers that hold answers to schemas and no text.

In: a form and a dialect, or an answer as far as it has come. Out: a schema, or the text within.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Final

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import TextForm
from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm._core.schema.lowering.lowering import lower
from deterministic_llm._core.schema.notations import notation_of
from deterministic_llm.errors import SchemaError

ENVELOPE: Final = "envelope"
"""What stands for a dialect where an answer is a text in an object."""
FORMS: Final = frozenset({*DIALECTS, ENVELOPE})
"""All forms in which an answer may come that is not in the target's own."""
_MEMBER = "answer"
_OPENING = f'{{"{_MEMBER}":"'
_CLOSING = expression(r"\s*\}?\s*")
_PLAIN = expression(r'[^"\\]+')
_ESCAPE = expression(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|u[0-9a-fA-F]{4}|[^u])")
_UNFINISHED = expression(r"\\(?:u[0-9a-fA-F]{0,4}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?")


@lru_cache(maxsize=1024)
def enveloped(form: TextForm, dialect: str | None) -> JsonObject | None:
    """The schema of an object with a text of *form*; None where *dialect* would not hold it."""
    notation = notation_of(form)
    if notation is None or (notation.choices is None and notation.regex is None):
        return None
    held: JsonObject = (
        {"enum": [*notation.choices]}
        if notation.choices is not None
        else {"pattern": f"^(?:{notation.regex})$"}
    )
    schema: JsonObject = {
        "type": "object",
        "properties": {_MEMBER: {"type": "string", **held}},
        "required": [_MEMBER],
        "additionalProperties": False,
    }
    if dialect is None:
        return schema
    try:
        lowered = lower(schema, DIALECTS[dialect])
    except SchemaError:
        return None
    return lowered.schema if lowered.same and not lowered.losses else None


def opened(answer: str) -> str:
    """The text in the object that *answer* is; *answer* as it is where it is none, or was cut."""
    envelope = Envelope()
    text = envelope.feed(answer)
    return text if envelope.is_closed and _CLOSING.fullmatch(envelope.after) else answer


def is_cut(answer: str) -> bool:
    """Whether *answer* ends within the text in its object: half of "11" is "1"."""
    envelope = Envelope()
    envelope.feed(answer)
    return envelope.is_open and not envelope.is_closed


class Envelope:
    """Takes the text out of an object while it comes.

    What begins otherwise is no envelope, and given as it is. *after* is what followed the text.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.after = ""
        self._is_none = False
        self._ended = False
        self._kept = ""

    @property
    def is_closed(self) -> bool:
        """Whether the text has come to its end."""
        return self._ended

    def feed(self, piece: str) -> str:
        """What *piece* adds to the text."""
        if self._is_none:
            return piece
        if self._ended:
            self.after += piece
            return ""
        self._kept += piece
        if self.is_open:
            return self._read()
        opens = self._opens()
        if opens is None:
            return ""
        self._is_none, self.is_open = not opens, opens
        return self._read() if opens else self._kept

    def _opens(self) -> bool | None:
        """Whether this is an envelope, once that is known; only the text is kept of one."""
        seen = 0
        for at, sign in enumerate(self._kept):
            if sign.isspace():
                continue
            if sign != _OPENING[seen]:
                return False
            seen += 1
            if seen == len(_OPENING):
                self._kept = self._kept[at + 1 :]
                return True
        return None

    def _read(self) -> str:
        """As much of the string as is sure: half an escape waits for the rest."""
        kept, at, texts = self._kept, 0, list[str]()
        while at < len(kept) and not self._ended:
            found = _PLAIN.match(kept, at)
            if found is not None:
                texts.append(found.group())
                at = found.end()
            elif kept[at] == '"':
                self._ended, self.after, at = True, kept[at + 1 :], len(kept)
            elif _UNFINISHED.fullmatch(kept, at) is not None and not _is_whole(kept[at:]):
                break
            else:
                escape = _ESCAPE.match(kept, at)
                texts.append(kept[at] if escape is None else _meant(escape.group()))
                at = at + 1 if escape is None else escape.end()
        self._kept = kept[at:]
        return "".join(texts)


def _is_whole(escape: str) -> bool:
    """Whether what may be the beginning of a pair of escapes is one by itself."""
    return re.fullmatch(r"\\u(?![dD][89abAB])[0-9a-fA-F]{4}", escape) is not None


def _meant(escape: str) -> str:
    """The character of *escape*; what is no escape of JSON stays as it is."""
    try:
        said: str = json.loads(f'"{escape}"')
    except ValueError:
        return escape
    return said
