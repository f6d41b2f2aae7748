"""The named rules by which a text form is read although it was not written letter by letter."""

from __future__ import annotations

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.alignment.bends import Rule

AROUND = Rule("text around the form", "none", 0, "a preface or an explanation is left out")
SPELLING = Rule(
    "spelling of the form", "format", 1, "case, spacing, emphasis, other digits, slashes and colons"
)
REPEATED = Rule("form repeated", "none", 0, "the same answer twice is one answer")
SET_ASIDE = Rule(
    "candidate set aside", "format", 2, "a draft, example, quotation or corrected one is no answer"
)
NO_DENOMINATOR = Rule(
    "denominator left out", "format", 2, "9 for 9/10 if the maximum is 10 and the 9 is complete"
)
NO_LABEL = Rule("label left out", "format", 2, "9/10 as the whole text for score: 9/10")
SHORT_LABEL = Rule("label shortened", "format", 2, "Score: 9/10 as the whole text for essay score")
STATED = Rule("grade in a sentence", "format", 2, "I'd give it 9/10 → score: 9/10")
REORDERED = Rule("fields out of order", "format", 2, "labelled fields in another order")
AS_JSON = Rule("JSON for the form", "format", 2, '{"score": 9} for score: 9/10')
UNQUOTED = Rule("quotes around a text", "format", 1, 'Title: "Emma" → Emma')
REMARK = Rule("closing remark", "format", 2, "Let me know if ... behind the last text is left out")
EXPLAINED = Rule("explanation behind a value", "none", 1, "9 - well written → 9")
NUMBERED = Rule("list marker", "none", 0, "- or 1. in front of a record")
OPTION = Rule("option in a sentence", "format", 2, "The answer is yes. → yes")


def repair(
    rule: Rule, before: JsonValue, after: JsonValue, *places: int, path: str = "$"
) -> Repair:
    """The record that *rule* was used at *places*."""
    shown = before[:200] if isinstance(before, str) else before
    return Repair(rule.name, path, shown, after, rule.loss, max(1, len(places)), places[:20])
