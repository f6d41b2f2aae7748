"""Labels: what the tokens at one place say of each value that may stand there."""

from __future__ import annotations

from math import exp, log

import pytest

from deterministic_llm._core.evidence.estimates import averaged, of_value, of_votes
from deterministic_llm._core.evidence.evidence import Evidence, Scalar, distributed
from deterministic_llm._core.evidence.labels import label_problems, legal_values, letters, masses
from deterministic_llm._core.evidence.transcript import transcript_of
from deterministic_llm._core.exchange import JsonObject, Token
from deterministic_llm._core.shapes.tokens import bytes_of

TEN = tuple(range(11))
FIVE = (1, 2, 3, 4, 5)


def token(text: str, p: float = 1.0, **others: float) -> Token:
    named = {name.replace("_", " "): chance for name, chance in others.items()}
    return Token(text, log(p), tuple((name, log(chance)) for name, chance in named.items()))


def among(text: str, p: float, others: dict[str, float]) -> Token:
    return Token(text, log(p), tuple((name, log(chance)) for name, chance in others.items()))


def found(
    tokens: list[Token], before: str, values: tuple[Scalar, ...], *, quoted: bool = False
) -> dict[Scalar, float]:
    """What is found behind *before*, rounded; a value of no probability is left out."""
    text = b"".join(bytes_of(each.text) for each in tokens).decode()
    laid = transcript_of(text, tokens)
    assert laid is not None
    start = len(before.encode())
    all_of_them = masses(laid, start, values, quoted=quoted)
    assert set(all_of_them) == set(values)
    return {value: round(p, 6) for value, p in all_of_them.items() if p}


