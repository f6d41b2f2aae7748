"""The ready-made rules: what passes, what fails, and the exact words that the model gets."""

from __future__ import annotations

import copy
import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, Inexact, Rounded, localcontext
from typing import Annotated, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from typing_extensions import override

from deterministic_llm import (
    ConfigurationError,
    SchemaError,
    Violation,
)
from deterministic_llm._core.checks import as_validator, validator
from deterministic_llm._core.schema.redos import backtracking
from deterministic_llm._core.schema.target import Invalid, Valid
from deterministic_llm._core.schema.typed import typed_target
from deterministic_llm._drivers import checking
from deterministic_llm.errors import ModelRetry
from deterministic_llm.validators import (
    Before,
    Grounded,
    IsoDate,
    Language,
    Marker,
    Matches,
    MaxWords,
    MinWords,
    NoMarkdown,
    NoPlaceholders,
    OneLine,
    Ordered,
    SumsTo,
    Unique,
    Url,
)
from deterministic_llm.validators.lengths import word_count
from deterministic_llm.validators.markdown import _MARKS
from deterministic_llm.validators.sources import _starts


def said(marker: Marker, value: object, context: object = None) -> list[str]:
    return [str(each) for each in marker(value, context)]


WORDS = [
    pytest.param("", 0, id="nothing"),
    pytest.param("one two\nthree", 3, id="blanks of any kind"),
    pytest.param("well-known, it's and/or", 3, id="signs inside of words"),
    pytest.param("— - … !", 0, id="signs alone"),
    pytest.param("one—two", 2, id="a dash between words"),
    pytest.param("3.5 % of 1,000", 3, id="numbers"),
    pytest.param("Привет, мир", 2, id="Cyrillic"),
    pytest.param("नमस्ते दुनिया", 2, id="Devanagari"),
    pytest.param("مرحبا بالعالم", 2, id="Arabic"),
    pytest.param("한국어 단어", 2, id="Hangul is written with blanks"),
    pytest.param("中文字", 3, id="each Chinese character"),
    pytest.param("日本のテスト", 6, id="each kana"),
    pytest.param("ab中cd", 3, id="Latin between Chinese"),
]


@pytest.mark.parametrize(("text", "count"), WORDS)
def test_words_are_counted_in_every_script(text: str, count: int):
    assert word_count(text) == count
    if count:
        assert said(MaxWords(count), text) == said(MinWords(count), text) == []
        assert len(said(MinWords(count + 1), text)) == 1
    if count > 1:
        assert len(said(MaxWords(count - 1), text)) == 1


@given(st.lists(st.text("abcж字é1", min_size=1), max_size=20))
def test_words_add_up(parts: list[str]):
    """Two texts with a blank between them have the words of both."""
    assert word_count(" ".join(parts)) == sum(map(word_count, parts))


