"""What might have stood where a text was refused: a matcher goes in, a clause comes out."""

from __future__ import annotations

from collections.abc import Iterator

from deterministic_llm.grammars.engine import Matcher


def expected(matcher: Matcher) -> str:
    """What *matcher* would have taken."""
    forced = matcher.compute_ff_bytes().decode("utf-8", "ignore")
    if forced:
        return f"expected {_shown(forced)}"
    mask = matcher.compute_bitmask()
    allowed = {each for each in range(256) if mask[each // 8] >> each % 8 & 1}
    told = [*_told({chr(each) for each in allowed if each < 0x80} - _BLANKS)]
    if len(allowed) > _MANY:
        return _anything_but({chr(each) for each in range(0x20, 0x7F)} - {*map(chr, allowed)})
    return f"expected {_listed(told)}" if told else "expected nothing more"


def _anything_but(refused: set[str]) -> str:
    if not 0 < len(refused) <= _FEW:
        return "expected another character"
    return f"expected any character but {_listed([*_told(refused)])}"


def _told(signs: set[str]) -> Iterator[str]:
    """*signs*, the whole of a class told as one."""
    for name, members in _CLASSES.items():
        if members <= signs:
            signs = signs - members
            yield name
    yield from map(_shown, sorted(signs))


def _listed(told: list[str]) -> str:
    if len(told) > _FEW:
        return ", ".join([*told[:_FEW], "or another of such characters"])
    return " or ".join([", ".join(told[:-1]), told[-1]] if told[1:] else told)


def _shown(text: str) -> str:
    return f"`{text}`" if len(text) <= _LONGEST else f"`{text[:_LONGEST]}…`"


_BLANKS = frozenset(" \t\r\n")
_MANY = 100
_FEW = 8
_LONGEST = 40
_CLASSES = {
    "a digit": frozenset("0123456789"),
    "a digit from 1 to 9": frozenset("123456789"),
    "a letter": frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "a small letter": frozenset("abcdefghijklmnopqrstuvwxyz"),
    "a capital": frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
}
