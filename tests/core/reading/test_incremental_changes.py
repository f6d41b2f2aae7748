"""The incremental reader, change by change: when a value is shown, and when it is withheld."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from core.reading.arriving import changes_of, read
from pydantic import BaseModel

from deterministic_llm import Choice, JsonValue, Pattern, Schema, Template
from deterministic_llm._core.reading.incremental import (
    Change,
    Closed,
    Grown,
    Incremental,
    Location,
    Opened,
    Replaced,
)
from deterministic_llm._core.schema.target import Target
from deterministic_llm.targets import compiled


class Criterion(BaseModel):
    """One criterion and its points."""

    criterion: str
    points: int


class Grade(BaseModel):
    """The grade of an essay."""

    score: int
    rubric: list[Criterion] = []
    feedback: str | None = None


class Contact(BaseModel):
    """A person; a tool has a name, too."""

    name: str
    age: int | None = None


class Reading(BaseModel):
    """What an instrument shows."""

    value: int | str
    inner: Contact | Criterion | None = None
    counts: dict[str, int] = {}


GRADE: Target[object] = compiled(Grade)
CONTACT: Target[object] = compiled(Contact)
READING: Target[object] = compiled(Reading)
CRITERIA: Target[object] = compiled(list[Criterion])
NUMBERS: Target[object] = compiled(list[int])
ANYTHING: Target[object] = compiled(Schema({}))
SHORT: Target[object] = compiled(
    Schema({"type": "object", "properties": {"n": {"type": "integer"}}, "required": []})
)
PAIR: Target[object] = compiled(
    Schema({"type": "object", "properties": {"n": {"type": "integer"}, "k": {"type": "integer"}}})
)
SCORE: Target[object] = compiled(Template("Essay score: {score:int}/10"))
SHEET: Target[object] = compiled(Template("Score: {score:int}\nPassed: {passed:bool}\nWhy: {why}"))
ROWS: Target[object] = compiled(Template.lines("{name}: {points:int}"))
TABLE: Target[object] = compiled(Template.lines("{name} | {points:int}"))
TEXT: Target[object] = compiled(str)

Told = list["tuple[Location, JsonValue] | str"]


def told(text: str, target: Target[object], size: int = 1, *, strict: bool = False) -> Told:
    """What closes, in order, and "replaced" where all before is void."""
    changes = changes_of(text, target, size, strict=strict)
    return [
        "replaced" if isinstance(each, Replaced) else (each.location, each.value)
        for each in changes
        if isinstance(each, Closed | Replaced)
    ]


def grown(changes: Sequence[Change]) -> str:
    """All text that was shown."""
    return "".join(each.piece for each in changes if isinstance(each, Grown))


def test_a_text_is_shown_as_it_comes_and_a_number_once_it_is_over() -> None:
    text = '{"score": 12, "feedback": "It is clear.", "rubric": [{"criterion": "a", "points": 3}]}'
    assert changes_of(text, GRADE, size=4) == [
        Opened((), "object"),
        Closed(("score",), 12),
        Opened(("feedback",), "string"),
        Grown(("feedback",), "I"),
        Grown(("feedback",), "t is"),
        Grown(("feedback",), " cle"),
        Grown(("feedback",), "ar."),
        Closed(("feedback",), "It is clear."),
        Opened(("rubric",), "list"),
        Opened(("rubric", 0), "object"),
        Opened(("rubric", 0, "criterion"), "string"),
        Grown(("rubric", 0, "criterion"), "a"),
        Closed(("rubric", 0, "criterion"), "a"),
        Closed(("rubric", 0, "points"), 3),
        Closed(("rubric", 0), {"criterion": "a", "points": 3}),
        Closed(("rubric",), [{"criterion": "a", "points": 3}]),
        Closed((), json.loads(text)),
    ]


HALF = [
    pytest.param('{"score": 67391', id="a number that may go on"),
    pytest.param('{"score": 6.', id="a fraction that has not come"),
    pytest.param('{"score": 6 ', id="a number with a blank, which may be words"),
    pytest.param('{"score": 6,', id="a comma that may part thousands"),
    pytest.param('{"score": 1,000', id="thousands"),
    pytest.param('{"score": "8"', id="a string behind which nothing tells that it is over"),
    pytest.param('{"score": tru', id="half a literal"),
    pytest.param('{"feedback": "N/A', id="a word for null"),
    pytest.param('{"feedback": "not av', id="what may come to be a word for null"),
    pytest.param('{"score', id="half a key"),
    pytest.param('{"result"', id="the key of an envelope"),
    pytest.param('{"other": {"score": 1}', id="a member that may be an envelope's"),
    pytest.param('{"score" 1}', id="a key without a colon"),
    pytest.param('{"score": "', id="a string that has just opened, where a number is wanted"),
    pytest.param("Draft: {", id="a brace that may begin nothing"),
    pytest.param('<think>{"score": 1}', id="thinking"),
    pytest.param('Draft: {"score": 1}', id="a draft"),
    pytest.param('> {"score": 1}', id="a quoted line"),
    pytest.param('// {"score": 1}', id="a comment"),
    pytest.param('~~{"score": 1}~~', id="what is struck out"),
    pytest.param('"{"score": 1}"', id="what stands in quotation marks"),
    pytest.param('<example>{"score": 1}</example>', id="what a tag calls an example"),
    pytest.param('"score": 1, "rubric": [{"points": 3}]', id="members without their opener"),
    pytest.param('{\\"score\\": 1}', id="an escaped document"),
    pytest.param("{&quot;score&quot;: 1}", id="a document of a web page"),
    pytest.param('analysisWe want {"score": 1}', id="a channel that leaked"),
    pytest.param("analysis", id="what may be a channel that leaks"),
    pytest.param('｛"score": 1}', id="brackets of another script"),
    pytest.param("{**score**: 1}", id="keys in bold"),
]


@pytest.mark.parametrize("text", HALF)
def test_what_may_still_be_otherwise_is_withheld(text: str) -> None:
    assert not [each for each in told(text, GRADE) if each != "replaced"]
    assert not grown(changes_of(text, GRADE))
    assert Incremental(GRADE).snapshot() is None


LENIENT = [
    pytest.param("{'score': 8, 'feedback': 'fine',}", [8, "fine"], id="single quotes"),
    pytest.param("{“score”: 8, “feedback”: “fine”}", [8, "fine"], id="curly quotes"),
    pytest.param('{score: 8, feedback : "fine"}', [8, "fine"], id="bare keys"),
    pytest.param('{"Score": 8, "FEEDBACK": "fine"}', [8, "fine"], id="keys in another case"),
    pytest.param('{"score": 8 // good\n, "feedback": "fine"}', [8, "fine"], id="a comment"),
    pytest.param('{"score": 8, /* a */ "feedback": "fine" /* b */}', [8, "fine"], id="block"),
    pytest.param('{"score": 8, # a\n<!-- b --> "feedback": "fine" // c\n}', [8, "fine"], id="more"),
    pytest.param('{"score": 8\n "feedback": "fine"\n}', [8, "fine"], id="a missing comma"),
    pytest.param('{"feedback": "fine"\n "score": 8}', ["fine", 8], id="one behind a string"),
    pytest.param('{"feedback": "fine" "score": 8}', ["fine", 8], id="one on the same line"),
    pytest.param('{"score": "8", "feedback": null}', [8, None], id="a number in a string"),
    pytest.param('{"score": "eight", "feedback": None}', [8, None], id="a number in words"),
    pytest.param('{"score": 8.0, "feedback": "N/A"}', [8, None], id="a word for null"),
    pytest.param('{"score": +8, "feedback": ok}', [8, "ok"], id="bare words"),
    pytest.param('{"score": 0x8, "feedback": ok, "rubric": []}', [8, "ok", []], id="a bare word"),
    pytest.param('{"score":\u00a08, "feedback": "fine"\ufeff}', [8, "fine"], id="odd blanks"),
    pytest.param('{"score": 8, "more": [1, {"a": 2}], "feedback": "x"}', [8, "x"], id="others"),
    pytest.param('{"feedback": "a\nb", "score": 8}', ["a\nb", 8], id="a raw line break"),
    pytest.param('{"feedback": "a \\d b \\\'", "score": 8}', ["a \\d b '", 8], id="odd escapes"),
    pytest.param('{"feedback": "C:\\new\\dir", "score": 8}', ["C:\\new\\dir", 8], id="a path"),
    pytest.param('{"feedback": "\\tau \\d", "score": 8}', ["\\tau \\d", 8], id="a formula"),
    pytest.param('{"feedback": "\\n\\nThe", "score": 8}', ["\n\nThe", 8], id="paragraphs"),
    pytest.param(
        '{"feedback": "\\u00e9\\ud83d\\ude00", "score": 8}', ["é😀", 8], id="escapes of characters"
    ),
    pytest.param(
        '{"feedback": "says "Exit" twice", "score": 8}',
        ['says "Exit" twice', 8],
        id="inner quotation marks",
    ),
    pytest.param(
        '{"score": 8, "feedback": "the "end""\n}\nDone.\n',
        [8, 'the "end"'],
        id="inner marks at the end",
    ),
]


@pytest.mark.parametrize(("text", "values"), LENIENT)
def test_damage_that_is_decided_on_the_spot_hides_nothing(
    text: str, values: list[JsonValue]
) -> None:
    closed = told(text, GRADE)
    assert [each[1] for each in closed[:-1] if not isinstance(each, str)] == values
    assert closed[-1][0] == ()
    begun = [each for each in changes_of(text, GRADE) if isinstance(each, Opened)]
    strings = [each for each in values if isinstance(each, str)]
    if any(each.kind == "string" for each in begun):
        assert grown(changes_of(text, GRADE)) == "".join(strings)


MUTED = [
    pytest.param('{"score": 8, "score": 9}', [8], id="a key twice"),
    pytest.param('{"Score": 8, "score": 9}', [8], id="another spelling before the key"),
    pytest.param('{"score": 8, "feedback": "a" + "b"}', [8], id="joined strings"),
    pytest.param('{"score": 8, "feedback": "a";}', [8], id="another comma"),
    pytest.param('{"score": 8,, "feedback": "a"}', [8], id="a doubled comma"),
    pytest.param('{"score": 8, "feedback": """a"""}', [8], id="triple quotes"),
    pytest.param('{"score": 8, "rubric": (1, 2)}', [8], id="a tuple"),
    pytest.param('{"score": 8, "rubric": [1}', [8, 1], id="a missing closer"),
    pytest.param('{"score": 8, "feedback": "a" // "b"\n}', [8], id="marks in a comment"),
    pytest.param('{"score": 8, // and so on\n "feedback": "a"}', [8], id="a comment for more"),
    pytest.param('{"score": 8, / "feedback": "a"}', [8], id="a slash"),
    pytest.param('{"score": 8, <b>"feedback": "a"}', [8], id="a tag"),
    pytest.param('{"score": 8, "feedback": "\\ud83d x"}', [8], id="half a pair"),
    pytest.param('{"score": 8, "feedback": "\\tnu \\d"}', [8], id="doubtful backslashes"),
    pytest.param('{"score": 8, "feedback": "a" rest: 1}', [8], id="a bare key without a comma"),
    pytest.param('{"score": 8, "feedback": a b, c}', [8], id="words with a comma"),
    pytest.param('{"score": NaN, "feedback": "a"}', [], id="no number"),
    pytest.param('{"score": 8, "feedback": "a" "b"}', [8], id="two strings"),
    pytest.param('{"score": 8, "feedback": "a "" b"}', [8], id="an empty pair of marks"),
    pytest.param('{"score": 8} } {', [8, {"score": 8}], id="a closer too many"),
    pytest.param('{"score": 8, "Feedback": "a", "FEEDBACK": "b"}', [8, "a"], id="two spellings"),
    pytest.param('{"score": 8, "rubric": ["a" "b"]}', [8], id="two items without a comma"),
    pytest.param('{"score": 8, "rubric": [1,000]}', [8], id="digits in a list"),
    pytest.param('{"score": 8, "rubric": ' + "[" * 201, [8], id="too deep"),
    pytest.param('{"score": 8, "feedback": ' + "1" * 6_000 + "}", [8], id="an endless number"),
    pytest.param('{"score": 8, "' + "k" * 6_000 + '": 1}', [8], id="an endless key"),
    pytest.param('{"score": 8, ' + "k" * 6_000 + ": 1}", [8], id="an endless bare key"),
    pytest.param('{"score": 8, /*' + "k" * 6_000 + "*/ }", [8], id="an endless comment"),
    pytest.param('{"score": 8, "feedback": "x' + ' "a" y' * 120 + '"}', [8], id="many marks"),
]


@pytest.mark.parametrize(("text", "values"), MUTED)
def test_damage_that_only_the_whole_tells_keeps_what_was_shown(
    text: str, values: list[JsonValue]
) -> None:
    closed = [each[1] for each in told(text, GRADE) if not isinstance(each, str)]
    assert closed == values
    assert read(text, GRADE) == read(text, GRADE, range(1, len(text)))


VOID = [
    pytest.param('{"score": 8}</think>{"rubric": []}', id="what was thinking after all"),
    pytest.param('{"feedback": "a\n<think>b", "score": 8}', id="a tag that begins a line"),
    pytest.param('{"result": {"score": 1}, "score": 2}', id="a member for an envelope"),
    pytest.param('{"result": {"score": 1}, "data": {"score": 2}}', id="two envelopes"),
    pytest.param('{"score": 8, "feedback": a b, c} or {"x": 1}', id="another beside a damaged one"),
    pytest.param('{"score": 8, "feedback": "x "y" z} or {"score": 9}', id="one in a string"),
    pytest.param('{"score": 8, "feedback": "x} or {"score": 9}', id="one in a string that is open"),
    pytest.param('{"score": "x"} Done. {"score": 9}', id="one that is none, before another"),
    pytest.param('{"score": 8} Final answer: {"x": 9}', id="a final one"),
    pytest.param('{"score": 8}\nWait, no.\n{"score": 9}', id="one that is taken back"),
    pytest.param("{'feedback': 'a\u00a0,', 'score': 1}", id="blanks that may be cleaned away"),
]


@pytest.mark.parametrize("text", VOID)
def test_what_turns_out_to_be_no_answer_is_taken_back(text: str) -> None:
    changes = changes_of(text, GRADE)
    voided = [place for place, each in enumerate(changes) if isinstance(each, Replaced)]
    assert voided
    assert any(isinstance(each, Closed | Grown) for each in changes[: voided[0]])


WRAPPED = [
    pytest.param(GRADE, '{"result": {"score": 8}}', [(("score",), 8), ((), {"score": 8})], id="1"),
    pytest.param(
        GRADE,
        '{"data": {"result": {"score": 8}}}',
        [(("score",), 8), ((), {"score": 8})],
        id="an envelope in an envelope",
    ),
    pytest.param(
        GRADE,
        '{"name": "grade", "arguments": {"score": 8}}',
        [(("score",), 8), ((), {"score": 8})],
        id="the call of a tool",
    ),
    pytest.param(GRADE, '{"MyGrade": {"score": 8}}', [((), {"score": 8})], id="a name of its own"),
    pytest.param(
        CONTACT,
        '{"name": "Ada", "age": 36}',
        [(("name",), "Ada"), (("age",), 36), ((), {"name": "Ada", "age": 36})],
        id="members that a tool call could have",
    ),
    pytest.param(CONTACT, '{"name": "Ada"}', [((), {"name": "Ada"})], id="only such a member"),
    pytest.param(
        CRITERIA,
        '{"items": [{"criterion": "a", "points": 1}]}',
        [
            ((0, "criterion"), "a"),
            ((0, "points"), 1),
            ((0,), {"criterion": "a", "points": 1}),
            ((), [{"criterion": "a", "points": 1}]),
        ],
        id="the envelope of a list",
    ),
    pytest.param(
        CRITERIA,
        '{"criterion": "a", "points": 1}\n{"Criterion": "b", "points": 2}\n',
        [
            ((0, "criterion"), "a"),
            ((0, "points"), 1),
            ((0,), {"criterion": "a", "points": 1}),
            ((1, "criterion"), "b"),
            ((1, "points"), 2),
            ((1,), {"criterion": "b", "points": 2}),
        ],
        id="one item a line",
    ),
    pytest.param(NUMBERS, "[1, 2,\n3]", [((0,), 1), ((1,), 2), ((2,), 3), ((), [1, 2, 3])], id="n"),
    pytest.param(
        NUMBERS,
        "[7,5,0,12]",
        [((0,), 7), ((1,), 5), ((2,), 0), ((3,), 12), ((), [7, 5, 0, 12])],
        id="a nought behind a comma",
    ),
    pytest.param(NUMBERS, "[7,5,000]", [((0,), 7)], id="noughts behind a comma"),
    pytest.param(NUMBERS, "See [1] and [2, 3].", [], id="citations, or a list"),
    pytest.param(
        NUMBERS,
        "[1]\n\nI missed 3. Corrected list: [1, 3]",
        [((0,), 1), ((), [1]), "replaced", ((0,), 1), ((1,), 3), ((), [1, 3])],
        id="numbers that are called the corrected ones",
    ),
    pytest.param(
        NUMBERS,
        'Drafts: [1]. Final answer: "[1, 3]"',
        [],
        id="numbers that are quoted, whatever they are called",
    ),
    pytest.param(
        NUMBERS,
        '{"items": [1]}\n{"items": [2]}',
        [((0,), 1), ((), [1]), "replaced"],
        id="two envelopes of a list",
    ),
    pytest.param(NUMBERS, '{"total": 3}', [], id="an object where numbers are wanted"),
    pytest.param(NUMBERS, '{"total": [3]}', [], id="a list under another name"),
    pytest.param(
        CRITERIA,
        '{"criterion": "a", "points": 1, "items": [{"criterion": "b", "points": 2}]}',
        [((0, "criterion"), "a"), ((0, "points"), 1), "replaced"],
        id="a list beside the members of an item",
    ),
    pytest.param(
        CRITERIA,
        '{"criterion": "a", "points": 1} Also: {"criterion": "b", "points": 2}',
        [
            ((0, "criterion"), "a"),
            ((0, "points"), 1),
            ((0,), {"criterion": "a", "points": 1}),
            "replaced",
        ],
        id="items with words between them",
    ),
    pytest.param(
        READING,
        '{"value": "low", "inner": {"name": "Ada", "age": 1}, "counts": {"a": 1, "b": "2"}}',
        [
            (("value",), "low"),
            (("inner",), {"name": "Ada", "age": 1}),
            (("counts", "a"), 1),
            (("counts", "b"), 2),
            (("counts",), {"a": 1, "b": 2}),
            ((), {"value": "low", "inner": {"name": "Ada", "age": 1}, "counts": {"a": 1, "b": 2}}),
        ],
        id="an alternative closes as a whole",
    ),
    pytest.param(
        GRADE,
        '{"score": 8, "rubric": {"criterion": "a", "points": 1}}',
        [
            (("score",), 8),
            (("rubric",), [{"criterion": "a", "points": 1}]),
            ((), {"score": 8, "rubric": [{"criterion": "a", "points": 1}]}),
        ],
        id="an item for a list",
    ),
    pytest.param(
        GRADE,
        '{"score": [8], "rubric": "[]"}',
        [(("score",), 8), (("rubric",), []), ((), {"score": 8, "rubric": []})],
        id="a list of one, and JSON in a string",
    ),
    pytest.param(PAIR, '{"k": 1, "n": null}', [(("k",), 1), ((), {"k": 1})], id="null left out"),
    pytest.param(
        SHORT, '{"m": 1, "n": null}', [(("m",), 1)], id="null left out, others alone"
    ),
    pytest.param(ANYTHING, '[{"a": [true, null]}]', [
        ((0, "a", 0), True),
        ((0, "a", 1), None),
        ((0, "a"), [True, None]),
        ((0,), {"a": [True, None]}),
        ((), [{"a": [True, None]}]),
    ], id="anything"),
]  # fmt: skip


@pytest.mark.parametrize(("target", "text", "wanted"), WRAPPED)
def test_values_are_shown_at_the_places_of_the_target(
    target: Target[object], text: str, wanted: Told
) -> None:
    assert told(text, target) == wanted


def test_what_is_shown_does_not_depend_on_what_was_read_before() -> None:
    folder = {"type": "object", "properties": {"items": {"type": "string"}}}
    listed = {"type": "array", "items": folder}
    target = compiled(Schema({"type": "object", "properties": {"items": listed}}))
    text = '{"items": {"items": [{"items": "a"}]}}'
    assert told(text, target) == told(text, target)


AROUND = [
    pytest.param('Sure [1]!\n```json\n{"score": 8}\n```\nDone {x}.', 1, id="prose and a fence"),
    pytest.param('<think>{"score": 1}</think>{"score": 8}', 1, id="thinking"),
    pytest.param('<think>a</reasoning>{"score": 1}</think>{"score": 8}', 1, id="another end"),
    pytest.param('\ufeff{"score": 8}', 1, id="a byte order mark"),
    pytest.param('<answer>{"score": 8}</answer>', 1, id="a tag for the answer"),
    pytest.param('<example>x</example>{"score": 8}', 1, id="a tag that is closed"),
    pytest.param('Draft: {"score": 1}\nFinal: {"score": 8}', 1, id="a draft before it"),
    pytest.param('{"score": 8}\nExample: {"score": 1}', 1, id="an example behind it"),
    pytest.param('{"score": 8} and {"score": 8}', 1, id="the same twice"),
    pytest.param("a < b [see (x)] <thi " + "x" * 500 + '{"score": 8}', 1, id="signs of all kinds"),
    pytest.param("x" * 9_000 + '{"score": 8}', 1, id="long prose"),
    pytest.param('{"score": 8}' + ' {"score": 8}' * 300, 0, id="too many documents"),
]


@pytest.mark.parametrize(("text", "shown"), AROUND)
def test_what_stands_around_the_answer_is_not_shown(text: str, shown: int) -> None:
    closed = read(text, GRADE)[0].closed
    assert closed == ({("score",): 8, (): {"score": 8}} if shown else {})
    assert read(text, GRADE, range(1, len(text)))[0].closed == closed


STRICT = [
    pytest.param('{"score": 8, "feedback": "a\\nb"}', [8, "a\nb"], id="JSON"),
    pytest.param('{"Score": 8}', [], id="another spelling"),
    pytest.param('{"score": "8"}', ["8"], id="a number in a string"),
    pytest.param('{"score": 8,}', [8], id="a trailing comma"),
    pytest.param('{"score": 8, // x\n}', [8], id="a comment"),
    pytest.param("{'score': 8}", [], id="single quotes"),
    pytest.param('{"score": 8 9}', [], id="two numbers"),
    pytest.param('{"score": True}', [], id="another literal"),
    pytest.param('{"feedback": "a\nb", "score": 8}', [], id="a raw line break"),
    pytest.param(
        '{"score": 8, "feedback": "ab\n{"score": 9}', [8], id="a line break and another object"
    ),
    pytest.param('{"feedback": "a\\d", "score": 8}', [], id="an escape"),
    pytest.param('{"feedback": "a" "b"}', [], id="two strings"),
    pytest.param('{"score": 8\n"feedback": "a"}', [], id="a missing comma"),
    pytest.param('Here: {"score": 8}', [], id="prose"),
    pytest.param('{"score": 8} x', [8], id="prose behind it"),
    pytest.param("8", [], id="a number alone"),
    pytest.param('"a"', [], id="a string alone"),
    pytest.param('{"inner": {"x": null}, "score": null}', [None], id="null"),
]


@pytest.mark.parametrize(("text", "values"), STRICT)
@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_strict_reader_shows_what_is_written(
    text: str, values: list[JsonValue], size: int
) -> None:
    closed = [each for each in told(text, GRADE, size, strict=True) if each[0] != ()]
    assert [each[1] for each in closed] == values


FORMS = [
    pytest.param(SCORE, "Essay score: 1", [], id="a score that may go on"),
    pytest.param(SCORE, "Essay score: 10/10", [], id="one whose line may go on"),
    pytest.param(SCORE, "Essay score: 8/10\nWell done.", [(("score",), 8)], id="one on its line"),
    pytest.param(SCORE, "<think>Essay score: 1/10\n</think>Essay score: 8/10\n", [
        (("score",), 8),
    ], id="thinking"),
    pytest.param(SCORE, "Essay score: 7/10\n\nCorrected: Essay score: 8/10\n", [
        (("score",), 7), "replaced", (("score",), 8),
    ], id="a correction"),
    pytest.param(SCORE, "Essay score: 1/10\n</think>\nEssay score: 8/10\n", [
        (("score",), 1), "replaced", (("score",), 8),
    ], id="what was thinking after all"),
    pytest.param(SCORE, "Draft: Essay score: 7/10\n", [], id="a draft"),
    pytest.param(SCORE, '\n{"score": 8}\n', [], id="JSON"),
    pytest.param(SCORE, "\n" * 100 + "a\n" * 70 + "Essay score: 8/10\n", [], id="many lines"),
    pytest.param(SHEET, "Score: 8\nPassed: yes\nWhy: It is\nclear.\n", [
        (("score",), 8), (("passed",), True),
    ], id="fields line by line, text left to the end"),
    pytest.param(SHEET, "Draft:\nScore: 7\nPassed", [], id="a draft of several lines"),
    pytest.param(SHEET, "Score: 7 or 8\nPassed: yes\n", [], id="two scores"),
    pytest.param(SHEET, "Score: 7\nScore: 8\nPassed: yes\n", [(("score",), 7), "replaced"], id="2"),
    pytest.param(ROWS, "Here you go:\n\nAda: 5\n- Bob: 6\nCy: 7", [
        ((0,), {"name": "Ada", "points": 5}), ((1,), {"name": "Bob", "points": 6}),
    ], id="a row a line"),
    pytest.param(ROWS, "Ada: 5\n1. Bob: 6\n2. Cy: 7\n", [
        ((0,), {"name": "Ada", "points": 5}),
    ], id="numbers that may be names"),
    pytest.param(ROWS, "Ada: 5\nBob: six or 7\nCy: 7\n", [
        ((0,), {"name": "Ada", "points": 5}),
    ], id="a broken row"),
    pytest.param(ROWS, "Ada: 5\nTotal: 5\n", [((0,), {"name": "Ada", "points": 5})], id="a sum"),
    pytest.param(ROWS, '[{"name": "Ada", "points": 5}]\n', [], id="rows in JSON"),
    pytest.param(ROWS, "Ada: 5\u2028\nBob: 6\n", [], id="a line break of another kind"),
    pytest.param(ROWS, "Ada: 5\n</think>\nBob: 6\n", [
        ((0,), {"name": "Ada", "points": 5}), "replaced", ((0,), {"name": "Bob", "points": 6}),
    ], id="rows that were thinking"),
    pytest.param(ROWS, '"Ada": 5\n<think>\nBob: 6\n', [
        ((0,), {"name": "Ada", "points": 5}), "replaced",
    ], id="a tag that may be data"),
    pytest.param(ROWS, "a\n" * 1_001 + "Ada: 5\n", [], id="hardly a row"),
    pytest.param(ROWS, "<think>Ada: 5\n</reasoning>Ada: 5\n", [], id="thinking that goes on"),
    pytest.param(ROWS, "analysisAda: 5\nBob: 6\n", [], id="a channel that leaked"),
    pytest.param(TABLE, "| name | points |\n|---|---|\n| Ada | 5 |\n", [
        ((0,), {"name": "Ada", "points": 5}),
    ], id="a table with a header"),
    pytest.param(compiled(Choice("yes", "no")), "yes\n", [], id="a choice"),
    pytest.param(compiled(Pattern(r"(?P<n>\d+)")), "12\n", [], id="a pattern"),
    pytest.param(compiled(int), "12\n", [], id="a number alone"),
    pytest.param(compiled(Template("{a}: {n:int}")), "x: 5\ny\n", [], id="text first"),
    pytest.param(compiled(Template("{n:int} apples")), "5 apples\nFine.\n4 apples\n", [
        (("n",), 5), "replaced",
    ], id="a number first"),
    pytest.param(compiled(Template("{n:int}")), "5\nor\n", [
        (("n",), 5), "replaced", (("n",), 5),
    ], id="a bare number"),
]  # fmt: skip


@pytest.mark.parametrize(("target", "text", "wanted"), FORMS)
def test_a_line_of_a_form_is_shown_when_it_is_whole(
    target: Target[object], text: str, wanted: Told
) -> None:
    assert told(text, target) == wanted
    whole, pieces = read(text, target), read(text, target, range(1, len(text)))
    assert (whole[0].closed, whole[1]) == (pieces[0].closed, pieces[1])


PROSE = [
    pytest.param("\n It is clear. \n", "It is clear.", id="blanks around it"),
    pytest.param("A <think>no</think>B <b>bold</b>", "A" + " " * 18 + "B <b>bold</b>", id="tags"),
    pytest.param("a < b and <th", "a < b and", id="a tag that has not come"),
    pytest.param("", "", id="nothing"),
    pytest.param('"It is clear."', "", id="what may be one string of JSON"),
    pytest.param("analysis", "", id="what may be a channel"),
    pytest.param("Analysis: fine", "Analysis: fine", id="a word like a channel"),
    pytest.param('He said "no" </think>.', "", id="a tag that may be data"),
]


@pytest.mark.parametrize(("text", "wanted"), PROSE)
def test_prose_is_shown_as_it_comes(text: str, wanted: str) -> None:
    shown = read(text, TEXT)[0]
    assert shown.texts == ({(): wanted} if wanted else {})
    assert read(text, TEXT, range(1, len(text)))[0].texts == shown.texts


def test_prose_that_was_thinking_is_taken_back() -> None:
    shown = read("Hm.</think>Well.", TEXT, range(1, 16))[0]
    assert (shown.texts, shown.replaced) == ({(): "Well."}, 1)


SNAPSHOTS = [
    pytest.param(GRADE, '{"score": 8, "rubric": [{"cri', {"score": 8}, id="nothing in a list yet"),
    pytest.param(
        GRADE,
        '{"score": 8, "rubric": [{"criterion": "a", "poi',
        {"score": 8, "rubric": [{"criterion": "a"}]},
        id="open containers",
    ),
    pytest.param(GRADE, '{"result": {"score": 8, "fe', {"score": 8}, id="in an envelope"),
    pytest.param(GRADE, '{"result": {"score": 8} ', {"score": 8}, id="behind one"),
    pytest.param(GRADE, '{"score": 8, "fe', {"score": 8}, id="an object"),
    pytest.param(GRADE, '{"sc', None, id="nothing"),
    pytest.param(CRITERIA, '{"criterion": "a", ', [{"criterion": "a"}], id="the first row"),
    pytest.param(CRITERIA, '{"crit', None, id="no row"),
    pytest.param(ROWS, "Ada: 5\nBob", [{"name": "Ada", "points": 5}], id="rows"),
    pytest.param(SCORE, "Essay score: 8/10\n", {"score": 8}, id="a form"),
    pytest.param(TEXT, "Well", None, id="prose"),
    pytest.param(compiled(int), "5", None, id="a number"),
]


@pytest.mark.parametrize(("target", "text", "wanted"), SNAPSHOTS)
def test_a_snapshot_holds_what_is_closed(
    target: Target[object], text: str, wanted: JsonValue
) -> None:
    assert read(text, target)[1] == wanted
    assert read(text, target, range(1, len(text)))[1] == wanted


def test_a_snapshot_holds_nothing_once_all_is_taken_back() -> None:
    """Also where a document beside the one that was shown is what makes it doubtful."""
    text = """{"": []}['t'{"}{u"""
    for cuts in ((), range(1, len(text))):
        shown, snapshot = read(text, compiled(Schema({"required": ["items"]})), cuts)
        assert (shown.closed, snapshot, shown.replaced) == ({}, None, 1)


def test_a_snapshot_stays_as_it_was() -> None:
    reader = Incremental(GRADE)
    reader.feed('{"score": 8, "rubric": [{"criterion": "a", "points": 1}, ')
    before = reader.snapshot()
    reader.feed('{"criterion": "b", "points": 2}], "feedback": "fine"}')
    assert before == {"score": 8, "rubric": [{"criterion": "a", "points": 1}]}
    assert reader.snapshot() == json.loads(reader.text)


@pytest.mark.parametrize(
    ("target", "text", "place"),
    [
        pytest.param(GRADE, 'Sure: {"score": 8}', 8, id="a document"),
        pytest.param(ROWS, "Sure:\nAda: 5\n", 13, id="a row"),
        pytest.param(TEXT, "  Well", 3, id="prose"),
    ],
)
def test_a_value_is_in_sight_once_it_begins(target: Target[object], text: str, place: int) -> None:
    reader = Incremental(target)
    seen = [reader.started for each in text if reader.feed(each) is not None]
    assert seen.index(True) == place - 1
