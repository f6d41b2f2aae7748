"""How types are written for a model: phrases go in, TypeScript-like lines come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from deterministic_llm._core.records import frozen

WIDTH = 80
"""Characters up to which an object without comments stays on one line."""


@frozen
class Phrase:
    """A type as *lines*, with *notes* on it that whoever uses it writes beside it.

    *loose* says that it needs brackets where something binds tighter.
    """

    lines: tuple[str, ...]
    notes: tuple[str, ...] = ()
    loose: bool = False

    def noted(self, notes: Sequence[str]) -> Phrase:
        """The same type with more *notes*, which come first."""
        return replace(self, notes=(*notes, *self.notes)) if notes else self


def word(text: str) -> Phrase:
    """A type that has a name."""
    return Phrase((text,))


ANY = word("any")
NEVER = word("never")
NULL = word("null")


def either(phrases: Sequence[Phrase]) -> Phrase:
    """A value of any of *phrases*; notes of the only one that is not null hold for the whole."""
    options = list(dict.fromkeys(phrases))
    if len(options) == 1:
        return options[0]
    others = [option for option in options if option != NULL]
    notes = others[0].notes if len(others) == 1 else ()
    parts = [option.lines if notes else _inline(option) for option in options]
    return Phrase(_chained(parts, " | "), notes, loose=True)


def every(phrases: Sequence[Phrase]) -> Phrase:
    """A value of all *phrases* at once, whose notes all hold for it."""
    notes = tuple(note for phrase in phrases for note in phrase.notes)
    kinds = list(dict.fromkeys(phrase.lines for phrase in phrases if phrase.lines != ANY.lines))
    if len(kinds) == 1:
        loose = any(phrase.loose for phrase in phrases if phrase.lines == kinds[0])
        return Phrase(kinds[0], notes, loose=loose)
    parts = [_tight(phrase) for phrase in phrases if phrase.lines in kinds]
    return Phrase(_chained(list(dict.fromkeys(parts)), " & "), notes) if parts else ANY.noted(notes)


def sequence(item: Phrase) -> Phrase:
    """A list of *item*."""
    notes = (f"each: {'; '.join(item.notes)}",) if item.notes else ()
    return Phrase(_chained([_tight(item), ("[]",)], ""), notes)


def row(items: Sequence[Phrase], *, required: int, rest: Phrase | None) -> Phrase:
    """A list of these *items* in this order, the first *required* of them always, then *rest*."""
    parts = [
        _inline(item) if index < required else _chained([_tight(item, inline=True), ("?",)], "")
        for index, item in enumerate(items)
    ]
    if rest is not None:
        parts.append(_chained([("...",), _tight(rest, inline=True), ("[]",)], ""))
    return Phrase(_chained([("[",), _chained(parts, ", "), ("]",)], ""))


def record(members: Sequence[tuple[str, Phrase]]) -> Phrase:
    """An object of *members*, each a head such as ``"name?: "`` and its type."""
    short = f"{{{', '.join(head + member.lines[0] for head, member in members)}}}"
    plain = all(len(member.lines) == 1 and not member.notes for _, member in members)
    if plain and len(short) <= WIDTH:
        return word(short)
    lines = ["{"]
    for index, (head, member) in enumerate(members, start=1):
        end = "," if index < len(members) else ""
        lines += [f" {line}" for line in statement(head, member, end)]
    return Phrase((*lines, "}"))


def statement(head: str, phrase: Phrase, end: str = "") -> Iterator[str]:
    """The lines that say *head* is *phrase*, its notes behind it or, when they are many, above."""
    lines = list(_chained([(head,), phrase.lines, (end,)], ""))
    comments = "; ".join(phrase.notes).splitlines()
    if len(lines) == 1 and len(comments) == 1:
        yield f"{lines[0]} // {comments[0]}"
        return
    yield from (f"// {comment}" for comment in comments)
    yield from lines


def _inline(phrase: Phrase) -> tuple[str, ...]:
    if not phrase.notes:
        return phrase.lines
    comment = " ".join("; ".join(phrase.notes).splitlines())
    if len(phrase.lines) == 1:
        return (f"{phrase.lines[0]} /* {comment} */",)
    return (f"{phrase.lines[0]} // {comment}", *phrase.lines[1:])


def _tight(phrase: Phrase, *, inline: bool = False) -> tuple[str, ...]:
    lines = _inline(phrase) if inline else phrase.lines
    return _chained([("(",), lines, (")",)], "") if phrase.loose else lines


def _chained(parts: Sequence[tuple[str, ...]], separator: str) -> tuple[str, ...]:
    lines = list(parts[0])
    for part in parts[1:]:
        lines[-1] += separator + part[0]
        lines += part[1:]
    return tuple(lines)
