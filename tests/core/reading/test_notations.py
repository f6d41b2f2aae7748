"""Other notations than JSON give the record they spell, and prose gives none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.notations.notation import read_notation

ROUNDS = settings()
GRADE: JsonObject = {
    "type": "object",
    "properties": {"score": {"type": "integer"}, "feedback": {"type": "string"}},
    "required": ["score", "feedback"],
}
TREE: JsonObject = {
    "$ref": "#/$defs/Tree",
    "$defs": {
        "Tree": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "owner": {"anyOf": [{"$ref": "#/$defs/Owner"}, {"type": "null"}]},
            },
            "required": ["name"],
        },
        "Owner": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
        },
    },
}
GRADES: JsonObject = {"type": "array", "items": GRADE}
WORDS: JsonObject = {"type": "array", "items": {"type": "string"}}
EIGHT: JsonObject = {"score": "8", "feedback": "good"}

READ: dict[str, tuple[JsonObject, str, str, JsonValue]] = {
    "lines": (GRADE, "score: 8\nfeedback: good", "key-value lines", EIGHT),
    "arrows": (GRADE, "Score → 8\nFeedback → good", "key-value lines", EIGHT),
    "dashes": (GRADE, "Score – 8\nFeedback – good", "key-value lines", EIGHT),
    "lines in an answer tag": (
        GRADE,
        "x: 1\n<answer>\nscore: 8\nfeedback: good\n</answer>",
        "key-value lines",
        EIGHT,
    ),
    "an equal value twice": (
        GRADE,
        "score: 8\nfeedback: good\n\nscore: 8\nfeedback: good",
        "key-value lines",
        EIGHT,
    ),
    "a further key of the same look is kept": (
        GRADE,
        "Score: 8\nFeedback: good\nMayor: Ann",
        "key-value lines",
        {**EIGHT, "Mayor": "Ann"},
    ),
    "a line of another look is prose": (
        GRADE,
        "- Score: 8\n- Feedback: good\n\nNote: that is all",
        "key-value lines",
        EIGHT,
    ),
    "an empty value is null": (
        TREE,
        "name: oak\nowner:",
        "key-value lines",
        {"name": "oak", "owner": None},
    ),
    "a reference is followed": (
        TREE,
        "name: oak\nowner:\n  name: Zoë\n  born: 1970\ntags:\n  - old\n  - 'it''s tall'",
        "key-value lines",
        {"name": "oak", "owner": {"name": "Zoë", "born": "1970"}, "tags": ["old", "it's tall"]},
    ),
    "an indented text is folded": (
        GRADE,
        "feedback: a long\n  line\nscore: 8",
        "key-value lines",
        {"feedback": "a long line", "score": "8"},
    ),
    "a list below a label with a blank line": (
        TREE,
        "**Name:** oak\n\n**Tags:**\n\n- old\n- tall",
        "sections",
        {"name": "oak", "tags": ["old", "tall"]},
    ),
    "semicolons part a list": (
        TREE,
        "name: oak\ntags: old, grey; tall",
        "key-value lines",
        {"name": "oak", "tags": ["old, grey", "tall"]},
    ),
    "an empty list": (TREE, "name: oak\ntags: []", "key-value lines", {"name": "oak", "tags": []}),
    "a list of texts in brackets": (
        TREE,
        'name: oak\ntags: ["a, b", "c"]',
        "key-value lines",
        {"name": "oak", "tags": ["a, b", "c"]},
    ),
    "a table": (
        GRADES,
        "| Score | Feedback |\n|--:|:--|\n| 8 | good |",
        "table",
        [EIGHT],
    ),
    "a break in a cell": (
        GRADES,
        "| Score | Feedback |\n|---|---|\n| 8 | a<br>b |",
        "table",
        [{"score": "8", "feedback": "a\nb"}],
    ),
    "a column that the schema does not name": (
        GRADES,
        "| # | Score | Feedback |\n|---|---|---|\n| 1 | 8 | good |",
        "table",
        [{"#": "1", "score": "8", "feedback": "good"}],
    ),
    "tab-separated lines": (
        GRADES,
        "score\tfeedback\n8\tgood",
        "separated values",
        [EIGHT],
    ),
    "elements with a comment": (
        GRADE,
        "<g><!-- mine --><score>8</score><feedback>good</feedback></g>",
        "elements",
        EIGHT,
    ),
    "elements and attributes together": (
        GRADE,
        '<g score="8"><feedback>good</feedback></g>',
        "elements",
        EIGHT,
    ),
    "parameters by name": (
        GRADE,
        (
            '<invoke name="f"><parameter name="score">8</parameter>'
            '<parameter name="feedback">good</parameter></invoke>'
        ),
        "elements",
        EIGHT,
    ),
    "a call": (GRADE, 'Grade(score=8, feedback="good")', "call with keywords", EIGHT),
    "a call with a list": (
        TREE,
        "Tree(name='oak', tags=['old', 'tall'])",
        "call with keywords",
        {"name": "oak", "tags": ["old", "tall"]},
    ),
    "bold lines": (GRADE, "**Score: 8**\n**Feedback: good**", "key-value lines", EIGHT),
    "a nullable type": (
        {
            "type": "object",
            "properties": {"tags": {"type": ["array", "null"], "items": {"type": "string"}}},
        },
        "tags: oak",
        "key-value lines",
        {"tags": ["oak"]},
    ),
    "a text with a stray quote": (
        GRADE,
        'score: 8\nfeedback: "a\\q"',
        "key-value lines",
        {"score": "8", "feedback": '"a\\q"'},
    ),
    "mappings and long texts in a list": (
        {
            "type": "object",
            "properties": {"name": {"type": "string"}, "parts": {"type": "array"}},
            "required": ["name", "parts"],
        },
        "name: oak\nparts:\n  - kind: leaf\n    form:\n      edge: smooth\n  - one\n    two",
        "key-value lines",
        {"name": "oak", "parts": [{"kind": "leaf", "form": {"edge": "smooth"}}, "one two"]},
    ),
    "an optional cell that is empty": (
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "required": ["a"],
            },
        },
        "| a | b |\n|---|---|\n| x | |",
        "table",
        [{"a": "x"}],
    ),
    "bullets": (WORDS, "* oak\n* größe", "bulleted list", ["oak", "größe"]),
    "numbers with a bracket": (WORDS, "1) oak\n2) elm", "bulleted list", ["oak", "elm"]),
}


@pytest.mark.parametrize(("schema", "text", "rule", "wanted"), READ.values(), ids=READ)
def test_a_notation_is_read_with_its_record(
    schema: JsonObject, text: str, rule: str, wanted: JsonValue
) -> None:
    assert read_notation(text, schema) == (wanted, (Repair(rule, "$", None, None, "format"),))


UNREAD = {
    "prose": (GRADE, "The score: it is 8, and the feedback: none."),
    "a missing key": (GRADE, "score: 8"),
    "two values of a key": (GRADE, "score: 8\nscore: 9\nfeedback: a"),
    "a text that goes on": (GRADE, "score: 8\nfeedback: good\nand more"),
    "lines and a table that differ": (
        GRADE,
        "score: 9\nfeedback: a\n\n| Field | Value |\n|---|---|\n| score | 8 |\n| feedback | a |",
    ),
    "an object in braces": (GRADE, 'score: 8\nfeedback: good\n{"score": 9}'),
    "an example": (GRADE, "Example output:\nscore: 8\nfeedback: good"),
    "a quotation": (GRADE, "The user wrote:\nscore: 8\nfeedback: good"),
    "a text that is taken back": (GRADE, "score: 8\nfeedback: good\n\nOops, that is wrong."),
    "thinking that never ends": (GRADE, "<think>\nscore: 8\nfeedback: good"),
    "an answer tag twice": (
        GRADE,
        "<answer>score: 8\nfeedback: a</answer><answer>score: 9\nfeedback: a</answer>",
    ),
    "a bad indentation": (TREE, "name: oak\nowner:\n    name: Ann\n  born: 1970"),
    "a number with text below": (GRADE, "score: 8\n  or 9\nfeedback: a"),
    "names that may be one or two": (TREE, "name: trip\ntags: Paris, France"),
    "a list within a list": (TREE, "name: oak\ntags: [a, [b]]"),
    "a stray closing element": (GRADE, "</x><score>8</score><feedback>a</feedback>"),
    "text between elements of one value": (
        TREE,
        "<name>oak</name><owner>her <name>Ann</name></owner>",
    ),
    "an attribute and an element that differ": (
        GRADE,
        '<g score="9"><score>8</score><feedback>a</feedback></g>',
    ),
    "one element twice within a value": (
        TREE,
        "<name>oak</name><owner><born>1</born><born>2</born></owner>",
    ),
    "an argument twice": (GRADE, "Grade(score=8, score=9, feedback='a')"),
    "bullets with two readings": (
        {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
        "- a\n- b",
    ),
    "prose between two records": (
        GRADES,
        "score: 8\nfeedback: a\n\nAnd so on.\n\nscore: 9\nfeedback: b",
    ),
    "prose between two keys": (GRADE, "score: 8\n\nWell.\n\nfeedback: good"),
    "a list that turns into prose": (TREE, "name: oak\ntags:\n  - a\n  then b"),
    "a key twice within a value": (TREE, "name: oak\nowner:\n  born: 1\n  born: 2"),
    "mappings within mappings without end": (
        TREE,
        "name: oak\nowner:\n" + "\n".join("  " * depth + "a:" for depth in range(1, 12)) + " 1",
    ),
    "a quoted cell that never ends": (
        GRADES,
        'score,feedback\n8,"' + "x" * 1_000 + "\n\n",
    ),
    "deep elements": (GRADE, "<a>" * 30 + "</a>" * 30),
    "a schema without properties": ({"type": "object"}, "a: 1"),
    "a list that is asked back": (WORDS, "Which one?\n- oak\n- elm"),
    "a list of reasons": (WORDS, "I chose none because:\n- oak\n- elm"),
    "two lists": (WORDS, "- a\n\nand\n\n- b"),
    "a list that is taken back": (WORDS, "- a\n- b\n\nWait, that's wrong."),
    "a very long text": (GRADE, "score: 8\nfeedback: " + "x" * 100_000),
    "very many lines": (GRADE, "score: 8\nfeedback: x" + "\n" * 20_000),
}


@pytest.mark.parametrize(("schema", "text"), UNREAD.values(), ids=UNREAD)
def test_what_has_two_readings_or_none_is_not_read(schema: JsonObject, text: str) -> None:
    assert read_notation(text, schema) is None


PLAIN = st.text(st.sampled_from("abcäß東 "), min_size=1, max_size=12).map(str.strip).filter(bool)
FORMS = st.sampled_from(
    [
        "score: {0}\nfeedback: {1}",
        "```yaml\nscore: {0}\nfeedback: {1}\n```",
        "**Score:** {0}\n\n**Feedback:** {1}",
        "- Score: {0}\n- Feedback: {1}",
        "Here it is:\n\nSCORE: {0}\nFEEDBACK: {1}\n\nBye!",
        "<g><score>{0}</score><feedback>{1}</feedback></g>",
        "| Field | Value |\n|---|---|\n| score | {0} |\n| feedback | {1} |",
        "| score | feedback |\n|---|---|\n| {0} | {1} |",
        "score,feedback\n{0},{1}",
        "Grade(score={0}, feedback='{1}')",
        "<think>score: 0\nfeedback: zzz</think>\nscore: {0}\nfeedback: {1}",
    ]
)


@ROUNDS
@given(st.integers(0, 10), PLAIN, FORMS)
def test_a_record_written_in_any_notation_is_read_back(score: int, text: str, form: str) -> None:
    found = read_notation(form.format(score, text), GRADE)
    assert found is not None
    assert found[0] == {"score": str(score), "feedback": text}


SHARDS = (
    """score,feedback,<score>,</score>,<g ,=",">,/>,```,**,[,],(,),|,>,',",;,é,8,: , = ,- ,1. ,  """
)
NOISE = st.lists(
    st.sampled_from([*SHARDS.split(","), "a, b", "\n", "\n\n", "|---|---|\n", "| "]),
    max_size=30,
).map("".join)


@ROUNDS
@given(st.one_of(NOISE, st.text(max_size=60)), st.sampled_from([GRADE, TREE, GRADES, WORDS]))
def test_any_text_is_read_or_not_without_an_error(text: str, schema: JsonObject) -> None:
    found = read_notation(text, schema)
    if found is not None and schema is GRADE:
        assert isinstance(found[0], dict)
        assert {"score", "feedback"} <= found[0].keys()


SIZE = 99_000
HOSTILE = {
    "bars": "| " * (SIZE // 2),
    "open tags": "<a " * (SIZE // 3),
    "a tag with blanks": "<a" + " " * SIZE,
    "comments": "<!--" * (SIZE // 4),
    "character data": "<![CDATA[" * (SIZE // 9),
    "elements": "<a></a>" * (SIZE // 7),
    "calls": "f(a=1," * (SIZE // 6),
    "blanks": " " * SIZE,
    "bold marks": "score: " + "**" * (SIZE // 2),
    "labels": "score: " * (SIZE // 7),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_longest_text_is_read_in_linear_time(text: str) -> None:
    begun = time.process_time()
    for schema in (GRADE, GRADES, WORDS):
        read_notation(text, schema)
    assert time.process_time() - begun < 6  # seconds; anything quadratic takes minutes