PASSES: list[tuple[Marker, list[object]]] = [
    (OneLine(), ["", "one line", "a\tb"]),
    (
        NoMarkdown(),
        [
            *("C# is #1", "a * b * c", "2**3**4", "5*3*2", "snake_case and x_1", "__init__", "*"),
            *("-5 degrees", "- 5 degrees", "> 3 of them", "3. He came.", "[1](2", "a - b", "---a"),
            *("~5 kg", "Is it > x?", "日本語。", "a|b", "1. Januar", "«Привет» – мир"),
        ],
    ),
    (
        NoPlaceholders(examples=("Ada Lovelace",), allow=("N/A", "Foo")),
        [
            *("Ada", "N/A", "foo", "a string quartet", "The date is TBD by Ada.", "None", "X", "+"),
            *("<b>bold</b>", "a<br>b", "List<String>", "Ada <ada@x.org>", "1 < 2 and 3 > 2"),
            *("%", "$5", "mm", "Add sugar here and there.", "xx", "a_b", "Dr. No", "<3 <4>"),
            *("[1]", "see [Smith 2020]", "f{x}", "i <3 you", "…and then", "未定义", "Todo el día"),
            {"name": "Ada", "tags": ["x", None, 3, True]},
        ],
    ),
    (
        Url(),
        [
            *("https://a.org", "http://localhost:8080/x", "https://例え.jp/パス?q=1#f"),
            *("https://[::1]/", "http://127.0.0.1", "https://en.wikipedia.org/wiki/Foo_(bar)"),
        ],
    ),
    (Url(schemes=("ftp",)), ["ftp://files.example.org/a"]),
    (IsoDate(), ["2024-02-29", "0001-01-01", "9999-12-31"]),
    (IsoDate(earliest="2024-01-01", latest=date(2024, 12, 31)), ["2024-01-01", "2024-12-31"]),
    (Matches(r"[A-Z]{2}-\d{4}"), ["AB-1234"]),
    (Matches(r"\p{Lu}\p{Ll}+"), ["Ärger", "Жук"]),
    (Language("ru"), ["Привет, мир", "Привет, Google и YouTube, как ваши дела?", "42", ""]),
    (Language("ja"), ["日本語のテスト", "東京", "ﾃｽﾄです"]),
    (Language("zh"), ["中文字", "我用 Python 写程序和文章"]),
    (Language("ko"), ["안녕하세요"]),
    (Language("en"), ["Hello, Ångström", "ＡＢＣ"]),  # noqa: RUF001
    (Language("el"), ["Καλημέρα"]),
    (Language("ar"), ["مرحبا"]),
    (Language("he"), ["שלום"]),
    (Language("hi"), ["नमस्ते"]),
    (Language("th"), ["สวัสดี"]),
    (Unique(), [[], [1, 2], ["a", "A"], [True, 1], [{"a": 1}, {"a": 2}]]),
    (Unique("id"), [[{"id": 1}, {"id": 2}], [{"id": 1}, {}]]),
    (Ordered(), [[], [1, 1, 2], ["a", "b"], (date(2024, 1, 1), date(2024, 1, 2))]),
    (Ordered(descending=True), [[2, 1, 1]]),
    (Ordered("at.day"), [[{"at": {"day": 1}}, {"at": {"day": None}}, {"at": {"day": 2}}]]),
    (SumsTo(1), [[0.1, 0.2, 0.7], [1], {"a": 0.5, "b": Decimal("0.5")}]),
    (SumsTo(100, tolerance=0.5), [[33.3, 33.3, 33.3]]),
    (SumsTo(0), [[]]),
    (SumsTo(1, of="[*].share"), [[{"share": 0.4}, {"share": 0.6}]]),
    (SumsTo("sum", of="parts[*].score"), [{"parts": [{"score": 1}, {"score": 2}], "sum": 3}]),
    (Before("start", "end"), [{"start": 1, "end": 2}, {"start": 1, "end": None}, {"end": 1}]),
    (Before("a.x", "b[0]", or_equal=True), [{"a": {"x": 1}, "b": [1]}]),
]


@pytest.mark.parametrize(("marker", "values"), PASSES, ids=[repr(row[0]) for row in PASSES])
def test_what_passes(marker: Marker, values: list[object]):
    """And None passes everywhere: whether a value may be absent is for its type to say."""
    assert [said(marker, value) for value in [*values, None]] == [[]] * (len(values) + 1)