CASES = {
    "whole numbers are tokens, blanks and all": (
        [
            token('{"s":'),
            among("8", 0.5, {"9": 0.2, " 9": 0.1, " 10": 0.05, "eight": 0.1}),
            token("}"),
        ],
        '{"s":',
        TEN,
        {8: 0.5, 9: 0.3, 10: 0.05},
    ),
    "a number whose token begins before it": (
        [token('{"s":'), among(" 8", 0.5, {"9": 0.2, "\n7": 0.1, ' "6': 0.1}), token("}")],
        '{"s": ',
        TEN,
        {8: 0.5, 9: 0.2, 7: 0.1, 6: 0.1},
    ),
    "a number whose token ends behind it": (
        [token("["), among("8]", 0.5, {"9]": 0.2, "10,": 0.1, "85": 0.1})],
        "[",
        TEN,
        {8: 0.5, 9: 0.2, 10: 0.1},
    ),
    "1 counts where the tokens are known to be whole numbers": (
        [token("["), among("1", 0.6, {"10": 0.1, "3": 0.3}), token("]")],
        "[",
        TEN,
        {1: 0.6, 10: 0.1, 3: 0.3},
    ),
    "1 may be 1 or 10 where the answer went on with another digit": (
        [token("["), among("7", 0.5, {"1": 0.3, "8": 0.2}), token("]")],
        "[",
        TEN,
        {7: 0.5, 8: 0.2},
    ),
    "1 is told from 10 where the answer went on with it": (
        [
            token("["),
            among("1", 0.5, {"8": 0.5}),
            among("0", 0.8, {"]": 0.15, ",": 0.05}),
            token("]"),
        ],
        "[",
        TEN,
        {8: 0.5, 10: 0.4, 1: 0.1},
    ),
    "and where it ended there": (
        [token("["), among("1", 0.5, {"8": 0.5}), among("]", 0.75, {"0": 0.25})],
        "[",
        TEN,
        {8: 0.5, 1: 0.375, 10: 0.125},
    ),
    "what is no label is lost": (
        [
            token("["),
            among("8", 0.4, {"8.": 0.1, "08": 0.1, "": 0.1, " ": 0.1, "8.5": 0.1}),
            token("]"),
        ],
        "[",
        TEN,
        {8: 0.4},
    ),
    "negative numbers and a sign of its own": (
        [token("["), among("-", 0.5, {"3": 0.5}), among("3", 0.8, {"2": 0.2}), token("]")],
        "[",
        (-3, -2, 3),
        {-3: 0.4, -2: 0.1, 3: 0.5},
    ),
    "true, false and null": (
        [
            token("["),
            among("tr", 0.5, {"false": 0.3, "null": 0.1, "True": 0.1}),
            token("ue"),
            token("]"),
        ],
        "[",
        (True, False, None),
        {True: 0.6, False: 0.3, None: 0.1},
    ),
    "numbers that are strings in the answer": (
        [token('["'), among("8", 0.5, {'9"': 0.5}), token('"]')],
        '["',
        TEN,
        {8: 0.5, 9: 0.5},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_may_have_stood_there(name: str):
    tokens, before, values, wanted = CASES[name]
    assert found(tokens, before, values) == wanted


WORDS = {
    "a word in its quotes": (
        [token('["'), among("yes", 0.6, {"no": 0.2, 'no"': 0.1, "not": 0.1}), token('"]')],
        '["',
        ("yes", "no"),
        {"yes": 0.6, "no": 0.3},
    ),
    "a token with the quote in it": (
        [token("["), among('"yes', 0.6, {'"no': 0.2, ' "no"': 0.1, "no": 0.1}), token('"]')],
        '["',
        ("yes", "no"),
        {"yes": 0.6, "no": 0.4},
    ),
    "more words behind one make it no label": (
        [token('["'), among("good", 0.6, {"bad, very": 0.2, "bad": 0.2}), token('"]')],
        '["',
        ("good", "bad"),
        {"good": 0.6, "bad": 0.2},
    ),
    "a word in two tokens, told apart by the first": (
        [token('["'), among("dis", 0.6, {"agree": 0.4}), token("agree"), token('"]')],
        '["',
        ("agree", "disagree"),
        {"disagree": 0.6, "agree": 0.4},
    ),
    "a beginning that the answer did not take is lost": (
        [token('["'), among("agree", 0.6, {"dis": 0.4}), token('"]')],
        '["',
        ("agree", "disagree"),
        {"agree": 0.6},
    ),
    "a label that begins another": (
        [token('["'), token("very"), among(' good"', 0.7, {'"': 0.3}), token("]")],
        '["',
        ("very", "very good"),
        {"very good": 0.7, "very": 0.3},
    ),
    "letters of no alphabet of ours": (
        [token('["'), among("caf", 0.9, {"té": 0.1}), token("é"), token('"]')],
        '["',
        ("caf", "café", "té"),
        {"café": 0.9, "té": 0.1},
    ),
    "another case": (
        [token('["'), among("Yes", 0.6, {"yes": 0.3, "NO": 0.1}), token('"]')],
        '["',
        ("yes", "no"),
        {"yes": 0.9, "no": 0.1},
    ),
    "another case is another label where two differ in nothing else": (
        [token('["'), among("a", 0.6, {"A": 0.3, "b": 0.1}), token('"]')],
        '["',
        ("a", "A", "b"),
        {"a": 0.6, "A": 0.3, "b": 0.1},
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_what_word_may_have_stood_there(name: str):
    tokens, before, values, wanted = WORDS[name]
    assert found(tokens, before, values, quoted=True) == wanted


@pytest.mark.parametrize(
    ("node", "values"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 3}, [0, 1, 2, 3]),
        ({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 3}, [1, 2]),
        ({"type": "integer", "minimum": 0, "maximum": 6, "multipleOf": 3}, [0, 3, 6]),
        ({"type": "integer", "minimum": 0, "maximum": 1000}, None),
        ({"type": "integer", "minimum": 0}, None),
        ({"type": "integer", "minimum": 3, "maximum": 3}, None),
        ({"type": "integer", "minimum": 0.5, "maximum": 3}, [1, 2, 3]),
        ({"type": "integer", "exclusiveMinimum": 0.5, "exclusiveMaximum": 2.5}, [1, 2]),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": 2, "maximum": 4}, [3, 4]),
        ({"type": "boolean"}, [False, True]),
        ({"enum": ["a", "b", None]}, ["a", "b", None]),
        ({"enum": ["a", ["b"]]}, None),
        ({"enum": [1, True]}, None),
        ({"enum": ["1", 1]}, None),
        ({"enum": ["", "a"]}, None),
        ({"const": "a"}, None),
        ({"type": "number", "minimum": 0, "maximum": 3}, None),
        ({"type": "string"}, None),
    ],
    ids=str,
)
def test_which_values_may_stand_there(node: JsonObject, values: list[Scalar] | None):
    assert legal_values(node) == values


def test_a_score_is_the_sum_of_each_times_its_probability():
    shares = distributed(4, {3: 0.2, 4: 0.6, 5: 0.1}, "logprobs")
    assert shares.mass == pytest.approx(0.9)
    assert not shares.flagged
    assert shares.mean == pytest.approx((3 * 0.2 + 4 * 0.6 + 5 * 0.1) / 0.9)
    assert shares.probability == pytest.approx(2 / 3)
    assert shares.mode == 4
    assert shares.sd == pytest.approx(0.5665577)
    assert shares.entropy == pytest.approx(1.2243944)


def test_a_mass_below_nine_tenths_is_flagged_and_below_a_half_is_no_distribution():
    assert distributed(4, {3: 0.2, 4: 0.6}, "logprobs").flagged
    lost = distributed(4, {3: 0.2, 4: 0.2}, "logprobs")
    reason = "the legal values have 40% of the probability"
    assert lost == Evidence(4, mass=pytest.approx(0.4), reason=reason)  # type: ignore[arg-type]
    assert (lost.mean, lost.sd, lost.entropy, lost.mode, lost.probability) == (None,) * 5


def test_words_have_no_mean():
    shares = distributed("yes", {"yes": 0.75, "no": 0.25}, "logprobs")
    assert (shares.mean, shares.sd) == (None, None)
    assert shares.entropy == pytest.approx(0.8112781)


def test_truth_is_no_number():
    shares = distributed(value=True, masses={True: 0.75, False: 0.25}, source="logprobs")
    assert shares.mean is None


def test_labels_stand_for_values():
    shares = distributed("B", {"A": 0.25, "B": 0.5, "C": 0.25}, "logprobs")
    mapped = shares.mapped({"A": 0, "B": 1, "C": 1})
    assert (mapped.value, mapped.probability, mapped.mean) == (1, 0.75, 0.75)
    with pytest.raises(KeyError):
        shares.mapped({"A": 0})


def test_a_value_that_is_no_label_is_judged_by_its_tokens():
    laid = transcript_of("[12]", [token("["), token("12", 0.5), token("]")])
    assert laid is not None
    assert of_value(laid, 12, (1, 3), TEN).probability == pytest.approx(0.5)
    assert of_value(laid, 12, (1, 3), (11, 12)).distribution == {11: 0.0, 12: 1.0}


def test_answers_that_each_had_their_own_reasons_count_alike():
    one = distributed(4, {3: 0.0, 4: 0.9}, "logprobs")
    other = distributed(4, {3: 0.6, 4: 0.4}, "logprobs")
    both = averaged(4, [one, other])
    assert both.distribution == {3: pytest.approx(0.3 / 0.95), 4: pytest.approx(0.65 / 0.95)}
    assert both.mass == pytest.approx(0.95)


def test_votes_leave_room_for_what_nobody_said():
    shares = of_votes(4, [4, 4, 4, 5], FIVE)
    assert shares.source == "votes"
    assert shares.distribution == {
        1: pytest.approx(0.5 / 6.5),
        2: pytest.approx(0.5 / 6.5),
        3: pytest.approx(0.5 / 6.5),
        4: pytest.approx(3.5 / 6.5),
        5: pytest.approx(1.5 / 6.5),
    }
    assert of_votes("Oslo", ["Oslo", "Rome"], None).probability == 0.5


def test_problems_of_labels_are_told():
    assert label_problems(["A", "B"], list) == []
    assert label_problems(["1", "10", "1", ""], list) == [
        "an empty label has no token",
        "'1' stands twice",
        "'1' is the beginning of '10'",
        "'10' is 2 tokens",
    ]
    assert label_problems(list(letters(TEN)), list) == []


def test_letters_stand_for_values_in_their_order():
    assert letters(TEN)["K"] == 10
    with pytest.raises(ValueError, match="at most 26"):
        letters(range(27))


def test_a_token_keeps_its_bytes():
    assert exp(token("x").logprob) == 1
    assert bytes_of("\udcf0\udc9f") == b"\xf0\x9f"
