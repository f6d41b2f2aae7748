"""An answer on a line of its own, with words behind it that are called an explanation.

In: a text. Out: the line before such words. Words that correct something are no explanation.
"""

from __future__ import annotations

from decimal import Decimal

from deterministic_llm._core.reading.finding.conclusions import comes_to
from deterministic_llm._core.regexes import expression

_NAMES = (
    r"(?:explanation|reason(?:ing|s)?|rationale|justification|why|because|analysis|evidence"
    r"|begründung|erklärung|explication|raison|justificación|explicación|razón|motivo|spiegazione"
    r"|motivazione|justificativa|explicação|理由|解释|解説|説明|原因|根拠)"
)
_EXPLAINED = expression(
    rf"\s*+(?P<value>[^\n]{{1,60}})\n\s*+[#*_>\s-]{{0,8}}{_NAMES}[*_]{{0,3}}\s?[:：](?P<words>.*)"
)
_CORRECTS = expression(
    r"\b(?:wait|actually|correction|sorry|instead|rather|mistake|hmm+|scratch that"
    r"|should (?:be|have|get)|on (?:second thoughts?|reflection)|i mean"
    r"|(?:final|overall|new|adjusted|revised|total)"
    r" (?:answer|score|grade|rating|mark|verdict|value|label)"
    r"|(?:lowered|reduced|raised|increased|adjusted|revised|changed|corrected|capped"
    r"|brought (?:up|down)) (?:it )?(?:to|at))\b"
)
_NUMBER = expression(r"\W*?(\d{1,12}(?:\.\d{1,6})?)\W*(?:/\s?\d+\W*)?")
_LONGEST = 20_000


def before_explanation(text: str) -> tuple[int, int] | None:
    """Where the line is that stands before an explanation alone."""
    said = text.casefold()
    if len(text) > _LONGEST or len(said) != len(text):
        return None
    found = _EXPLAINED.match(said)
    if found is None or _CORRECTS.search(said, found.start("words")) is not None:
        return None
    number = _NUMBER.fullmatch(found["value"])
    concluded = None if number is None else comes_to(found["words"])
    if number is not None and concluded not in {None, Decimal(number[1])}:
        return None
    return found.span("value")