SHARES = [{"share": 0.4}, {"share": 0.5}]
FAILS: list[tuple[Marker, object, str]] = [
    (
        MaxWords(2),
        "a b c",
        '$: expected at most 2 words, not 3, got "a b c" (leave out at least 1 word)',
    ),
    (
        MaxWords(1),
        "中文",
        '$: expected at most 1 word, not 2, got "中文" (leave out at least 1 word)',
    ),
    (
        MinWords(3),
        "a",
        '$: expected at least 3 words, not 1, got "a" (write at least 2 words more)',
    ),
    (
        MinWords(1),
        "… —",
        '$: expected at least 1 word, not 0, got "… —" (write at least 1 word more)',
    ),
    (OneLine(), "a\n", '$: expected one line, not 2, got "a\\n" (leave out the line breaks)'),
    (
        OneLine(),
        "a\u2028b",
        '$: expected one line, not 2, got "a\\u2028b" (leave out the line breaks)',
    ),
    (
        NoMarkdown(),
        "Well:\n# A title",
        (
            '$: expected plain text without Markdown, not a heading such as "# A title",'
            ' got "Well:\\n# A title" (write it in plain words and sentences)'
        ),
    ),
    (
        NoPlaceholders(),
        "TBD",
        (
            "$: expected the value itself, not a placeholder (a word that stands for a value),"
            ' got "TBD" (write what is asked for)'
        ),
    ),
    (
        NoPlaceholders(examples=("Ada Lovelace",)),
        {"people": [{"name": "Bob"}, {"name": "ada lovelace."}]},
        (
            "$.people[1].name: expected the value itself, not a placeholder (an example),"
            ' got "ada lovelace." (write what is asked for)'
        ),
    ),
    (
        Url(),
        "a.org",
        (
            "$: expected a whole URL that begins with https:// or http://: it does not begin with"
            ' https:// or http://, got "a.org"'
        ),
    ),
    (
        IsoDate(latest="2024-12-31"),
        "2025-01-01",
        '$: expected a date as YYYY-MM-DD, not after 2024-12-31, got "2025-01-01"',
    ),
    (
        IsoDate(),
        "2025-02-29",
        (
            '$: expected a date as YYYY-MM-DD, got "2025-02-29"'
            " (write year, month and day of a day that exists)"
        ),
    ),
    (
        Matches(r"[A-Z]{2}-\d{4}", said="a code such as AB-1234"),
        "AB-123",
        '$: expected a code such as AB-1234, got "AB-123" (write a code such as AB-1234)',
    ),
    (
        Matches("a+"),
        "aab",
        '$: expected text that matches a+, got "aab" (write text that matches a+)',
    ),
    (
        Language("ru"),
        "Hello world, мир",
        (
            "$: expected text in the language 'ru' (Cyrillic script), not Latin letters,"
            " got \"Hello world, мир\" (write it in the language 'ru')"
        ),
    ),
    (
        Language("ja"),
        "这是一个中文句子并且没有任何日语假名所以不行",
        (
            "$: expected text in the language 'ja' (Hiragana or Katakana or Cjk script),"
            ' not Chinese characters alone, got "这是一个中文句子并且没有任何日语假名所以不行"'
            " (write it in the language 'ja')"
        ),
    ),
    (
        Unique(),
        ["x", "y", "x"],
        '$[2]: expected another value than that of item [0], got "x" (write another one)',
    ),
    (
        Unique("id", fold=True),
        [{"id": "A"}, {"id": " a "}],
        '$[1].id: expected another id than that of item [0], got " a " (write another one)',
    ),
    (
        Ordered("day", descending=True),
        [{"day": 2}, {"day": None}, {"day": 3}],
        (
            "$: expected items in descending order by day: item [2], 3, must come before"
            ' item [0], 2, got [{"day": 2}, {"day": null}, {"day": 3}] (sort them)'
        ),
    ),
    (
        Ordered(),
        [1, "a"],
        (
            '$: expected items in ascending order: item [1], "a", cannot be compared to'
            ' item [0], 1, got [1, "a"] (sort them)'
        ),
    ),
    (
        SumsTo(1, of="[*].share"),
        SHARES,
        (
            "$: expected [*].share to add up to 1, not 0.9,"
            ' got [{"share": 0.4}, {"share": 0.5}] (make them larger by 0.1 altogether)'
        ),
    ),
    (
        SumsTo(1),
        [2],
        (
            "$: expected the numbers to add up to 1, not 2, got [2]"
            " (make them smaller by 1 altogether)"
        ),
    ),
    (
        SumsTo(1),
        [1, float("nan")],
        "$: expected finite numbers: the numbers add up to 1, got [1, NaN]",
    ),
    (SumsTo(1), [True], "$: expected finite numbers: the numbers add up to 1, got [true]"),
    (
        SumsTo("sum", of="parts[*]"),
        {"parts": [1, 2], "sum": 4},
        (
            "$.sum: expected the sum of parts[*], which is 3, got 4"
            " (correct it, or the numbers that it sums)"
        ),
    ),
    (
        SumsTo("sum", of="parts[*]"),
        {"parts": [1, 2]},
        '$: expected finite numbers: parts[*] add up to sum, got {"parts": [1, 2]}',
    ),
    (
        Before("start", "end"),
        {"start": "2024-02-01", "end": "2024-02-01"},
        (
            '$.start: expected start before end, which is "2024-02-01", got "2024-02-01"'
            " (correct start or end)"
        ),
    ),
    (
        Before("start", "end", or_equal=True),
        {"start": 2, "end": 1},
        "$.start: expected start not after end, which is 1, got 2 (correct start or end)",
    ),
    (
        Before("start", "end"),
        {"start": 2, "end": "1"},
        '$.start: expected start before end, which is "1", got 2 (correct start or end)',
    ),
]


@pytest.mark.parametrize(
    ("marker", "value", "message"), FAILS, ids=[f"{row[0]!r} {row[1]!r}"[:90] for row in FAILS]
)
def test_what_fails_and_what_the_model_is_told(marker: Marker, value: object, message: str):
    """Path, expected, got, fix: the line of the re-ask."""
    assert said(marker, value) == [message]


@pytest.mark.parametrize(
    ("marker", "value", "message"),
    [row for row in FAILS if "NaN" not in row[2]],  # which JSON cannot say
    ids=[f"{row[0]!r} {row[1]!r}"[:90] for row in FAILS if "NaN" not in row[2]],
)
def test_an_annotation_says_the_same_as_the_function(marker: Marker, value: object, message: str):
    """Through pydantic nothing of the violation is lost."""
    checked = typed_target(Annotated[type(value), marker]).decoder.check(value)
    assert isinstance(checked, Invalid)
    assert [str(each) for each in checked.violations] == [message]
    assert checked.violations == marker(value)


