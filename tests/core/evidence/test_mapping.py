"""Which tokens wrote which value: exact, however a text was cut into tokens."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from math import exp, fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm._core.evidence.estimates import of_value
from deterministic_llm._core.evidence.spans import Location, leaves
from deterministic_llm._core.evidence.transcript import Transcript, transcript_of
from deterministic_llm._core.exchange import JsonValue, Token
from deterministic_llm._core.shapes.tokens import text_of

SEEDED = 1_000
SCALARS: tuple[JsonValue, ...] = (
    0,
    7,
    10,
    -3,
    2.5,
    1e-7,
    True,
    False,
    None,
    "",
    "a",
    "Zoë 🎉",
    'say "hi", {x}',
    "tab\there",
    "null",
    "[1,2]",
    "back\\slash",
    "日本語",
    " blank ",
    "line\nbreak",
)
NAMES = ("a", "score", 'quo"te', "naïve", "", "x y", "🎉", "back\\")
BLANKS = ("", "", "", " ", "\n  ", "\t", "\r\n")


@dataclass
class Writer:
    """Writes JSON its own way, and notes where each value without members came to stand."""

    random: random.Random
    text: str = ""
    places: dict[Location, tuple[int, int]] = field(default_factory=dict)

    def _blank(self) -> None:
        self.text += self.random.choice(BLANKS)

    def _name(self, value: str) -> None:
        self.text += json.dumps(value, ensure_ascii=self.random.random() < 0.5)

    def value(self, depth: int, location: Location) -> None:
        """One value, which holds others *depth* levels deep at most."""
        self._blank()
        begun = len(self.text.encode())
        kind = self.random.random() if depth else 1.0
        size = self.random.randrange(4) if depth else 0
        if kind < 0.4:
            self._members(depth, location, self.random.sample(NAMES, size))
        elif kind < 0.7:
            self._items(depth, location, size)
        else:
            size = 0
            said = self.random.choice(SCALARS)
            self.text += json.dumps(said, ensure_ascii=self.random.random() < 0.5)
        if not size:
            self.places[location] = (begun, len(self.text.encode()))

    def _members(self, depth: int, location: Location, names: list[str]) -> None:
        self.text += "{"
        self._blank()
        for at, name in enumerate(names):
            self.text += "," if at else ""
            self._blank()
            self._name(name)
            self._blank()
            self.text += ":"
            self.value(depth - 1, (*location, name))
            self._blank()
        self.text += "}"

    def _items(self, depth: int, location: Location, size: int) -> None:
        self.text += "["
        self._blank()
        for at in range(size):
            self.text += "," if at else ""
            self.value(depth - 1, (*location, at))
            self._blank()
        self.text += "]"


def cut(data: bytes, chance: random.Random, *, longest: int) -> list[Token]:
    """*data* in random tokens, some of which end in the midst of a character."""
    tokens: list[Token] = []
    while data:
        size = chance.randint(1, longest)
        tokens.append(Token(text_of(data[:size]), -chance.random()))
        data = data[size:]
    return tokens


def owners(tokens: list[Token]) -> list[int]:
    """Of each byte, the token that wrote it."""
    sizes = [len(each.text.encode("utf-8", "surrogateescape")) for each in tokens]
    return [place for place, size in enumerate(sizes) for _ in range(size)]


@pytest.mark.parametrize("first", range(0, SEEDED, 100))
def test_each_value_of_a_thousand_texts_has_the_very_tokens_that_wrote_it(first: int):
    """The oracle asks every byte who wrote it; prose and a fence stand around every other text."""
    for seed in range(first, first + 100):
        chance = random.Random(seed)  # noqa: S311  # a table, no secret
        writer = Writer(chance)
        writer.value(chance.randrange(4), ())
        before = chance.choice(("", "", "Sure, here it is: 🎉\n```json\n"))
        text = before + writer.text + ("\n```" if before else "")
        tokens = cut(text.encode(), chance, longest=chance.choice((1, 3, 9)))
        written_by, shift = owners(tokens), len(before.encode())
        transcript = transcript_of(text, tokens)
        assert transcript is not None
        found = leaves(transcript.data, shift)
        assert {each.location: (each.start - shift, each.end - shift) for each in found} == (
            writer.places
        )
        for leaf in found:
            wanted = sorted(set(written_by[leaf.start : leaf.end]))
            assert list(transcript.over(leaf.start, leaf.end)) == wanted
            known = [tokens[place].logprob for place in wanted]
            figures = of_value(transcript, "", (leaf.start, leaf.end), None)
            assert figures.log_probability == pytest.approx(fsum(known), abs=1e-12)
            assert (figures.tokens, figures.weakest) == (len(known), min(known))


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.untraced
@given(TREES, st.randoms(use_true_random=False))
def test_each_value_is_read_again_from_the_place_that_it_has(
    tree: JsonValue, chance: random.Random
):
    data = json.dumps(
        tree, ensure_ascii=chance.random() < 0.5, indent=chance.choice((None, 1))
    ).encode()
    for leaf in leaves(data):
        value = tree
        for step in leaf.location:
            value = value[step]  # type: ignore[index, call-overload]
        assert json.loads(data[leaf.start : leaf.end]) == value


@pytest.mark.parametrize("text", ['{"a" 1}', "{'a': 1}", '{"a": 1', "[1 2]", "[1}", "", "nul"])
def test_what_is_no_json_is_refused(text: str):
    with pytest.raises(ValueError, match="no JSON at byte"):
        leaves(text.encode())


def transcript(*pieces: str) -> Transcript | None:
    return transcript_of("[8, 8]", [Token(each, -0.5) for each in pieces])


def test_tokens_that_do_not_say_the_text_are_laid_under_nothing():
    assert transcript("[8", ",8]") is None
    assert transcript() is None
    assert transcript("[8, 8]", "[8, 8]") is None, "said twice: nobody knows which it is"


def test_tokens_may_say_more_than_the_text():
    found = transcript("<think>", "no", "[", "8,", "", " 8", "]", "<|end|>")
    assert found is not None
    assert [found.tokens[at].text for at in found.over(4, 5)] == [" 8"]


def test_the_probability_of_a_value_is_that_of_all_its_tokens():
    laid = transcript_of(
        '{"a":"xy"}', [Token('{"a":"', -0.1), Token("x", -0.2), Token('y"}', -0.4)]
    )
    assert laid is not None
    found = of_value(laid, "xy", (5, 9), None)
    assert found.probability == pytest.approx(exp(-0.7))
    assert found.typical == pytest.approx(exp(-0.7 / 3))
    assert (found.source, found.tokens, found.weakest) == ("logprobs", 3, -0.4)
