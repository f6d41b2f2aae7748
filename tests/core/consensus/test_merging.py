"""Votes merged field by field: what most say, whatever the order that they come in."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm import JsonValue
from deterministic_llm._core.canonical import canonical_json
from deterministic_llm._core.consensus.likeness import likeness, medoid, paired
from deterministic_llm._core.consensus.merging import Ballots, generic, merge, supported

MERGES = [
    pytest.param([1, 1, 2], 1, {"$": 2 / 3}, id="scalar: most votes"),
    pytest.param([8, 8.0, 7], 8, {"$": 2 / 3}, id="scalar: a number is a number"),
    pytest.param([True, 1, True], True, {"$": 2 / 3}, id="scalar: true is no number"),
    pytest.param([None, None, 3], None, {"$": 2 / 3}, id="scalar: null is an answer"),
    pytest.param([1, 2, 5], 2, {"$": 1 / 3}, id="tie of numbers: the one most like all"),
    pytest.param([3, 7], 3, {"$": 1 / 2}, id="tie: the first by its text"),
    pytest.param(["no", "yes"], "no", {"$": 1 / 2}, id="tie of words: the first by its text"),
    pytest.param(["cat", "bat", "dog"], "bat", {"$": 1 / 3}, id="tie of words: the likest"),
    pytest.param(
        [{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 4, "b": 3}],
        {"a": 1, "b": 3},
        {"$.a": 2 / 3, "$.b": 2 / 3},
        id="object: each member by itself",
    ),
    pytest.param(
        [{"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": 2, "c": 3}],
        {"a": 1, "b": 2},
        {"$.a": 1.0, "$.b": 2 / 3},
        id="object: members that more than half have",
    ),
    pytest.param([{"a": 1}, {}], {}, {}, id="object: half is not more than half"),
    pytest.param(
        [[1, 2], [1, 2], [2, 1]],
        [1, 2],
        {"$[0]": 1.0, "$[1]": 1.0},
        id="list: aligned by what is equal",
    ),
    pytest.param(
        [["x", "y"], ["x", "y", "z"], ["y", "x", "z"]],
        ["x", "y", "z"],
        {"$[0]": 1.0, "$[1]": 1.0, "$[2]": 2 / 3},
        id="list: items that more than half have, in another order too",
    ),
    pytest.param([[], [], [1]], [], {}, id="list: an empty one"),
    pytest.param(
        [[{"n": "Ada", "y": 1815}], [{"n": "Ada", "y": 1816}], [{"n": "Ada", "y": 1815}]],
        [{"n": "Ada", "y": 1815}],
        {"$[0]": 1.0, "$[0].n": 1.0, "$[0].y": 2 / 3},
        id="list: items that are alike are merged",
    ),
    pytest.param(
        [{"a": {"b": 1}}, {"a": None}, {"a": {"b": 2}}, {"a": {"b": 2}}],
        {"a": {"b": 2}},
        {"$.a.b": 1 / 2},
        id="kinds: an object where most have one",
    ),
    pytest.param([[1], "a", {"b": 1}], "a", {"$": 1 / 3}, id="kinds: as many of each"),
]


@pytest.mark.parametrize(("votes", "value", "shares"), MERGES)
def test_votes_are_merged(votes: list[JsonValue], value: JsonValue, shares: dict[str, float]):
    merged = merge(votes, Ballots())
    assert merged.value == value
    assert type(merged.value) is type(value)
    assert {path: shares.get(path) for path in merged.shares} == pytest.approx(merged.shares)
    assert shares.keys() <= merged.shares.keys()


def test_the_lower_median_is_one_of_the_numbers():
    ballots = Ballots(median=True)
    assert merge([1, 9, 9, 2], ballots).value == 2
    assert merge([{"s": 7.5}, {"s": 9}, {"s": 8}], ballots).value == {"s": 8}
    assert merge([3, 3, None], ballots).value == 3
    assert merge([True, False, True], ballots).value is True


def test_free_text_is_the_likest_and_decides_nothing():
    votes: list[JsonValue] = [
        {"why": "It is clear and well argued.", "score": 8},
        {"why": "Clear and well argued!", "score": 8},
        {"why": "Bananas.", "score": 3},
    ]
    merged = merge(votes, Ballots(is_text=lambda location: location == ("why",)))
    assert merged.value == {"why": "It is clear and well argued.", "score": 8}
    assert merged.share == pytest.approx(2 / 3)
    assert [tally.decisive for tally in merged.tallies if tally.path == "$.why"] == [False]


def test_text_alone_has_the_share_of_those_who_say_the_same():
    """Case and blanks aside."""
    merged = merge(["Yes, it is.", "yes,  it is.", "No."], Ballots(is_text=lambda _: True))
    assert (merged.value, merged.share) == ("Yes, it is.", pytest.approx(2 / 3))


def test_a_key_tells_items_apart_that_look_alike():
    votes: list[JsonValue] = [
        {"lines": [{"id": 1, "sum": 10}, {"id": 2, "sum": 10}]},
        {"lines": [{"id": 2, "sum": 99}, {"id": 1, "sum": 10}]},
        {"lines": [{"id": 1, "sum": 10}, {"id": 2, "sum": 10}, {"id": 3, "sum": 1}]},
    ]
    merged = merge(votes, Ballots(keys={"$.lines": "id"}))
    assert merged.value == {"lines": [{"id": 1, "sum": 10}, {"id": 2, "sum": 10}]}
    assert merged.shares["$.lines[1].sum"] == pytest.approx(2 / 3)
    assert merged.share == pytest.approx(2 / 3)


def test_a_key_that_is_missing_or_twice_loses_nothing():
    votes: list[JsonValue] = [[{"id": 1}, {"id": 1}, {"no": 1}]] * 3
    assert merge(votes, Ballots(keys={"$": "id"})).value == votes[0]


def test_an_item_that_few_have_is_a_question_of_its_list():
    merged = merge([["x"], ["x"], ["x", "y"]], Ballots())
    assert [(tally.path, tally.counts) for tally in merged.tallies] == [
        ("$[0]", (3, 0)),
        ("$[0]", (3,)),
        ("$", (2, 1)),
    ]
    assert merged.share == pytest.approx(2 / 3)


def test_a_path_is_told_for_any_items():
    assert generic(()) == "$"
    assert generic(("orders", 3, "lines", 0, "a b")) == '$.orders[*].lines[*]["a b"]'


def test_a_whole_vote_has_the_shares_of_those_that_say_the_same():
    votes: list[JsonValue] = [{"a": 1, "b": [1, 2]}, {"a": 1, "b": [2]}, {"a": 2, "c": 0}]
    told = supported(votes[0], votes, Ballots())
    assert told.shares == pytest.approx({"$.a": 2 / 3, "$.b[0]": 1 / 3, "$.b[1]": 1 / 3})
    assert told.share == pytest.approx(1 / 3)
    assert supported([], [[], [1]], Ballots()).shares == {"$": 0.5}


JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 3)
    | st.floats(0, 2)
    | st.sampled_from(["", "ab", "Ab", "b c"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.untraced
@given(st.lists(JSON, min_size=1, max_size=6), st.randoms(), st.booleans())
def test_the_order_of_votes_has_no_say(votes: list[JsonValue], chance: random.Random, median: bool):  # noqa: FBT001
    shuffled = list(votes)
    chance.shuffle(shuffled)
    first, second = (merge(each, Ballots(median=median)) for each in (votes, shuffled))
    assert canonical_json(first.value) == canonical_json(second.value)
    assert (first.shares, first.tallies) == (second.shares, second.tallies)


@given(JSON, st.integers(1, 5))
def test_votes_that_agree_are_the_value(value: JsonValue, number: int):
    merged = merge([value] * number, Ballots())
    assert canonical_json(merged.value) == canonical_json(value)
    assert set(merged.shares.values()) <= {1.0}
    assert merged.share == 1.0


@pytest.mark.untraced
@given(JSON, st.lists(JSON, max_size=2))
def test_a_value_that_more_than_half_say_is_taken(value: JsonValue, others: list[JsonValue]):
    """Whole, where nothing is aligned: items of lists may be matched with those of others."""
    votes = [value] * (len(others) + 1) + others
    merged = merge(votes, Ballots())
    if "[" not in canonical_json(votes):
        assert canonical_json(merged.value) == canonical_json(value)


@given(JSON, JSON)
def test_likeness_is_from_0_to_1_the_same_both_ways_and_1_for_equals(a: JsonValue, b: JsonValue):
    assert 0 <= likeness(a, b) <= 1
    assert likeness(a, b) == pytest.approx(likeness(b, a))
    assert likeness(a, a) == 1


LIKENESS = [
    ("a", "A ", 1.0),
    ("abcd", "abce", 0.75),
    (8, 10, 0.8),
    (-1, 1, 0.0),
    (0, 0.0, 1.0),
    (True, 1, 0.0),
    (None, 0, 0.0),
    ("1", 1, 0.0),
    ([1, 2], [1, 4], 0.75),
    ([1], [1, 2], 0.5),
    ([], [], 1.0),
    ({"a": 1, "b": 2}, {"a": 1}, 0.5),
    ({}, {}, 1.0),
    ({}, [], 0.0),
    ("word " * 99, "word " * 98 + "other", 98 / 99),
]


@pytest.mark.parametrize(("value", "other", "much"), LIKENESS)
def test_likeness_by_kind(value: JsonValue, other: JsonValue, much: float):
    assert likeness(value, other) == pytest.approx(much)


def test_the_medoid_is_the_likest_wherever_it_stands():
    votes: Sequence[JsonValue] = ["kitten", "mitten", "sitting", "dog"]
    assert votes[medoid(votes)] == "kitten"
    assert votes[medoid([*reversed(votes)]) * -1 - 1] == "kitten"


def test_items_are_paired_equal_ones_first():
    assert paired(["ab", "abc"], ["abc", "zz", "abd"]) == [1, None, 0]
    assert paired([1, 1], [1, 1, 1]) == [0, 1, None]
    assert paired([], [1]) == [None]


def test_long_texts_are_compared_word_by_word():
    """Letter by letter the medoid of nine essays takes a minute."""
    chance = random.Random(1)  # noqa: S311  # words
    words = [f"word{chance.randrange(500)}" for _ in range(900)]
    essays = [" ".join([*words, str(at)]) for at in range(9)]
    assert essays[medoid(essays)] == essays[0]