MARKED = {
    "a code block": ["```python\nx\n```", "~~~\nx\n~~~"],
    "a heading": ["# Title", "text\n### 見出し", "Title\n====="],
    "a table": ["a|b\n---|---", "| a | b |\n|:--|--:|\n| 1 | 2 |"],
    "a rule": ["a\n\n---\nb", "* * *"],
    "a link": ["see [it](http://x.y)", '![a picture](x.png "title")'],
    "bold text": ["some **bold** words", "**жирный**", "__so bold__"],
    "struck text": ["~~gone~~"],
    "code": ["call `f(x)`"],
    "emphasis": ["an *important* one", "_very_ much", "*важно*"],
    "a bullet": ["List:\n- one\n- two", "* one", "• 一つ"],
    "a numbered list": ["1. one\n2. two", "1) एक\n\n2) दो"],
    "a quotation": ["> quoted words", ">слово"],
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in MARKED.items() for text in texts]
)
def test_markdown_is_named(name: str, text: str):
    """Each kind by its first rule that applies."""
    (violation,) = NoMarkdown()(text)
    assert violation.expected.startswith(f"expected plain text without Markdown, not {name} such")


@pytest.mark.parametrize("name", _MARKS)
def test_no_rule_about_markdown_can_explode(name: str):
    """The lint for the patterns of users holds for ours."""
    assert backtracking(_MARKS[name].pattern) is None


@pytest.mark.untraced
@pytest.mark.parametrize(
    "piece", ["[", "*", "_", "`", "~", "> ", "- ", "|-", "#", "__a ", "1. ", " "]
)
def test_long_texts_are_checked_in_linear_time(piece: str):
    """A hundred thousand signs are no matter of seconds."""
    began = time.process_time()
    for marker in (
        NoMarkdown(),
        MaxWords(10**6),
        OneLine(),
        NoPlaceholders(),
        Language("en"),
        Url(),
    ):
        marker(piece * 50_000)
    assert time.process_time() - began < 5


PLACEHOLDERS = [
    *(
        "string",
        "String",
        '"string"',
        "<string>",
        "null",
        "NaN",
        "n/a",
        "N/A",
        "N.A.",
        "TBD",
        "tbc",
    ),
    *("TODO", "todo:", "To be determined.", "your answer here", "[Your Name]", "[name]", "{name}"),
    *("${NAME}", "<name>", "Dear <your name>,", "Hello {{first_name}}!", "[insert date] in Rome"),
    *("...", "…", "???", "---", "___", "—", "xxx", "XXXX", "Lorem ipsum dolor sit amet", "[...]"),
    *("TODO: write this", "foo", "<<name>>", "{0}", "%s", "YYYY-MM-DD", "dd.mm.yyyy hh:mm"),
    *("insert name here", "FILL_ME_IN", "He is ___ years old", "xxx-xx-xxxx", "Müller <Vorname>"),
    *("待定", "未定", "待定。", "미정", "уточняется", "à définir", "zu ergänzen", "por definir"),
    *("يحدد لاحقا", "記入してください", "<имя>", "[名前]", "<όνομα>", "{{नाम}}"),
]


@pytest.mark.parametrize("text", sorted(set(PLACEHOLDERS)))
def test_placeholders_fail_in_many_languages(text: str):
    """One violation each, with the text quoted."""
    (violation,) = NoPlaceholders()(text)
    assert violation.expected.startswith("expected the value itself, not a placeholder (")


@pytest.mark.parametrize(
    "text",
    [
        *("", "https://", "https://a", "https://a..b", "https://256.1.1.1", "https://a.org."),
        *("https://a b.org", "http://a.org:99999", "http://a.org:0", "mailto:x@y.z", "https:a.org"),
        *("https://-a.org", "[x](https://a.org)", "<https://a.org>", "www.a.org", "https://[::1"),
        *("HTTPS//a.org", "https://a.org/\n", "javascript:alert(1)", "https://a_.org"),
    ],
)
def test_what_is_no_url(text: str):
    assert len(Url()(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        *("2024-2-9", "20240209", "2024-13-01", "2024-02-30", "٢٠٢٤-٠١-٠١", " 2024-01-01"),  # noqa: RUF001
        *("2024-01-01T00:00", "01-01-2024", "", "today", "2024-W01-1", "2024-01-01\n"),
    ],
)
def test_what_is_no_date(text: str):
    assert len(IsoDate()(text)) == 1


@pytest.mark.parametrize("code", ["ru", "zh", "ja", "ko", "el", "ar", "he", "hi", "th", "am", "ka"])
def test_a_latin_text_is_in_no_other_script(code: str):
    """And a text of each of these is not in Latin."""
    assert len(Language(code)("This is English.")) == 1
    own = next(values[0] for marker, values in PASSES if marker == Language("ru"))
    assert len(Language("en")(own)) == 1


