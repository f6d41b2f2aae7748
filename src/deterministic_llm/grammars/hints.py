"""What might have stood where a text was refused: a matcher goes in, a clause comes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deterministic_llm.grammars.engine import Matcher

LONGEST = 40
"""Characters of a forced continuation that are shown."""


def expected(matcher: Matcher) -> str:
    """What *matcher* would have taken."""
    forced = matcher.compute_ff_bytes().decode("utf-8", "ignore")
    if forced:
        return f"expected {shown(forced)}"
    mask = matcher.compute_bitmask()
    allowed = [chr(each) for each in range(256) if mask[each // 8] >> each % 8 & 1]
    if len(allowed) < _MANY:
        signs = [each for each in allowed if each < "\x80" and each not in _BLANKS]
        return expected_one_of(_words(matcher, signs) if len(signs) <= _FEW else signs)
    refused = {chr(each) for each in range(0x20, 0x7F)}.difference(allowed)
    if not 0 < len(refused) <= _FEW:
        return "expected another character"
    return f"expected any character but {_listed(_told(refused))}"


def _words(matcher: Matcher, signs: list[str]) -> Iterator[str]:
    """*signs*, each with what must follow it."""
    for each in signs:
        trial = matcher.deep_copy()
        trial.try_consume_tokens(each.encode())
        yield each + trial.compute_ff_bytes().decode("utf-8", "ignore")


def expected_one_of(signs: Iterable[str]) -> str:
    """That one of *signs* was expected, a class of them told as one."""
    told = _told(signs)
    return f"expected {_listed(told)}" if told else "expected nothing more"


def shown(text: str) -> str:
    """*text* as it is quoted in a clause."""
    return f"`{text}`" if len(text) <= LONGEST else f"`{text[:LONGEST]}…`"


def _told(signs: Iterable[str]) -> list[str]:
    return [*_classes(frozenset(signs))]


def _classes(signs: frozenset[str]) -> Iterator[str]:
    for name, members in _CLASSES.items():
        if members <= signs:
            signs -= members
            yield name
    yield from map(shown, sorted(signs))


def _listed(told: list[str]) -> str:
    if len(told) > _FEW:
        return ", ".join([*told[:_FEW], "or another of such characters"])
    return " or ".join([", ".join(told[:-1]), told[-1]] if told[1:] else told)


_BLANKS = frozenset(" \t\r\n")
_MANY = 100
_FEW = 8
_CLASSES = {
    "a digit": frozenset("0123456789"),
    "a digit from 1 to 9": frozenset("123456789"),
    "a letter": frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "a small letter": frozenset("abcdefghijklmnopqrstuvwxyz"),
    "a capital": frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
}
