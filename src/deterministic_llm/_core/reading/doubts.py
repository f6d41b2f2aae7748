"""What a text may mean although it is valid as it stands: reasons for a second look."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.kinds import (
    has_moments,
    has_nullable_text,
    has_open_objects,
    has_optional_members,
    required_names,
)
from deterministic_llm._core.schema.target import JsonTarget


@frozen
class Doubts:
    """What in a valid text calls for a second look by alignment.

    A member under another spelling of its name, which would be passed over if it is optional, and
    is a second value where that name is there, too (*always*); "N/A" where null is allowed, digits
    alone for a date, which would be taken for seconds, and two times, of which the second would be
    taken for a zone (*patterns*); a tool call whose own name would be taken for the answer's
    (*words*).
    """

    always: bool
    words: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]

    def arise(self, text: str) -> bool:
        """Whether *text* gives cause for one of them."""
        return self.always or self.arise_from_words(text)

    def arise_from_words(self, text: str) -> bool:
        """Whether *text* gives cause for one that no name of a member is at the bottom of."""
        return any(word in text for word in self.words) or any(
            pattern.search(text) is not None for pattern in self.patterns
        )


@lru_cache(maxsize=1024)
def doubts_about(target: JsonTarget[object]) -> Doubts | None:
    """The doubts that *target* gives room for; None when there are none, as for most."""
    patterns = {
        _NULL_WORD: has_nullable_text(target.schema),
        _DIGITS_ALONE: has_moments(target.schema),
        _TWO_TIMES: has_moments(target.schema),
    }
    own = json.dumps(target.schema)
    callable_keys = set(required_names(target.schema)) <= _CALL_KEYS
    doubts = Doubts(
        has_optional_members(target.schema)
        or (not target.closable and has_open_objects(target.schema)),
        tuple(word for word in _CALL_WORDS if callable_keys and word not in own),
        tuple(pattern for pattern, applies in patterns.items() if applies),
    )
    return doubts if doubts.always or doubts.words or doubts.patterns else None


def may_be_a_call(text: str) -> bool:
    """Whether *text* has a key under which a tool call would hold its arguments."""
    return _CALL_WORD.search(text) is not None


_NULL_WORD = expression(r'"[^\w"]*+(?=[nNuU])(?i:null|none|nil|undefined|n[^\w"]{0,2}a)[^\w"]*+"')
_DIGITS_ALONE = expression(r'"\s*[+-]?\d+(?:\.\d*)?\s*"')
_TWO_TIMES = expression(r'\d:[0-5]\d\s?-\s?\d{2}:?\d{2}\s*"')
_CALL_WORDS = ('"arguments"', '"parameters"', '"tool_input"', '"input"')
_CALL_WORD = expression("|".join(_CALL_WORDS))
_CALL_KEYS = frozenset({"name", "id", "type", "function", "tool", "tool_name", "action"})