SOURCE = (
    "Ada’s “first” note cost 1,200.50 €\n(at -5 °C,  in\u00a0cafe\u0301 15);"
    " 私は東京に住む, pages 3-7, 10 000 in 2024 100 times on 4/8/2025, 2/33; 2,345."
)
FOUND = [
    pytest.param("first", ["first"], id="a word"),
    pytest.param('Ada\'s "first" note', ["Ada’s “first” note"], id="quotes of another kind"),
    pytest.param("in café 15", ["in\u00a0cafe\u0301 15"], id="blanks and accents of another kind"),
    pytest.param("€ (at", ["€\n(at"], id="across a line"),
    pytest.param("東京", ["東京"], id="a word without blanks around it"),
    pytest.param(15, ["15"], id="a whole number"),
    pytest.param(1200.5, ["1,200.50"], id="a grouped number with another zero"),
    pytest.param(Decimal("1200.50"), ["1,200.50"], id="a decimal"),
    pytest.param(-5, ["-5"], id="a negative number"),
    pytest.param(7, ["7"], id="the end of a range"),
    pytest.param(3.0, ["3"], id="a float that is whole"),
    pytest.param(10000, ["10 000"], id="thousands apart"),
    pytest.param(2024, ["2024"], id="a year before a number"),
    pytest.param(2025, ["2025"], id="the year of a date"),
]


@pytest.mark.parametrize(("value", "pieces"), FOUND)
def test_a_grounded_value_has_its_places(value: object, pieces: list[str]):
    """The spans are those of the source as it was given."""
    spans = Grounded().spans(value, SOURCE)
    assert [SOURCE[start:end] for start, end in spans] == pieces
    assert said(Grounded(), value, SOURCE) == said(Grounded(), value, {"source": SOURCE}) == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="nothing"),
        pytest.param("   ", id="blanks"),
        pytest.param("firs", id="a part of a word"),
        pytest.param("cafe", id="without its accent"),
        pytest.param("FIRST", id="another case"),
        pytest.param("京都", id="another word"),
        pytest.param(5, id="without its sign, or a part of a number"),
        pytest.param(1, id="the thousands of a number"),
        pytest.param(200, id="the hundreds of a number"),
        pytest.param(1200, id="without its fraction"),
        pytest.param(50, id="the fraction of a number"),
        pytest.param(-7, id="a dash that is no sign"),
        pytest.param(float("inf"), id="no number"),
        pytest.param("note costs", id="nearly"),
        pytest.param(10, id="the thousands before a blank"),
        pytest.param(0, id="the hundreds behind a blank"),
        pytest.param(2, id="the upper part of a fraction"),
        pytest.param(33, id="the lower part of a fraction"),
        pytest.param(2.345, id="three digits behind a comma may be thousands"),
    ],
)
def test_what_is_not_in_the_source_fails(value: object):
    """With the words for the re-ask."""
    (violation,) = Grounded()(value, SOURCE)
    assert violation.expected == "expected words that occur in the source text"
    assert violation.fix == "copy them letter by letter"


def test_each_tolerance_can_be_chosen():
    """Whitespace and quotes are looked over unless told, case only when told."""
    assert Grounded(case=True).spans("STRASSE", "die Straße da") == ((4, 10),)
    assert Grounded(quotes=False).spans("it's", "it’s") == ()
    assert Grounded(whitespace=False).spans("a b", "a  b") == ()
    assert Grounded().spans("a  b", "a b") == ((0, 3),)


def test_items_of_a_list_are_grounded_one_by_one():
    """The path is that of the item."""
    assert [each.path for each in Grounded()(["first", "last", None, 99], SOURCE)] == [
        "$[1]",
        "$[3]",
    ]


@given(st.text(min_size=1), st.text(), st.text())
def test_a_copied_text_is_grounded(piece: str, before: str, after: str):
    """Whatever it holds, if it holds a sign at all; and what is found reads as the value does."""
    source = f"{before} {piece} {after}"
    spans = Grounded().spans(piece, source)
    if piece.strip() and piece[0].isalpha() and piece[-1].isalpha():
        assert spans
    for start, end in spans:
        assert Grounded().spans(source[start:end], source)


@pytest.mark.parametrize("context", [None, 3, {}, {"source": None}, {"text": "x"}])
def test_without_a_source_nothing_is_accepted(context: object):
    """An error of the program, not of the model."""
    with pytest.raises(ConfigurationError, match="needs the source text: pass context="):
        Grounded()("x", context)


