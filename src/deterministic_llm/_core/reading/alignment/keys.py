"""The property that a key means: names and aliases go in, a written key finds its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deterministic_llm._core.reading.alignment.labels import fold_accents
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.remembering import LONGEST

_DECORATION = " \t\r\n\u00a0\u3000*`\"'\u201c\u201d\u2018\u2019:\uff1a_"
_BULLET = expression(r"[-•]\s+")
_SEPARATORS = expression(
    r"(?<=[^\W\d_])[\s_.\u2010\u2011-]+(?=\w)|(?<=\d)[\s_.\u2010\u2011-]+(?=[^\W\d_])"
)
_BETWEEN_DIGITS = expression(r"(?<=\d)[\s_\u2010\u2011-]+(?=\d)")
_REMEMBERED = 256


class Names:
    """The property names of one object, found by any spelling that belongs to one of them."""

    __slots__ = ("_aliases", "_folded", "_known")

    def __init__(self, names: Iterable[str], aliases: Mapping[str, str]) -> None:
        own = tuple(names)
        self._aliases = {alias: name for alias, name in aliases.items() if alias not in own}
        found: dict[str, str | None] = {}
        for written, name in (*((name, name) for name in own), *self._aliases.items()):
            key = folded(written)
            found[key] = name if key and found.get(key, name) == name else None
        self._folded = found
        self._known: dict[str, str | None] = {}

    def __contains__(self, key: str) -> bool:
        return self._folded.get(folded(key)) is not None

    def meant(self, key: str) -> str | None:
        """The property that *key* is another spelling of; None when it is none, or two."""
        if key in self._known:
            return self._known[key]
        name = self._aliases.get(key) or self._folded.get(folded(key))
        if len(self._known) < _REMEMBERED and len(key) <= LONGEST:
            self._known[key] = name
        return name

    def is_alias(self, key: str) -> bool:
        """Whether *key* is a declared alias, as written."""
        return key in self._aliases


def revised(key: str, names: Names) -> str | None:
    """The property of *names* of which *key* is a revision: of "score", "final_score" is."""
    found = _REVISION.fullmatch(folded(key))
    return None if found is None else names.meant(found[1])


def is_misspelled(key: str, name: str) -> bool:
    """Whether *key* is *name* with one letter more or less, or two exchanged."""
    one, other = sorted((folded(key), folded(name)), key=len)
    if len(one) < _SHORTEST or len(other) - len(one) > 1 or one == other:
        return False
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return other[at].isalpha() and one[at:] == other[at + 1 :]
    exchanged = one[at : at + 2] == other[at : at + 2][::-1]
    return exchanged and one[at + 2 :] == other[at + 2 :]


_REVISION = expression(r"(?:final|revised|corrected|updated|adjusted|amended)(.+)")
_SHORTEST = 4
"""Letters of a name of which one can be wrong."""


def folded(key: str) -> str:
    """*key* without case, separators between words, accents and marks around it."""
    bared = _BULLET.sub("", key.strip(_DECORATION).lstrip("#"), count=1).strip(_DECORATION)
    joined = _SEPARATORS.sub("", fold_accents(bared))
    return _BETWEEN_DIGITS.sub("_", joined)
