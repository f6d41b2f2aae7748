"""The rule that a text is in a language, told by the script that it is written in."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

from typing_extensions import override

from deterministic_llm._core.records import frozen
from deterministic_llm.errors import SchemaError
from deterministic_llm.validators.markers import Marker, Said, text_of, violation

_SCRIPTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("ar", "fa", "ur"), ("ARABIC",)),
    **dict.fromkeys(("be", "bg", "mk", "ru", "uk"), ("CYRILLIC",)),
    **dict.fromkeys(
        ("cs", "da", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "lt"),
        ("LATIN",),
    ),
    **dict.fromkeys(
        ("lv", "ms", "nl", "no", "pl", "pt", "ro", "sk", "sl", "sv", "sw", "tr", "vi"),
        ("LATIN",),
    ),
    **dict.fromkeys(("hi", "mr", "ne"), ("DEVANAGARI",)),
    "am": ("ETHIOPIC",),
    "bn": ("BENGALI",),
    "el": ("GREEK",),
    "gu": ("GUJARATI",),
    "he": ("HEBREW",),
    "hy": ("ARMENIAN",),
    "ja": ("HIRAGANA", "KATAKANA", "CJK"),
    "ka": ("GEORGIAN",),
    "km": ("KHMER",),
    "kn": ("KANNADA",),
    "ko": ("HANGUL",),
    "lo": ("LAO",),
    "ml": ("MALAYALAM",),
    "my": ("MYANMAR",),
    "pa": ("GURMUKHI",),
    "si": ("SINHALA",),
    "ta": ("TAMIL",),
    "te": ("TELUGU",),
    "th": ("THAI",),
    "zh": ("CJK",),
}
_WORDS_WITHOUT_KANA = 20
"""So many characters of Japanese do not come without a single kana."""


@frozen
class Language(Marker):
    """Text in the script of the language *code* (``"ru"``, ``"ja"``), by *share* of its letters.

    It tells scripts apart, not languages of one script: French passes for English. The rest of the
    letters may be names and quotations. Text without letters passes.
    """

    code: str
    share: float = 0.5
    reads: ClassVar[tuple[type, ...]] = (str,)

    def __post_init__(self) -> None:
        if self.code not in _SCRIPTS:
            known = ", ".join(sorted(_SCRIPTS))
            raise SchemaError(repr(self), f"unknown language {self.code!r}", f"use one of {known}")
        if not 0 < self.share <= 1:
            raise SchemaError(
                repr(self), f"{self.share} is no share", "give 0.9 for nearly all letters"
            )

    @property
    @override
    def told(self) -> str:
        return f"written in the language {self.code!r}"

    @override
    def check(self, value: object, context: object) -> Said:
        counts = Counter(filter(None, map(_script, text_of(value))))
        total = counts.total()
        fitting = sum(counts[script] for script in _SCRIPTS[self.code])
        if fitting < self.share * total:
            other = max(counts.keys() - set(_SCRIPTS[self.code]), key=counts.__getitem__)
            return self._broken(f"{other.title()} letters")
        if self.code == "ja" and fitting == counts["CJK"] >= _WORDS_WITHOUT_KANA:
            return self._broken("Chinese characters alone")
        return None

    def _broken(self, got: str) -> Said:
        scripts = " or ".join(script.title() for script in _SCRIPTS[self.code])
        problem = f"expected text in the language {self.code!r} ({scripts} script), not {got}"
        return violation(problem, fix=f"write it in the language {self.code!r}")


@lru_cache(maxsize=4096)
def _script(character: str) -> str | None:
    """The script of a letter, which its name begins with; None for all else."""
    if not character.isalpha():
        return None
    first, *_ = unicodedata.name(character, "UNKNOWN").split(" ")
    return _OTHER_NAMES.get(first, first)


_OTHER_NAMES = {
    "HALFWIDTH": "KATAKANA",
    "FULLWIDTH": "LATIN",
    "KATAKANA-HIRAGANA": "KATAKANA",
    "IDEOGRAPHIC": "CJK",
    "MICRO": "GREEK",
}