REFUSED = [
    pytest.param(lambda: MaxWords(0), "0 is no number of words", id="no words"),
    pytest.param(lambda: MinWords(True), "True is no number of words", id="true"),  # noqa: FBT003
    pytest.param(lambda: MinWords("5"), "'5' is no number of words", id="text"),
    pytest.param(lambda: Matches("(a+)+b"), "nested repetition", id="an exploding pattern"),
    pytest.param(lambda: Matches("("), "cannot be checked", id="no pattern"),
    pytest.param(lambda: Matches("(", unsafe=True), "no pattern", id="no pattern at all"),
    pytest.param(
        lambda: Language("xx"), "unknown language 'xx' (use one of am, ar", id="a language"
    ),
    pytest.param(lambda: Language("ru", share=0), "0 is no share", id="no share"),
    pytest.param(lambda: Url(schemes=()), "no schemes", id="no schemes"),
    pytest.param(lambda: IsoDate(earliest="1.1.2020"), "'1.1.2020' is no date", id="a date"),
    pytest.param(
        lambda: IsoDate(earliest="2020-01-02", latest="2020-01-01"), "no date lies", id="no dates"
    ),
    pytest.param(lambda: NoPlaceholders(examples="x"), "'x' is no tuple of texts", id="one text"),
    pytest.param(lambda: NoPlaceholders(allow=(1,)), "(1,) is no tuple of texts", id="a number"),
    pytest.param(lambda: Unique("a b"), "'a b' is no path", id="a key"),
    pytest.param(lambda: Ordered("a b"), "'a b' is no path", id="an order"),
    pytest.param(lambda: SumsTo(float("inf")), "inf is no total", id="an endless total"),
    pytest.param(lambda: SumsTo(1, tolerance=-1), "-1 is no tolerance", id="a tolerance"),
    pytest.param(lambda: Before("a", "a"), "cannot come before itself", id="itself"),
    pytest.param(lambda: Before("a[*]", "b"), "'a[*]' is not one member", id="many members"),
    pytest.param(lambda: OneLine().at("a b"), "'a b' is no path", id="a path"),
    pytest.param(
        lambda: TypeAdapter(Annotated[int, MaxWords(3)]),
        "cannot be used for int",
        id="words of int",
    ),
    pytest.param(
        lambda: TypeAdapter(Annotated[list[str], OneLine()]), "cannot be used for list", id="a list"
    ),
    pytest.param(
        lambda: TypeAdapter(Annotated[bool, Grounded()]), "cannot be used for bool", id="a truth"
    ),
    pytest.param(lambda: TypeAdapter(Annotated[int, Unique()]), "used for int", id="no list"),
]


@pytest.mark.parametrize(("declare", "problem"), REFUSED)
def test_nonsense_is_refused_when_declared(declare, problem: str):
    """As a SchemaError with a fix."""
    with pytest.raises(SchemaError) as caught:
        declare()
    assert problem in str(caught.value)


@pytest.mark.parametrize("marker", [MaxWords(3), Unique(), Grounded(), Ordered()])
@pytest.mark.parametrize("value", [object(), 3.5j, {"a": 1}])
def test_a_rule_for_another_kind_of_value_is_a_bug_of_the_program(marker: Marker, value: object):
    """It is raised, not taken for an answer of the model."""
    with pytest.raises(TypeError, match="reads"):
        marker(value, "source")


def test_true_is_no_number_in_a_text():
    with pytest.raises(TypeError, match="reads text and numbers, got bool"):
        Grounded()([True], "1")


class Stop(BaseModel):
    """A place and its days."""

    place: Annotated[str, NoPlaceholders(), Field(description="A town.")]
    start: date
    end: date = Field(validation_alias="until")


class Trip(BaseModel):
    """A journey."""

    title: Annotated[str, OneLine(), MaxWords(3)] = Field("", description="For the cover.")
    code: Annotated[str, Matches(r"[A-Z]+")] = "A"
    stops: Annotated[list[Annotated[Stop, Before("start", "end")]], Unique("place")] = []
    tags: Annotated[list[str], Unique()] = []
    quote: Annotated[str, Grounded()] | None = None


ROME = {"place": "Rome", "start": "2024-01-02", "until": "2024-01-05"}


def test_annotated_rules_are_checked_with_the_type():
    """The violations are those of the functions, at their places; several at once."""
    trip = {
        "title": "A very\nlong title",
        "stops": [ROME, {**ROME, "until": "2024-01-01"}],
        "tags": ["x", "x"],
        "quote": "veni",
    }
    checked = typed_target(Trip).decoder.check(trip, context="vidi, vici")
    assert isinstance(checked, Invalid)
    assert [str(each) for each in checked.violations] == [
        '$.title: expected one line, not 2, got "A very\\nlong title" (leave out the line breaks)',
        (
            '$.stops[1].start: expected start before until, which is "2024-01-01",'
            ' got "2024-01-02" (correct start or until)'
        ),
        '$.tags[1]: expected another value than that of item [0], got "x" (write another one)',
        (
            '$.quote: expected words that occur in the source text, got "veni"'
            " (copy them letter by letter)"
        ),
    ]
    assert checked.violations[1].involved == ("$.stops[1].until",)


