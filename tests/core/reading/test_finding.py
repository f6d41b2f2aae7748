"""A payload is found wherever it stands, and what is not one never competes with it."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.finding.candidates import Candidate, Mark
from deterministic_llm._core.reading.finding.fences import Block, blocks
from deterministic_llm._core.reading.finding.found import extraction, find
from deterministic_llm._core.reading.finding.marks import choose
from deterministic_llm._core.reading.finding.phrases import scalar_phrases
from deterministic_llm._core.reading.finding.spans import next_start, walk
from deterministic_llm._core.reading.finding.thinking import thinking
from deterministic_llm._core.reading.finding.wrappers import Wrapper, wrappers

ROUNDS = settings()


def chosen(text: str) -> list[tuple[str, str]]:
    """Kind and text of each candidate that is to be judged."""
    found = find(text)
    return [(each.kind, found.text[each.start : each.end]) for each in choose(found.candidates)]


def marks_of(text: str) -> list[Mark | None]:
    return [each.mark for each in find(text).candidates if each.kind != "whole"]


KINDS = {
    "an object in prose is a span": ('Here: {"a": 1}.', [("span", '{"a": 1}')]),
    "an object in a fence is named so": ('```json\n{"a": 1}\n```', [("fence", '{"a": 1}')]),
    "an object in a tag is named so": ('<output>{"a": 1}</output>', [("tag", '{"a": 1}')]),
    "an object in a call is named so": ('save({"a": 1})', [("call", '{"a": 1}')]),
    "an assigned object is in a call": ('let x = {"a": 1};', [("call", '{"a": 1}')]),
    "a tool call is named so": ('<tool_call>{"a": 1}</tool_call>', [("tool", '{"a": 1}')]),
    "an action input is a tool call": ('Action Input: {"a": 1}', [("tool", '{"a": 1}')]),
    "a plain text is whole": ("forty-two", [("whole", "forty-two")]),
    "control tokens are no part of a whole text": (
        "<|im_start|>assistant\nyes</s>",
        [("whole", "yes")],
    ),
    "a word in a fence is the fence's": ("```\nyes\n```", [("fence", "yes")]),
    "a word in a tag is the tag's": ("<answer> yes </answer>", [("tag", "yes")]),
    "objects on lines are a run and spans": (
        '{"a": 1}\n{"ä": 2}',
        [("lines", '{"a": 1}\n{"ä": 2}'), ("span", '{"a": 1}'), ("span", '{"ä": 2}')],
    ),
    "objects with words between are no run": (
        '{"a": 1} as opposed to {"a": 2}',
        [("span", '{"a": 1}'), ("span", '{"a": 2}')],
    ),
    "an object and a list are no run": ('{"a": 1}\n[1]', [("span", '{"a": 1}'), ("span", "[1]")]),
    "members without their brace are one span": (
        '"a": [1, 2], "b": {"c": 3}}',
        [("span", '"a": [1, 2], "b": {"c": 3}}')],
    ),
    "scalars without their brace are one span": (
        '"a": 1, "b": "x"}',
        [("span", '"a": 1, "b": "x"}')],
    ),
    "one closer too many within an object does not end it": (
        '{"a": {"b": 1}}, "c": 2} fine',
        [("span", '{"a": {"b": 1}}, "c": 2}')],
    ),
    "a missing inner closer does not end it": (
        '{"a": [1, 2, "b": 3}',
        [("span", '{"a": [1, 2, "b": 3}')],
    ),
    "inner quotes do not end it": (
        '{"a": "5" pipe {x}", "b": 1} fine',
        [("span", '{"a": "5" pipe {x}", "b": 1}')],
    ),
    "brackets in comments do not end it": (
        '{"a": 1, // not } yet\n "b": 2} fine',
        [("span", '{"a": 1, // not } yet\n "b": 2}')],
    ),
    "smart quotes hold their brackets": (
        "{a: “use } here”, b: 1} ok",
        [("span", "{a: “use } here”, b: 1}")],
    ),
    "full-width braces open and close": ('｛"城"：1｝。', [("span", '｛"城"：1｝')]),
    "an escaped document is found": ('x {\\"a\\": \\"ü\\"} y', [("span", '{\\"a\\": \\"ü\\"}')]),
    "braces of code without keys are none": (
        "if (x) { return 1; }",
        [("whole", "if (x) { return 1; }")],
    ),
    "a citation is no list": ("shown in [4].", [("whole", "shown in [4].")]),
    "a list at the end of a sentence is one": ("They are: [4].", [("span", "[4]")]),
    "empty braces in a sentence are none": ("use {} here", [("whole", "use {} here")]),
    "empty braces alone are an object": ("{}", [("span", "{}")]),
    "an empty list behind a colon is one": ("Found: []", [("span", "[]")]),
    "a fence inside a string does not end it": (
        '```json\n{"a": "\n```\nx\n```\n", "b": 1}\n```',
        [("fence", '{"a": "\n```\nx\n```\n", "b": 1}')],
    ),
    "a think tag inside a string is data": (
        '{"a": "write <think> first"} ok',
        [("span", '{"a": "write <think> first"}')],
    ),
    "a word in a fence of a first attempt is a draft": ("First attempt:\n```\nyes\n```", []),
    "members without both braces are open": ('"a": [1], "b": 2', [("span", '"a": [1], "b": 2')]),
    "a key in the middle of prose makes no members": (
        'The field "a": [1, 3] is odd, {"a": 2}',
        [("span", "[1, 3]"), ("span", '{"a": 2}')],
    ),
    "nothing is to be judged in nothing": ("", []),
}


@pytest.mark.parametrize(("text", "wanted"), KINDS.values(), ids=KINDS)
def test_what_is_to_be_judged(text: str, wanted: list[tuple[str, str]]) -> None:
    assert chosen(text) == wanted


OPEN = {
    "a cut-off object is open from its brace": (
        'Sure: {"a": [1], "b": {"c": 2}, "d',
        '{"a": [1], "b": {"c": 2}, "d',
    ),
    "a cut-off list is open from its bracket": ('[{"a": 1}, {"a": ', '[{"a": 1}, {"a": '),
    "a cut-off object in a fence ends with the fence": (
        '```json\n{"a": {"b": 1},\n```\nDone.',
        '{"a": {"b": 1},\n',
    ),
    "a lone brace is open": ("{", "{"),
    "an afterword is no part of a cut-off object": (
        '{"a": {"b": 1}\n\nHope this helps!',
        '{"a": {"b": 1}',
    ),
}


@pytest.mark.parametrize(("text", "wanted"), OPEN.values(), ids=OPEN)
def test_members_of_a_cut_off_payload_are_no_candidates(text: str, wanted: str) -> None:
    found = find(text)
    (only,) = choose(found.candidates)
    assert (found.text[only.start : only.end], only.open) == (wanted, True)


MARKS: dict[str, tuple[str, list[Mark | None]]] = {
    "first attempt": ('First attempt: {"a": 1}', ["draft"]),
    "rough draft in a heading": ('### Draft\n\n{"a": 1}', ["draft"]),
    "before correction": ('Before correction: {"a": 1}', ["draft"]),
    "taken back": ('{"a": 1}\n\nWait, that\'s wrong.', ["draft"]),
    "taken back in one word": ('{"a": 1} — wrong!', ["draft"]),
    "for example": ('It could be, for example, {"a": 1}', ["example"]),
    "called an example": ('{"a": 1}\nThis is just an example.', ["example"]),
    "the format is": ('The format is:\n```json\n{"a": 1}\n```', ["example"]),
    "would look like": ('The output would look like this: {"a": 1}', ["example"]),
    "corrected in bold": ('**Corrected:** {"a": 1}', ["corrected"]),
    "actually": ('{"a": 1}\nActually: {"a": 2}', [None, "corrected"]),
    "final answer in a fence": ('Final answer:\n\n```json\n{"a": 1}\n```', ["final"]),
    "final draft": ('Final draft: {"a": 1}', ["final"]),
    "final call": ('final_answer({"a": 1})', ["final"]),
    "the user wrote": ('The user wrote: {"a": 1}', ["quotation"]),
    "you sent": ('You sent: {"a": 1}', ["quotation"]),
    "the essay you sent was": ('The essay you sent was: {"a": 1}', ["quotation"]),
    "Original alone": ('Original: {"a": 1}\nCorrected: {"a": 2}', ["quotation", "corrected"]),
    "a label reaches over one group only": ('Draft: {"a": 1}\nfor you: {"a": 2}', ["draft", None]),
    "a run shares its mark": ('Examples:\n{"a": 1}\n{"a": 2}', ["example", "example", "example"]),
    "the words before a citation": ('Draft [3]: {"a": 1}', [None]),
    "denied": ('I will not return {"a": 1}.', ["draft"]),
    "denied behind it": ('The answer {"a": 1} was rejected.', ["draft"]),
    "under a condition": ('If it were so, I would say {"a": 1}.', ["example"]),
    "a question": ('Should it be {"a": 1}?', ["draft"]),
    "a question in words": ('Is that {"a": 1}`? No.', ["draft"]),
    "put right behind it": ('{"a": 77}\nActually, that should be 78.', ["draft"]),
    "an erratum behind it": ('{"a": 77}\nCorrection: a is 78.', ["draft"]),
    "in a comment": ('<!-- {"a": 1} -->\n{"a": 2}', ["draft", None]),
    "struck out": ('~~{"a": 1}~~ {"a": 2}', ["draft", None]),
    "an example tag": ('<example>{"a": 1}</example>', ["example"]),
    "a draft tag": ('<draft>{"a": 1}</draft>\n{"a": 2}', ["draft", None]),
    "an input tag before an output tag": (
        '<input>{"a": 1}</input><output>{"a": 2}</output>',
        ["quotation", None],
    ),
    "an example tag within an answer tag": (
        '<answer><example>{"a": 1}</example>{"a": 2}</answer>',
        ["example", "final"],
    ),
    "an input tag": ('<input>{"a": 1}</input>', ["quotation"]),
    "a speaker who is the user": ('User: {"a": 1}', ["quotation"]),
    "before and after": ('Before:\n{"a": 1}\nAfter:\n{"a": 2}', ["draft", None]),
    "the right answer": ('Wrong answer: {"a": 1}\nRight answer: {"a": 2}', ["draft", "corrected"]),
    "nothing denied": ('If anything is not clear, ask. Result: {"a": 1}', [None]),
    "a token of the model": ('<s>{"a": 1}</s>', [None]),
    "a remark that it could have been more": ('{"a": 1}\nIt should be read with care.', [None]),
    "the grade for the essay you sent": (
        'Here is the grade for the essay you sent: {"a": 1}',
        [None],
    ),
    "in the requested format": ('Here it is, in the requested format: {"a": 1}', [None]),
    "the JSON structure": ('Here is the JSON structure: {"a": 1}', [None]),
    "example 3": ('The grade of example 3 is {"a": 1}', [None]),
    "a review of the draft": ('Here is my review of the draft: {"a": 1}', [None]),
    "a corrected text": ('I corrected the essay as you asked, so: {"a": 1}', [None]),
    "last updated": ('The page was last updated in 2020: {"a": 1}', [None]),
    "that is right": ('{"a": 1}\nWait, I checked: that is right.', [None]),
    "it is wrong to say": ('{"a": 1}\nIt is wrong to say more.', [None]),
    "a mistake of the author": ('{"a": 1}\nIt was a mistake by the author to stop there.', [None]),
    "the document contains": ('The document contains the following: {"a": 1}', [None]),
    "a message that holds a draft word": ('The draft board met. Result for them: {"a": 1}', [None]),
}


@pytest.mark.parametrize(("text", "wanted"), MARKS.values(), ids=MARKS)
def test_words_mark_a_candidate(text: str, wanted: list[Mark | None]) -> None:
    assert marks_of(text) == wanted


def at(place: int, mark: Mark | None = None) -> Candidate:
    return Candidate(place, place + 1, "span", mark)


A, B, C = at(0), at(2), at(4)
CHOICES = {
    "unmarked candidates are all judged": ((A, B), (A, B)),
    "drafts step back": ((at(0, "draft"), B), (B,)),
    "a draft alone is not judged": ((at(0, "draft"),), ()),
    "an example alone is not judged": ((at(0, "example"),), ()),
    "a quotation alone is not judged": ((at(0, "quotation"),), ()),
    "metadata step back": ((A, at(2, "metadata")), (A,)),
    "metadata alone are judged": ((at(0, "metadata"),), (at(0, "metadata"),)),
    "an echoed schema alone is judged": ((at(0, "schema_echo"),), (at(0, "schema_echo"),)),
    "a final one replaces what stands before": ((A, at(2, "final")), (at(2, "final"),)),
    "what follows a final one competes": ((at(0, "final"), B), (at(0, "final"), B)),
    "two final ones compete": ((at(0, "final"), at(2, "final")), (at(0, "final"), at(2, "final"))),
    "a correction replaces a final one": (
        (at(0, "final"), at(2, "corrected")),
        (at(2, "corrected"),),
    ),
    "a final one replaces a correction": ((at(0, "corrected"), at(2, "final")), (at(2, "final"),)),
    "the whole text steps back": ((Candidate(0, 9, "whole"), B), (B,)),
    "the whole text alone is judged": ((Candidate(0, 9, "whole"),), (Candidate(0, 9, "whole"),)),
}


@pytest.mark.parametrize(("candidates", "wanted"), CHOICES.values(), ids=CHOICES)
def test_a_choice_never_depends_on_position_alone(
    candidates: tuple[Candidate, ...], wanted: tuple[Candidate, ...]
) -> None:
    assert choose(candidates) == wanted


def test_positions_are_those_of_the_completion() -> None:
    text = '\ufeff\x1b[1mHéllo\x1b[0m 👋\u2028<think>{"a": 0}</think>\u00a0{"a":\u00a0"x\u00a0y"}'
    found = find(text)
    (only,) = choose(found.candidates)
    assert len(found.text) == len(text)
    assert found.text[only.start : only.end] == '{"a": "x\u00a0y"}'
    assert text[only.start : only.end] == '{"a":\u00a0"x\u00a0y"}'


def test_thinking_is_recorded_and_left_out_of_the_prose() -> None:
    found = find("<think>one</think>\nyes<|im_end|>")
    assert found.repairs == (Repair("thinking block", "$", None, None, "none", 1, (0,)),)
    assert (found.prose, found.unfinished_thinking) == ("\nyes", False)


def test_a_think_tag_behind_a_string_that_never_ends_is_a_tag() -> None:
    assert thinking('odd {"a <think>x</think> yes').blocks == ((8, 24),)


def test_unfinished_thinking_leaves_no_candidate() -> None:
    found = find('{"a": 1}\n<think>or {"a": 2}')
    assert (found.candidates, found.unfinished_thinking) == ((), True)


def test_quoted_lines_are_blanked_within_the_payload() -> None:
    found = find('> {"a":\n> 1}')
    (only,) = choose(found.candidates)
    assert json.loads(found.text[only.start : only.end]) == {"a": 1}
    assert [repair.rule for repair in found.repairs] == ["quoted lines"]


def test_what_stands_around_the_payload_is_recorded() -> None:
    found = find('Sure:\n```json\n{"a": 1}\n```')
    (only,) = choose(found.candidates)
    assert extraction(found, only) == (
        Repair("code fence", "$", "Sure:\n```json", "", "none", 1, (0,)),
    )
    bare = find('{"a": 1}')
    assert extraction(bare, choose(bare.candidates)[0]) == ()


def test_the_members_of_a_run_are_its_candidates() -> None:
    found = find('Here:\n1. {"a": 1}\n2. {"a": 2}')
    runs = {each.kind for each in found.candidates} & {"lines"}
    texts = [
        found.text[each.start : each.end]
        for each in found.candidates
        if each.kind not in {"lines", "whole"}
    ]
    assert runs
    assert texts == ['{"a": 1}', '{"a": 2}']


def test_fences_nest_by_their_labels() -> None:
    assert blocks("```md\n```json\n1\n```\n```") == (
        Block(0, 5, 20, 23, "md", closed=True),
        Block(6, 13, 16, 19, "json", closed=True),
    )


def test_more_fences_tags_or_groups_than_anybody_needs_are_not_all_looked_at() -> None:
    assert len(blocks("```a\n" * 3_000)) == 1_001
    assert len(wrappers("<answer></answer>" * 3_000)) == 1_001
    assert thinking("<think>" * 6_000).unfinished
    many = find('Draft: {"a": 1} or ' * 300)
    assert {each.mark for each in many.candidates} == {None}
    assert find("{\u00a0}" * 30).repairs[0].count == 30


def test_an_answer_tag_that_never_closes_reaches_to_the_end() -> None:
    assert wrappers("<answer>4") == (Wrapper(0, 8, 9, 9, "answer", "tag", closed=False),)


VALUES = {
    "a sentence": ("The answer is 42.", [("42", None)]),
    "a label": ("Answer: 42", [("42", None)]),
    "a bold label": ("**Final answer:** yes", [("yes", "final")]),
    "a bold line": ("**Answer: yes**", [("yes", None)]),
    "a bold value": ("Answer: **yes**.", [("yes", None)]),
    "an equals sign": ("Score = 9", [("9", None)]),
    "a reason behind it": ("The answer is 42 because 6 * 7 is.", [("42", None)]),
    "a second sentence behind it": ("Rating: 4/5. Nice.", [("4/5", None)]),
    "money": ("The total is $1,234.50.", [("$1,234.50", None)]),
    "a box": ("so \\boxed{42}", [("42", None)]),
    "four hashes": ("#### 42", [("42", None)]),
    "a heading": ("### Final Answer\n42", [("42", "final")]),
    "the next line": ("Answer:\n42", [("42", None)]),
    "quotes around everything": ('"yes"', [("yes", None)]),
    "German": ("Die Antwort ist 42.", [("42", None)]),
    "Chinese": ("答案：42", [("42", None)]),
    "Japanese": ("答えは42です", [("42", None)]),
    "a draft": ("First answer: 41\nFinal answer: 42", [("42", "final")]),
    "a first guess": ("My first guess is 41. The answer is 42.", [("42", None)]),
    "taken back": ("Answer: 41\nWait, that's wrong.\nAnswer: 42", [("41", "draft"), ("42", None)]),
    "an example": ("Example answer: 5", [("5", "example")]),
    "another quantity is no answer": ("Confidence: 0.9", []),
    "a denial": ("The answer is not 42.", []),
    "a condition": ("If the answer is 42, stop.", []),
    "a doubt": ("I don't think the answer is 42.", []),
    "a question": ("The answer is 42?", []),
    "what follows below": ("The answer is as follows:", []),
    "a number in prose": ("Give me 3 days to review this.", []),
    "an event": ("The result was announced in 2020.", []),
}


@pytest.mark.parametrize(("text", "wanted"), VALUES.values(), ids=VALUES)
def test_a_frame_names_its_value(text: str, wanted: list[tuple[str, Mark | None]]) -> None:
    assert [(text[each.start : each.end], each.mark) for each in scalar_phrases(text)] == wanted


SIZE = 1_000_000
HOSTILE = {
    "square brackets": "[" * SIZE,
    "braces": "{" * SIZE,
    "empty objects": "{}" * (SIZE // 2),
    "quotes": '"' * SIZE,
    "backslashes": "\\" * SIZE,
    "backslashes in a string": '{"' + "\\" * SIZE,
    "backticks": "`" * SIZE,
    "backticks in an object": '{"a": ' + "`" * SIZE,
    "angles": "<" * SIZE,
    "fences": "```\n" * (SIZE // 4),
    "closers that quotes hide": '{"a": "' + "x}" * (SIZE // 2) + '" tail',
    "open objects": '{"a":' * (SIZE // 5),
    "think tags": "<think>" * (SIZE // 7),
    "closing think tags": "</think>" * (SIZE // 8),
    "think tags in strings": '{"a": "<think></think>' * (SIZE // 22),
    "fences that hold open strings": '```json\n{"a": "\n```\n' * (SIZE // 19),
    "open lists in prose": "a [1, " * (SIZE // 6),
    "line breaks": "\n" * SIZE,
    "no-break spaces": "\u00a0" * SIZE,
    "labels": "Answer: " * (SIZE // 8),
    "full-width braces": "｛" * SIZE,
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_megabyte_of_anything_is_searched_in_linear_time(text: str) -> None:
    begun = time.process_time()
    find(text)
    scalar_phrases(text)
    assert time.process_time() - begun < 5  # seconds; anything quadratic takes minutes


WORDS = st.text(st.sampled_from("abz äß東 .,!?'…\n"), max_size=30)
LEAVES: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(), st.booleans(), st.integers(-99, 99), st.text(max_size=12)
)
OBJECTS = st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)
FRAMES = st.sampled_from(
    [
        "{}",
        "```json\n{}\n```",
        "```\n{}\n```",
        "~~~\n{}\n~~~",
        "<answer>{}</answer>",
        "<output>\n{}\n</output>",
        "<think>maybe [1] or {{'a': 2}}</think>\n{}",
        'thinking aloud, {{"a": 2}}\n</think>\n{}',
        "callback({});",
        "const x = {};",
        "see [4] and {{placeholder}} in [0, 5): {}",
        "\ufeff{}",
    ]
)


@pytest.mark.untraced
@ROUNDS
@given(OBJECTS, FRAMES, WORDS, WORDS, st.booleans())
def test_an_object_is_found_whatever_stands_around_it(
    value: dict[str, JsonValue], frame: str, before: str, after: str, escape: object
) -> None:
    written = json.dumps(value, ensure_ascii=bool(escape))
    text = f"{before}\n{frame.replace('{}', chr(0)).format().replace(chr(0), written)}\n{after}"
    found = find(text)
    texts = [found.text[each.start : each.end] for each in choose(found.candidates)]
    assert [json.loads(each) for each in texts if each[0] == "{"] == [value]


SHARDS = [
    "```",
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "[THINK]",
    '{"a": 1}',
    "[1, 2]",
    "Final answer:",
    "Answer: 4\n",
    "a: 1\n",
    "| x | y |\n",
    "<a>",
    "</a>",
    "\u2028",
    "\x1b[0m",
]
NOISE = st.lists(
    st.sampled_from([*"{}[]\"'`<>\\/:,=|#*-~ \n0aé城“”「｛｝：", *SHARDS]),
    max_size=40,
).map("".join)


@ROUNDS
@given(st.one_of(NOISE, st.text(max_size=80)))
def test_any_text_is_searched_without_an_error(text: str) -> None:
    found = find(text)
    assert len(found.text) == len(text)
    assert all(0 <= each.start < each.end <= len(text) for each in found.candidates)
    assert set(choose(found.candidates)) <= set(found.candidates)
    assert all(0 <= each.start <= each.end <= len(text) for each in scalar_phrases(text))


@ROUNDS
@given(NOISE)
def test_what_is_left_of_thinking_never_overlaps_it(text: str) -> None:
    thought = thinking(text)
    edges = [edge for stretch in thought.visible(len(text)) for edge in stretch]
    assert edges == sorted(edges)
    assert sum(end - start for start, end in thought.visible(len(text))) + sum(
        end - start for start, end in thought.blocks
    ) == len(text)


@ROUNDS
@given(NOISE)
def test_a_walk_ends_at_a_closer_or_at_the_limit(text: str) -> None:
    start = next_start(text, 0, len(text))
    if start >= 0:
        ended = walk(text, start, len(text), quotes="fitting")
        assert text[ended.end - 1] in "}]｝］" if ended.stop == "closed" else ended.end == len(text)
