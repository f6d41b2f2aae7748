"""One of several options in what a model wrote: where an option stands as the answer, and which.

An option is the answer as the whole text, a whole line or sentence, at the very start in front of
an explanation, or behind words that announce an answer. Anywhere else it is only a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice, pairwise

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.reading.alignment.labels import is_unlikely
from deterministic_llm._core.reading.alignment.reservations import is_reserved
from deterministic_llm._core.reading.forms.claims import (
    MAX_CLAIMS,
    Claim,
    Matched,
    Unmatched,
    settle,
)
from deterministic_llm._core.reading.forms.drift import AS_JSON, OPTION, SPELLING, repair
from deterministic_llm._core.reading.forms.folding import folded
from deterministic_llm._core.reading.forms.instead import decoded
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import ChoiceForm, option_key
from deterministic_llm._core.schema.wording import one_of, quote

_REACH = 120
_MOST_MENTIONS = 20_000


@frozen
class _Mention:
    """A place that names an *option*."""

    start: int
    end: int
    option: str


def match_choice(form: ChoiceForm, text: str) -> Matched | Unmatched | None:
    """The option that *text* gives as its answer; None when it gives none."""
    found = _whole(form, text)
    return _mentioned(form, text) if found is None else found


def _whole(form: ChoiceForm, text: str) -> Matched | None:
    """The option that is all of *text*, also in JSON."""
    whole = _by_key(form).get(option_key(text)) if len(text) < _LONGEST else None
    if whole is not None and ("?" not in text or "?" in whole):
        return Matched(whole, (0, len(text)), (repair(SPELLING, text, whole, 0),))
    value = decoded(text)
    if isinstance(value, dict) and len(value) == 1:
        said = next(iter(value.values()))
        option = _by_key(form).get(option_key(said)) if isinstance(said, str) else None
        if option is not None:
            return Matched(option, (0, len(text)), (repair(AS_JSON, text, option, 0),))
    return None


def _mentioned(form: ChoiceForm, text: str) -> Matched | Unmatched | None:
    """The option that stands as the answer in what *text* says."""
    flat = folded(text)
    mentions = list(islice(_mentions(form, flat), _MOST_MENTIONS))
    listed = _listed(flat, mentions) | _described(flat, mentions, form.options)
    answers = [each for each in mentions if each not in listed and _is_answer(flat, each)]
    claims = [_claim(text, each) for each in islice(answers, MAX_CLAIMS + 1)]
    found = settle(text, claims)
    if isinstance(found, Matched) and (words := _taken_back(flat, found, mentions)) is not None:
        got = quote(f"{text[slice(*found.span)]} ... {words}")
        expected = f"expected {one_of([quote(option) for option in form.options])}"
        return Unmatched((Violation("$", "ambiguous", expected, got, "give the final one alone"),))
    return found


def _claim(text: str, mention: _Mention) -> Claim:
    said = text[mention.start : mention.end]
    record = repair(OPTION, said, mention.option, mention.start)
    return Claim(mention.start, mention.end, mention.option, (), (record,))


def _mentions(form: ChoiceForm, flat: str) -> Iterator[_Mention]:
    by_key = _by_key(form)
    for found in _expression(form).finditer(flat):
        option = by_key.get(option_key(found.group()))
        # A single letter is an article or a pronoun as often as an option.
        if option is not None and (len(option) > 1 or found.group() == option):
            yield _Mention(found.start(), found.end(), option)


def _listed(flat: str, mentions: Sequence[_Mention]) -> frozenset[_Mention]:
    """Mentions that only list the options: "yes or no", "A/B/C"."""
    return frozenset(
        each
        for one, other in pairwise(mentions)
        if one.option != other.option and _BETWEEN.fullmatch(flat, one.end, other.start)
        for each in (one, other)
    )


def _described(
    flat: str, mentions: Sequence[_Mention], options: Sequence[str]
) -> frozenset[_Mention]:
    """Mentions that head what is said of several options: "A: wrong, B: right", "(A) Paris (B)".

    Letters are listed in their order; one out of it is the answer, with the others behind it.
    """
    heads = [each for each in mentions if _heads(flat, each)]
    places = [options.index(each.option) for each in heads]
    lettered = all(len(each.option) == 1 for each in heads)
    if len({*places}) > 1 and not (lettered and places != sorted(places)):
        return frozenset(heads)
    bracketed = [each for each in mentions if _in_brackets(flat, each)]
    named = [each.option for each in bracketed]
    return frozenset(bracketed if len(named) > 1 and named == [*options[: len(named)]] else ())


def _heads(flat: str, mention: _Mention) -> bool:
    """Whether *mention* stands in front of words on it, at the start of a line or statement."""
    before = flat[max(0, mention.start - _REACH) : mention.start]
    return _HEADED.match(flat, mention.end) is not None and _AT_HEAD.search(before) is not None


def _in_brackets(flat: str, mention: _Mention) -> bool:
    """Whether *mention* is a letter in brackets with words behind it."""
    before = flat[max(0, mention.start - _REACH) : mention.start]
    bracketed = before[-1:] == "(" and _BRACKETED.match(flat, mention.end) is not None
    return len(mention.option) == 1 and bracketed and _CUE.search(before) is None


def _is_answer(flat: str, mention: _Mention) -> bool:
    before = flat[max(0, mention.start - _REACH) : mention.start]
    behind = _LETTER_BEHIND if len(mention.option) == 1 else _BEHIND
    if not behind.match(flat, mention.end) or _CONDITIONAL.match(flat, mention.end):
        return False
    behind_it = flat[mention.end : mention.end + _REACH]
    if is_unlikely(behind_it) or is_reserved(mention.option, behind_it):
        return False
    if len(mention.option) == 1:
        before = _NAMED.sub("", before)
    sentence = _SENTENCE.split(before)[-1]
    if _DOUBTED.search(sentence) or _NUMBERED.search(before):
        return False
    if not before.strip("*_`\"'([> \t\n#"):
        return True
    ends = _STOP.match(flat, mention.end) is not None
    opens = not sentence.strip("*_`\"'([> \t\n#-")
    boxed = _BOXED.search(before) is not None and flat.count("boxed{") == 1
    return (opens and ends) or boxed or _CUE.search(before) is not None


def _taken_back(flat: str, found: Matched, mentions: Sequence[_Mention]) -> str | None:
    """The words that put another option in the place of the one found."""
    for mention in mentions:
        if mention.start < found.span[1] or mention.option == found.payload:
            continue
        before = flat[max(found.span[1], mention.start - 60) : mention.start]
        if _RETRACTING.search(before):
            return (before + flat[mention.start : mention.end]).strip()
    return None


@lru_cache(maxsize=256)
def _by_key(form: ChoiceForm) -> dict[str, str]:
    return {option_key(option): option for option in form.options}


@lru_cache(maxsize=256)
def _expression(form: ChoiceForm) -> re.Pattern[str]:
    """All options as whole words, the longest first, with any separators inside."""
    spelled = sorted((option.strip() for option in form.options), key=len, reverse=True)
    either = "|".join(_JOINT.join(map(re.escape, _WORDS.findall(each))) for each in spelled)
    return re.compile(rf"(?<![\w'-])(?:{either})(?![\w]|'\w|-\w)", re.IGNORECASE)


_LONGEST = 500
_WORDS = expression(r"[^\W_]+|[^\w\s]+")
_JOINT = r"[\s_-]{0,3}"
_BETWEEN = expression(
    r"[\s,/|()*_`\"'-]{0,6}(?:(?:or|and|nor|vs\.?|oder|ou|o|y)(?!\w))?[\s,/|()*_`\"']{0,6}"
)
_AT_HEAD = expression(r"(?:\A|\n|[.,;!]\s)[\s*_`#>-]*\Z")
_HEADED = expression(r"[*_`\"']{0,3}\s?(?:[:)](?!\s*\Z|\s(?:is|was)\b)|[-–—=]\s)")
_BRACKETED = expression(r"\)[*_`]{0,3}\s+(?!(?:is|was)\b)[^\W_]")
_STOP = expression(r"[ \t*_`\"')\]]*+(?:[.!](?=[\s*_`\"')]|\Z)|\n|\Z)")
_CLOSED = r"[*_`\"')\]}$]{0,6}"
_WHY = r"[ \t]+(?:because|since|as|due to|given)\b"
_BEHIND = expression(rf"{_CLOSED}(?:[.,;:!]|[ \t]*+(?:\n|\Z|\()|[ \t]+[-–—]|{_WHY})", re.IGNORECASE)
_LETTER_BEHIND = expression(
    rf"{_CLOSED}(?:[.,;:!]|[ \t]*+(?:\n|\Z|\()|[ \t]+[-–—]|(?<=[)\]])[ \t]|{_WHY})", re.IGNORECASE
)
_SENTENCE = expression(r"(?<=[.!?:;])\s|\n")
_NUMBERED = expression(r"\S[ \t]+\d{1,2}[.)][ \t]+\Z")
"""A number in a line, as that of one item of several."""
_NAMED = expression(r"\b(?:option|choice|letter|answer)[ \t]+[*_`\"'(\[]*\Z", re.IGNORECASE)
_DOUBTED = expression(
    r"\b(?:not|never|neither|nor|unless|if|whether|doubt|rather than|instead of|either|between"
    r"|example|format|options?|could|might|may|maybe|perhaps|possibly|wrong|incorrect|other"
    r"|previous|earlier|expected|student|user|nicht|kein|pas|si|wenn|ob)\b|n't\b",
    re.IGNORECASE,
)
_NOUNS = (
    "answer|verdict|label|class|classification|category|choice|decision|sentiment|result|rating"
    "|conclusion|output|response|judge?ment|prediction|selection|topic|intent|priority|grade|status"
    "|type|severity|tone|polarity|evaluation|assessment|antwort|ergebnis|réponse|respuesta|risposta"
    "|resposta|ответ|答案|回答|结果|結果|答え|答"
)
_CUE = expression(
    rf"(?:(?<!\w)(?:{_NOUNS})(?:[ \t*_`]+[^\W\d_]+){{0,6}}?[ \t*_`]*"
    r"(?:\b(?:is|are|was|would be|should be|remains|ist|est|es)\b"
    r"(?:[ \t]+(?:clearly|definitely|therefore|thus))?|:|=|->|→|是|为|は)"
    r"|\b(?:i|we)(?:'d| would| will|'ll)? (?:choose|pick|select|say|answer|go with|vote|vote for)"
    r"|\b(?:classif(?:y|ied)|label(?:l?ed)?|categori[sz]ed?)"
    r" (?:(?:it|this|that|the \w+) )?as)"
    r"[\s*_`\"'(\[]*\Z",
    re.IGNORECASE,
)
_BOXED = expression(r"\\boxed\{(?:\\(?:text|textbf|mathrm|mathbf)\{)?[(\[]?\Z")
_CONDITIONAL = expression(
    r"[ \t,;*_`]*+(?:but[ \t]+)?(?:only[ \t]+)?(?:if|unless|provided|depending)\b", re.IGNORECASE
)
_RETRACTING = expression(
    r"\bbut(?:\s+\w+)?\s*\Z|\b(?:actually|wait|no,|sorry|correction|corrected|instead"
    r"|on (?:second thought|reflection)|scratch that|rather|change (?:it|that|my)|make (?:it|that)"
    r"|i meant?|should be|hmm)\b",
    re.IGNORECASE,
)