def test_valid_values_are_untouched():
    """A rule gives back what it was given."""
    good = {"title": "To Rome", "stops": [ROME], "tags": ["x"], "quote": "vici"}
    checked = typed_target(Trip).decoder.check(good, context="vidi, vici")
    assert isinstance(checked, Valid)
    assert checked.output.model_dump(mode="json") == {
        "title": "To Rome",
        "code": "A",
        "stops": [{"place": "Rome", "start": "2024-01-02", "end": "2024-01-05"}],
        "tags": ["x"],
        "quote": "vici",
    }


def test_the_model_is_told_in_the_schema():
    """A clause behind the description, or the keyword that says the same."""
    schema = typed_target(Trip).schema
    members = schema["properties"]
    assert members["title"]["description"] == "For the cover; one line; at most 3 words"
    assert members["code"]["pattern"] == "^(?:[A-Z]+)$"
    assert members["tags"]["uniqueItems"] is True
    assert members["stops"]["description"] == "no two items with the same place"
    assert members["stops"]["items"]["description"] == "start before end"
    assert members["quote"]["anyOf"][0]["description"] == "copied from the source text"
    assert schema["$defs"]["Stop"]["properties"]["place"]["description"] == "A town; no placeholder"


def test_a_rule_for_the_whole_output_stands_at_the_root_of_its_schema():
    """Servers want an object there; a type that refers to itself keeps its name."""
    ordered = Before("start", "end")
    stop = typed_target(Annotated[Stop, ordered]).schema
    assert (stop["type"], stop["description"]) == (
        "object",
        "A place and its days; start before end",
    )
    assert "$defs" not in stop
    branch = typed_target(Annotated[Branch, ordered]).schema
    assert (branch["$ref"], branch["description"]) == ("#/$defs/Branch", "start before end")


class Branch(BaseModel):
    """A branch of branches."""

    start: int
    end: int
    branches: list[Branch] = []


@pytest.mark.parametrize(
    ("pattern", "portable"),
    [
        (r"\d{4}-[A-Z]+", True),
        (r"\p{L}+", False),
        (r"(?i)a", False),
        (r"(?=a)b", False),
        ("a++", False),
    ],
)
def test_a_pattern_goes_into_the_schema_when_every_engine_reads_it(pattern: str, portable: bool):  # noqa: FBT001
    assert bool(Matches(pattern).keywords) is portable


def test_plain_pydantic_shows_the_same_messages():
    """One error a violation."""
    with pytest.raises(ValidationError) as caught:
        Trip.model_validate({"title": "a b c d", "tags": ["x", "x", "x"]})
    assert [(each["loc"], each["msg"]) for each in caught.value.errors()] == [
        (("title",), "Value error, expected at most 3 words, not 4"),
        (("tags",), "Value error, expected another value than that of item [0]"),
        (("tags",), "Value error, expected another value than that of item [0]"),
    ]


def test_a_match_that_takes_too_long_is_no_match():
    """The last guard behind unsafe=True."""
    slow = Matches(r"(a|aa)+b", unsafe=True)
    began = time.perf_counter()
    assert len(slow("a" * 60)) == 1
    assert time.perf_counter() - began < 10


def test_rules_are_values():
    """Equal, hashable, printable, and at home in other processes."""
    for marker, _ in PASSES:
        assert pickle.loads(pickle.dumps(marker)) == copy.deepcopy(marker) == marker  # noqa: S301  # our own
        assert hash(marker) == hash(copy.deepcopy(marker))
        assert type(marker).__name__ in repr(marker)


def test_a_rule_is_a_validator_of_whole_outputs():
    """With the context of the run, and a fix of the user."""
    each = validator(Ordered(), fix=sorted, name="in order")
    checked = checking.check(each, [2, 1])
    assert (checked.violations, checked.value) == ((), [1, 2])
    grounded = as_validator(Grounded())
    assert (grounded.takes_context, grounded.waits) == (True, False)
    assert checking.check(grounded, "vici", "veni, vidi, vici").violations == ()


def test_a_rule_can_be_laid_on_members():
    """Of any output: a dict of a Schema, or an object."""
    words = MaxWords(1).at("items[*].name")
    for output in (
        {"items": [{"name": "a"}, {"name": "b c"}, {}]},
        Holder([Item("a"), Item("b c")]),
    ):
        assert checking.check(words, output).violations == (
            Violation(
                "$.items[1].name",
                "validator",
                "expected at most 1 word, not 2",
                '"b c"',
                "leave out at least 1 word",
            ),
        )


@dataclass
class Item:
    """A named thing."""

    name: str


