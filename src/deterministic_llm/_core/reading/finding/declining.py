"""An answer that declines, and fills in the form all the same: the words around a value go in.

Out comes the sentence that says that nothing was looked at ("I cannot score this; the text is
missing."), or None. It stands anywhere before the value, or right behind it, unless the model goes
on to say why it has one ("but here is my best guess", "so I give 0"), or says what in particular it
could not look at ("I cannot verify the sources").
"""

from __future__ import annotations

import re

from deterministic_llm._core.reading.finding.refusals import clause, is_reported

REACH = 1_200
"""Characters on each side of a value in which such a sentence is looked for."""


def declined(before: str, behind: str) -> str | None:
    """The sentence around a value by which it is none."""
    if not (before or behind):
        return None
    near, after = before[-REACH:], behind[:REACH]
    said = _said_before(near) if _may_decline(near) else None
    return _said_behind(after) if said is None and _may_decline(after) else said


def _may_decline(text: str) -> bool:
    """Whether *text* is worth a look: words are found in a fraction of the time."""
    lower = text.lower()
    return any(word in lower for word in _DECLINING)


_DECLINING = ("not ", "n't ", "n’t ", "cant ", "unable ", "declin")


def _said_before(text: str) -> str | None:
    for found in _DECLINES.finditer(text):
        start, end = found.span()
        if _EXPLAINED.search(text, end) or _CONCEDED.search(text[:start]):
            continue
        if not is_reported(text, start):
            return clause(text, start, end)
    return None


def _said_behind(text: str) -> str | None:
    led = _LED.match(text)
    found = None if led is None else _DECLINES.match(text, led.end())
    if found is None or _EXPLAINED.search(text, found.end(), found.end() + 200):
        return None
    return clause(text, found.start(), found.end())


_CANNOT = (
    r"I(?:\s(?:really|simply|just|therefore|also|unfortunately|currently|still|honestly)){0,2}?"
    r"(?:\s(?:cannot|can['’]?t|can\snot|could\snot|couldn['’]t|won['’]t|will\snot)(?:\sbe\sable\sto)?"
    r"|(?:['’]m|\sam|\swas|['’]ve\sbeen|\shave\sbeen)(?:\s\w+)?\s(?:unable|not\sable)\sto)"
    r"(?:\s(?:really|simply|properly|fairly|accurately|reliably|possibly|meaningfully)){0,2}?"
)
_TASK = (
    r"(?:(?:grade|score|rate|evaluate|assess|judge|mark|answer|determine|classify|categori[sz]e"
    r"|extract|summari[sz]e|translate|analy[sz]e|review|process|complete|see|read|access|open|view"
    r"|provide|give|assign|produce|generate|return|comply\swith|fulfil+|do)"
    r"|(?:help|assist)(?:\syou)?(?:\swith)?)"
)
_INPUT = (
    r"(?:essay|text|document|article|review|input|data|content|image|file|message|e?-?mail"
    r"|transcript|passage|question|request|task|submission|response|page|paper|report|picture"
    r"|photo|attachment)"
)
_RESULT = (
    r"(?:answer|score|grade|rating|mark|evaluation|assessment|classification|summary|translation"
    r"|output|result|json|judge?ment)"
)
_WHAT = (
    r"(?:you|it|this|that|these|them|anything|(?:one|a\snumber)"
    rf"|(?:the|this|that|your|any|an?)\s(?:[^\W\d_]+\s){{0,2}}?(?:{_INPUT}|{_RESULT})s?)"
)
_OVER = (
    r"(?=[*_`\"'”’)]*(?:\s*(?:[.;:,!\n—–(]|\Z|-\s)"
    r"|\s(?:because|since|without|due\sto|until|unless|as\s(?:the|it|there|no|you|i|nothing)"
    r"|for\s(?:you|this|the)|yet|at\sall|you|that|which|linked|attached|provided)\b))"
)
_DECLINES = re.compile(
    rf"(?<![\w'’])(?:{_CANNOT}\s{_TASK}(?:\s{_WHAT})?{_OVER}"
    rf"|I\s(?:do\snot|don['’]t)\shave\s(?:access\sto\s)?(?:the|any|an?|your)\s"
    rf"(?:[^\W\d_]+\s){{0,2}}?{_INPUT}s?{_OVER}"
    r"|I\s(?:do\snot|don['’]t)\shave\s(?:enough|sufficient)\s(?:information|context|data|details?)"
    rf"(?:\sto\s{_TASK}(?:\s{_WHAT})?)?{_OVER}"
    rf"|I\s(?:must|have\sto|need\sto)\s(?:respectfully\s)?decline(?:\sto\s{_TASK}(?:\s{_WHAT})?)?"
    rf"{_OVER})",
    re.IGNORECASE,
)
_EXPLAINED = re.compile(
    r"\b(?:but|however|nevertheless|nonetheless|still|instead|anyway"
    r"|that\ssaid|although|though|otherwise|so|thus|therefore|hence|accordingly|consequently"
    r"|(?:based|going|judging)\s(?:on|by|from)|from\swhat|assum\w+|guess\w*|estimat\w+|(?:my|at)\sbest"
    r"|provisional\w*|tentative\w*|default\w*|fall\s?back"
    r"|I(?:['’]ll|['’]ve|['’]m|['’]d|\s(?:will|have|am|would|can|do))?(?:\s\w+)?"
    r"\s(?:giv(?:e|en|ing)|gave|assign\w*|us(?:e|ed|ing)|return\w*|set|bas(?:e|ed|ing)|infer\w*"
    r"|graded?|scored?|rated?|judged?|evaluated?|assessed|treat\w*|record\w*|mark\w*|put|went|go))\b",
    re.IGNORECASE,
)
"""Words behind a refusal by which there is a value all the same."""
_CONCEDED = re.compile(
    r"\b(?:although|though|while|whilst|even\s(?:though|if)|if|where|when|because|what|that|which)"
    r"\s*\Z",
    re.IGNORECASE,
)
_LED = re.compile(
    r"[\s`*_>)]*(?:(?:please\s)?(?:note|nb|p\.?s\.?)(?:\sthat)?\s?:?\s+)?"
    r"(?:(?:however|unfortunately|sorry|I['’]m\s(?:sorry|afraid)|I\sapologi[sz]e|but)[,.:;]?\s+"
    r"(?:but\s|that\s)?){0,2}",
    re.IGNORECASE,
)
