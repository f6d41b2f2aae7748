"""The lint for patterns that users write: can this expression take exponential time, and why.

The expression becomes its position automaton, with the number of ways that lead from one position
to the next. It can explode exactly when some text leads from a position back to itself in two ways:
by one step that exists twice (a loop directly inside a loop), or by two different paths (choices
that overlap inside a loop). Overlap is judged on sample characters, those of the expression first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from functools import lru_cache

import regex

from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.expressions import (
    Atomic,
    Chain,
    Chars,
    Edge,
    Either,
    Group,
    Look,
    Node,
    Reference,
    Repeat,
    UnreadableExpressionError,
    parse_expression,
)

_COPIES = 4
"""Counted repeats are written out this often; longer ones that vary count as endless."""
_MAX_POSITIONS = 400
_MAX_PAIRS = 20_000
_SAMPLES = "".join(map(chr, range(9, 127))) + "\xa0éßЖ中٣\uff13😀"

Ways = dict[int, int]


@lru_cache(maxsize=256)
def backtracking(pattern: str) -> str | None:
    """Why *pattern* can take exponential time on some text, or None when it cannot.

    Constructs that the lint cannot judge (recursion, fuzzy matching, conditionals) are a reason.
    """
    try:
        expression = parse_expression(pattern)
    except UnreadableExpressionError as error:
        return f"it holds {error}, which cannot be checked"
    automaton = _Automaton(_Alphabet(pattern, caseless=expression.caseless))
    try:
        automaton.add(expression.root)
    except regex.error as error:
        return f"it is not a regular expression: {error}"
    if len(automaton.sources) > _MAX_POSITIONS:
        return f"it is too large to check (over {_MAX_POSITIONS} positions)"
    for component in _components(automaton.follow, len(automaton.sources)):
        reason = _repeated_step(automaton, component) or _two_paths(automaton, component)
        if reason is not None:
            return reason
    return None


class _Alphabet:
    """Which sample characters a class takes, as the bits of a number."""

    def __init__(self, pattern: str, *, caseless: bool) -> None:
        self.samples = "".join(dict.fromkeys(pattern + pattern.swapcase() + _SAMPLES))
        self.flags = regex.IGNORECASE if caseless else regex.V0
        self.known: dict[str, int] = {}

    def bits(self, source: str) -> int:
        if source not in self.known:
            taken = regex.compile(source, self.flags | regex.DOTALL)
            members = (1 << i for i, each in enumerate(self.samples) if taken.fullmatch(each))
            self.known[source] = sum(members)
        return self.known[source]


@frozen
class _Piece:
    """How often a piece matches nothing, and the ways into and out of it."""

    empty: int
    first: Ways
    last: Ways


_NOTHING = _Piece(1, {}, {})


@frozen
class _Automaton:
    alphabet: _Alphabet
    sources: list[str] = field(default_factory=list[str])
    bits: list[int] = field(default_factory=list[int])
    follow: dict[int, Ways] = field(default_factory=lambda: defaultdict[int, Ways](dict))

    def add(self, node: Node) -> _Piece:
        match node:
            case Chars(source):
                return self._position(source, self.alphabet.bits(source))
            case Chain(parts):
                return self._chain(map(self.add, parts))
            case Either(options):
                return _either([self.add(option) for option in options])
            case Repeat():
                return self._repeat(node)
            case _:
                return self._wrapped(node)

    def _wrapped(self, node: Group | Atomic | Look | Edge | Reference) -> _Piece:
        match node:
            case Group(_, body):
                return self.add(body)
            case Atomic(body):
                return self._atomic(body)
            case Look(body):
                self.add(body)
                return _NOTHING
            case Edge() | Reference():
                return _NOTHING

    def _position(self, source: str, bits: int) -> _Piece:
        here = len(self.sources)
        if here > _MAX_POSITIONS:
            return _NOTHING
        self.sources.append(source)
        self.bits.append(bits)
        return _Piece(0, {here: 1}, {here: 1})

    def _chain(self, pieces: Iterable[_Piece]) -> _Piece:
        whole = _NOTHING
        for piece in pieces:
            self._connect(whole.last, piece.first)
            first = _merged(whole.first, piece.first, times=whole.empty)
            last = _merged(piece.last, whole.last, times=piece.empty)
            whole = _Piece(min(2, whole.empty * piece.empty), first, last)
        return whole

    def _connect(self, before: Ways, after: Ways) -> None:
        for start, ways in before.items():
            self.follow[start] = _merged(self.follow[start], after, times=ways)

    def _repeat(self, node: Repeat) -> _Piece:
        if node.possessive:
            return self._atomic(Repeat(node.body, node.low, node.high, possessive=False))
        low, high = min(node.low, _COPIES), node.high
        if high is not None and (node.low == high or high <= _COPIES):
            copies = [self.add(node.body) for _ in range(low)]
            optional = 0 if node.low == high else high - low
            return self._chain([*copies, self._up_to(node.body, optional)])
        copies = [self.add(node.body) for _ in range(max(low, 1))]
        looped = copies[-1]
        self._connect(looped.last, looped.first)
        return self._chain(copies) if low else _Piece(1, looped.first, looped.last)

    def _up_to(self, body: Node, times: int) -> _Piece:
        piece = _NOTHING
        for _ in range(times):
            some = self._chain([self.add(body), piece])
            piece = _Piece(min(2, some.empty + 1), some.first, some.last)
        return piece

    def _atomic(self, body: Node) -> _Piece:
        """One position that takes what the body can: inside, nothing is ever tried again."""
        inner = _Automaton(self.alphabet)
        piece = inner.add(body)
        if not inner.sources:
            return _NOTHING
        taken = _union(inner.bits)
        here = self._position(inner.sources[0], taken)
        return _Piece(piece.empty, here.first, here.last)


def _either(pieces: Sequence[_Piece]) -> _Piece:
    first = {position: ways for piece in pieces for position, ways in piece.first.items()}
    last = {position: ways for piece in pieces for position, ways in piece.last.items()}
    return _Piece(min(2, sum(piece.empty for piece in pieces)), first, last)


def _union(sets: Iterable[int]) -> int:
    total = 0
    for each in sets:
        total |= each
    return total


def _merged(ways: Ways, others: Ways, *, times: int) -> Ways:
    if not times:
        return dict(ways)
    total = dict(ways)
    for position, count in others.items():
        total[position] = min(2, total.get(position, 0) + count * times)
    return total


def _components(follow: Mapping[int, Ways], count: int) -> Iterable[frozenset[int]]:
    """The sets of positions that all lead to each other, each holding a loop."""
    reach = [_union(1 << after for after in follow.get(at, ())) for at in range(count)]
    for middle in range(count):
        for start in range(count):
            if reach[start] >> middle & 1:
                reach[start] |= reach[middle]
    seen = 0
    for start in range(count):
        if reach[start] >> start & 1 and not seen >> start & 1:
            loop = [at for at in range(count) if reach[start] >> at & reach[at] >> start & 1]
            seen |= _union(1 << at for at in loop)
            yield frozenset(loop)


def _repeated_step(automaton: _Automaton, component: frozenset[int]) -> str | None:
    for start in sorted(component):
        for after, ways in automaton.follow[start].items():
            if after in component and ways > 1:
                shown = automaton.sources[after]
                return (
                    f"nested repetition: a run of {shown!r} can be split between two loops,"
                    " one inside the other"
                )
    return None


def _two_paths(automaton: _Automaton, component: frozenset[int]) -> str | None:
    """Two positions that one text reaches from one place, and that meet again."""
    bits, follow = automaton.bits, automaton.follow
    overlapping = {at: {o for o in component if bits[at] & bits[o]} for at in component}
    pending = [(at, at) for at in component]
    before: dict[tuple[int, int], list[tuple[int, int]]] = {pair: [] for pair in pending}
    while pending:
        pair = pending.pop()
        others = follow[pair[1]]
        for one in follow[pair[0]].keys() & component:
            for other in others.keys() & overlapping[one]:
                if (one, other) not in before:
                    before[one, other] = []
                    pending.append((one, other))
                before[one, other].append(pair)
        if len(before) > _MAX_PAIRS:
            return f"it is too large to check (over {_MAX_PAIRS} pairs of positions)"
    return _meeting(automaton.sources, component, before)


def _meeting(
    sources: Sequence[str],
    component: frozenset[int],
    before: Mapping[tuple[int, int], Sequence[tuple[int, int]]],
) -> str | None:
    for at in sorted(component):
        for one, other in before[at, at]:
            if one != other:
                return (
                    f"overlapping choices in a loop: {sources[one]!r} and {sources[other]!r}"
                    " can take the same text"
                )
    return None