@dataclass
class Holder:
    """Some named things."""

    items: list[Item]


@dataclass(frozen=True)
class Even(Marker):
    """A rule as users write it."""

    reads: ClassVar[tuple[type, ...]] = (int,)

    @property
    @override
    def told(self) -> str:
        return "an even number"

    @override
    def check(self, value: object, context: object) -> bool | str | None:
        if value == 13:
            message = "not that one"
            raise ModelRetry(message, fix="take 14")
        if value == 15:
            raise ValueError("nor that one")
        return "expected an even number" if int(str(value)) % 2 else None


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (2, []),
        (3, ["$: expected an even number, got 3"]),
        (13, ["$: not that one, got 13 (take 14)"]),
        (15, ["$: nor that one, got 15"]),
    ],
)
def test_users_write_their_own(value: int, messages: list[str]):
    """One method; as a function and as an annotation alike."""
    assert said(Even(), value) == messages
    target = typed_target(Annotated[int, Even()])
    checked = target.decoder.check(value)
    found = checked.violations if isinstance(checked, Invalid) else ()
    assert [str(each) for each in found] == messages
    assert target.schema == {"type": "integer", "description": "an even number"}


TOLD = [
    (MaxWords(1), "at most 1 word"),
    (MinWords(2), "at least 2 words"),
    (OneLine(), "one line"),
    (NoMarkdown(), "plain text without Markdown"),
    (NoPlaceholders(), "no placeholder"),
    (Grounded(), "copied from the source text"),
    (Language("ru"), "written in the language 'ru'"),
    (Url(schemes=("https",)), "a whole URL that begins with https://"),
    (IsoDate(), ""),
    (IsoDate("2024-01-01", "2024-12-31"), "not before 2024-01-01, not after 2024-12-31"),
    (Matches("a+", said="some a"), "some a"),
    (Unique(), ""),
    (Unique(fold=True), "no two items with the same value"),
    (Ordered("day", descending=True), "in descending order by day"),
    (SumsTo(1), "the numbers add up to 1"),
    (SumsTo("sum", of="parts[*]"), "parts[*] add up to sum"),
    (Before("start", "end"), "start before end"),
    (Before("start", "end", or_equal=True), "start not after end"),
    (Marker(), ""),
]


@pytest.mark.parametrize(("marker", "told"), TOLD)
def test_a_rule_says_itself_in_a_few_words(marker: Marker, told: str):
    """Nothing where a keyword of the schema says it."""
    assert marker.told == told


def test_a_rule_without_a_check_says_so():
    with pytest.raises(NotImplementedError):
        Marker()(3)


def test_moments_with_and_without_a_zone_cannot_be_ordered():
    """That is for the model to mend."""
    value = {"a": datetime(2024, 1, 1), "b": datetime(2024, 1, 2, tzinfo=UTC)}  # noqa: DTZ001
    assert len(Before("a", "b")(value)) == 1


@pytest.mark.parametrize("precision", [2, 28])
def test_a_sum_is_exact_in_every_context_of_the_caller(precision: int):
    """Also far beyond the digits that decimals keep by themselves."""
    large = 10**40
    with localcontext(prec=precision, traps=[Inexact, Rounded]):
        for numbers, total in (
            ([0.12345, 0.87655], 1),
            ([large, 1, -large], 1),
            ([1e300, 1e-300, -1e300], 1e-300),
        ):
            assert not told_by(SumsTo(total), numbers)
        (wrong,) = told_by(SumsTo(1), [large, 2, -large])
    assert "not 2" in str(wrong)
    assert wrong.fix == "make them smaller by 1 altogether"


def told_by(rule: SumsTo, value: object) -> Sequence[Violation]:
    said = rule.check(value, None)
    return [said] if isinstance(said, Violation) else list(said or ())


@given(st.text("ab ", min_size=1, max_size=9), st.text("ab ", max_size=60))
def test_a_piece_is_found_wherever_it_begins(piece: str, text: str):
    """Also where it comes again within itself."""
    wanted = [at for at in range(len(text)) if text.startswith(piece, at)]
    assert list(_starts(piece, text)) == wanted


@pytest.mark.untraced
@pytest.mark.parametrize("piece", ["ab ", "-ab ", "a"])
def test_a_long_value_that_repeats_itself_is_found_at_once(piece: str) -> None:
    """Each place took a time that grows with the value: to look for all of them 7 s and more."""
    value, source = piece * 30_000, piece * 60_000
    places = 0 if piece == "a" else 30_000  # the letters go on as one word
    began = time.process_time()
    assert len(Grounded().spans(value.strip(), source)) in {places, places + 1}
    assert not said(Grounded(), value, source) or not places
    assert time.process_time() - began < 5
