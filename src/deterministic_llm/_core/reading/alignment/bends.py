"""The named rules that bend a value to its schema, and the two ways in which one can answer."""

from __future__ import annotations

from typing import TypeAlias

from deterministic_llm._core.attempts import Code, Loss
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen


@frozen
class Rule:
    """A heuristic by *name*: its *loss*, what it *does*, and how far it reaches.

    *cost* orders readings: a union takes the member whose edits cost least in all.
    """

    name: str
    loss: Loss
    cost: int
    does: str


@frozen
class Bent:
    """A rule applied: the *value* that the schema means."""

    value: JsonValue
    rule: Rule


@frozen
class Refused:
    """A rule saw what was written and why it cannot be one value: *reason* is a clause."""

    code: Code
    reason: str
    fix: str | None = None


Bend: TypeAlias = Bent | Refused | None
"""What a rule answers; None when what was written is not its business."""

KEY_SPELLING = Rule("key spelling", "format", 1, "Essay Score, essay-score → essay_score")
KEY_ALIAS = Rule("key alias", "format", 1, "a name listed in x-aliases → the property")
KEY_TWICE = Rule("key written twice", "format", 1, "two spellings with equal values → one member")
NULL_DROPPED = Rule("null left out", "format", 1, "null for an optional that refuses null → absent")
NULL_WORD = Rule("null in words", "format", 2, '"N/A", "none" for an optional → null')
ENVELOPE = Rule("envelope opened", "format", 3, '{"response": VALUE} → VALUE')
SCHEMA_ECHO = Rule("schema echo opened", "format", 3, '{"properties": {values}} → {values}')
TYPED_VALUE = Rule("typed value opened", "format", 2, '{"type": …, "value": VALUE} → VALUE')
TOOL_CALL = Rule("tool call opened", "format", 3, '{"name": …, "arguments": VALUE} → VALUE')
JSON_TEXT = Rule(
    "JSON in a string", "format", 1, 'a list or object in quotes → itself: "[1]" → [1]'
)
LIST_OF_ONE = Rule("list of one", "format", 2, "[VALUE] where one value is wanted → VALUE")
SINGLE_ITEM = Rule("single item", "format", 3, "VALUE where a list is wanted → [VALUE]")
BULLETS = Rule("bulleted lines", "format", 2, "one item a bulleted or numbered line → a list")
LABEL_SPELLING = Rule(
    "label spelling", "format", 1, "case, separators, quotes: Not Urgent → NOT_URGENT"
)
LABEL_DESCRIBED = Rule("label with its description", "format", 2, "helpful: it answers → helpful")
LABEL_FRAMED = Rule("label in a plain sentence", "format", 3, "The answer is helpful. → helpful")
LABEL_LETTER = Rule("option letter", "format", 2, "B, or B) helpful → the label so lettered")
LABEL_VALUE = Rule("label of another type", "format", 1, '"4" → 4, or 4 → "4", if that is a label')
NUMBER_TEXT = Rule("number in a string", "format", 1, '"18", "-2.50" → the number')
NUMBER_DIGITS = Rule("digits of another script", "format", 1, "\uff11\uff18, ١٨, १८ → 18")
NUMBER_GROUPED = Rule("grouped digits", "format", 1, "1,234,567 or 1'234 or 1 234 → the number")
NUMBER_COMMA = Rule("decimal comma", "format", 1, "3,5 → 3.5 if that is the only reading")
NUMBER_MONEY = Rule("currency sign", "format", 1, "$1,234.50, 20 EUR → the amount")
NUMBER_PERCENT = Rule("percent sign", "format", 2, "95% → 95, or 0.95 where the bounds are 0 and 1")
NUMBER_RATIO = Rule("out of the maximum", "format", 2, "9/10 → 9 if the maximum is 10")
NUMBER_WORD = Rule("number in words", "format", 2, "twenty-five → 25")
NUMBER_TWICE = Rule("number in words and digits", "format", 2, "four (4) → 4")
NUMBER_UNIT = Rule(
    "unit that the schema names", "format", 2, "18 cm for height_cm, 8 points → 18, 8"
)
NUMBER_EXPLAINED = Rule("grade with its reason", "format", 3, "8 - the argument is clear → 8")
INTEGRAL = Rule("integral float", "none", 0, "8.0 for an integer → 8")
DIGITS = Rule("number for a string", "format", 2, '18 for a string → "18"')
BOOLEAN_WORD = Rule("boolean in words", "format", 1, '"yes" → true, "off" → false')
DATE_SPELLING = Rule("date spelling", "format", 1, "March 4, 2025 → 2025-03-04")
DURATION_SPELLING = Rule("duration spelling", "format", 1, "1 hour 30 minutes → PT1H30M")
TIME_SPELLING = Rule("time spelling", "format", 1, "7:05 pm → 19:05:00")
