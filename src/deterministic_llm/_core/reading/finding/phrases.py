"""The scalar that an unmistakable sentence names: "The answer is 42.", "**Final answer:** yes".

In: a completion without its thinking. Out: the stretch behind each frame that introduces an answer,
up to the end of its sentence. A number or a word that merely occurs in prose is never offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deterministic_llm._core.reading.finding import marks
from deterministic_llm._core.reading.finding.attributions import is_said_otherwise
from deterministic_llm._core.reading.finding.candidates import Candidate, Mark
from deterministic_llm._core.reading.finding.courtesies import before_courtesies
from deterministic_llm._core.reading.finding.explanations import before_explanation
from deterministic_llm._core.reading.finding.grades import OPINION
from deterministic_llm._core.regexes import expression

MAX_PHRASES = 64
"""Frames looked at; a text with more of them gives no single answer."""
MAX_VALUE = 200
"""Characters that a bare value may have."""


def scalar_phrases(text: str) -> tuple[Candidate, ...]:
    """The values that frames of *text* name, each marked by its own words and those around it."""
    places: dict[int, Candidate] = {}
    for candidate in _framed(text):
        places.setdefault(candidate.start, candidate)
    if not places:
        alone = _alone(text)
        return () if alone is None else (Candidate(*_trimmed(text, *alone), "span"),)
    return tuple(places[start] for start in sorted(places))


def _alone(text: str) -> tuple[int, int] | None:
    """Where the only thing is that *text* says: in signs or an element, or before an afterword."""
    if _WRAPPED.fullmatch(text) is not None:
        return 0, len(text)
    held = _ELEMENT.fullmatch(text) or _LABELLED.fullmatch(text)
    if held is not None:
        return held.span("value")
    return before_courtesies(text) or before_explanation(text)


def _framed(text: str) -> Iterator[Candidate]:
    for pattern in _FRAMES:
        floor = at = 0
        for _ in range(MAX_PHRASES):
            if (match := pattern.search(text, at)) is None:
                break
            start, end = match.span("value")
            over = _SENTENCE_END.search(text, start, end)
            at = match.end() if over is None else over.end()  # the next sentence may name another
            if over is None and text[end : end + 1] not in {"", "\n", "}"}:
                continue
            start, end = _trimmed(text, start, end if over is None else over.start())
            if (inner := _FRAMES[1].match(text, start, end)) is not None:
                start, end = _trimmed(text, inner.start("value"), end)
            if start >= end or _dismissed(text, match.start(), start, end):
                continue
            yield Candidate(start, end, "span", _mark(text, match.start(), start, end, floor=floor))
            floor = end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """[*start*, *end*) without the blanks, emphasis, quotes and full stop around a value."""
    while True:
        value = text[start:end]
        inner = value.strip()
        start += len(value) - len(value.lstrip())
        end = start + len(inner)
        if inner[-1:] in _STOPS and not inner.endswith("..."):
            end -= 1
        elif len(inner) > 1 and _PAIRS.get(inner[0]) == inner[-1]:
            start, end = start + 1, end - 1
        elif inner[:1] == "\\" and (set_in := _LATEX.fullmatch(inner)) is not None:
            start, end = (
                start + set_in.start(set_in.lastindex or 0),
                start + set_in.end(set_in.lastindex or 0),
            )
        elif inner[-1:] in _EMPHASIS and inner[:1] not in _EMPHASIS:
            if is_starred(text, start, end):
                return start, end
            end -= 1  # its opening stands before the frame, or was taken with it
        elif inner.endswith("です"):
            end -= 2
        else:
            return start, end


def is_starred(text: str, start: int, end: int) -> bool:
    """Whether a star behind one or two letters in [*start*, *end*) is a part of them: "A*".

    It is where no emphasis begins before it in the line.
    """
    line = text.rfind("\n", 0, start) + 1
    said = text[start:end].strip()
    return _STARRED.fullmatch(said) is not None and "*" not in text[line:start]


def _dismissed(text: str, frame: int, start: int, end: int) -> bool:
    """Whether the frame is a question, a condition or a denial, or names nothing."""
    behind = text[end - 1 : end + 3]
    if "?" in behind or "？" in behind or _NOTHING.match(text, start, end):
        return True
    line = text[max(0, frame - 60) : frame]
    if _CONDITION.search(line[line.rfind("\n") + 1 :]) is not None:
        return True
    before = _SENTENCE.split(text[max(0, frame - _REACH) : frame])[-1]
    return is_said_otherwise(before)


def _mark(text: str, frame: int, start: int, end: int, *, floor: int) -> Mark | None:
    """What the frame itself calls the value, or else the words before the frame."""
    for begin in (max(floor, frame), floor):
        found = marks.marking(text, start, end, floor=begin, ceiling=len(text))
        if found is not None and not found.weak:
            return found.mark
    return None


_REACH = 200
_SENTENCE = expression(r"(?<=[.!?;])\s(?<!e\.g\.\s)|[。！？\n]")
_STOPS = frozenset({".", "。", "!", "！", ";", "；", ","})
_EMPHASIS = frozenset({"*", "_", "`"})
_STARRED = expression(r"[^\W_]{1,2}\*{1,2}")
_PAIRS = dict(zip("*_`\"'“‘«「『$(", "*_`\"'”’»」』$)", strict=True))
_LATEX = expression(
    r"\\\((.+)\\\)|\\\[(.+)\\\]|\\(?:boxed|text|textbf|mathbf|mathrm)\{([^{}]+)\}", re.DOTALL
)
_NOTHING = expression(
    r"(?:not\b|n['’]t\b|never\b|unknown\b|unclear\b|undetermined\b|as follows|below\b|above\b"
    r"|here\b"
    r"|probably\b|perhaps\b|maybe\b|likely\b|nicht\b|unklar\b|pas\b|no es\b|desconocid"
    r"|不是|未知|不明)",
    re.IGNORECASE,
)
_CONDITION = expression(
    r"\b(?:if|whether|unless|suppose|assume|assuming|when|until|(?<!no )doubt|don['’]t"
    r"|doesn['’]t|cannot|can['’]t"
    r"|not sure|not certain|once|wenn|ob|falls|si|cuando|imagine|say that|claims? that|says? that"
    r"|said that)\b"
    r"[^.!?;]{0,50}\Z|^\s*(?:user|human|student|customer|question|prompt)\s?:|(?:如果|假如|もし)[^。]{0,20}\Z",
    re.IGNORECASE,
)

_QUALIFIERS = (
    r"(?:(?:my|the|our|your|so|thus|therefore|overall|correct|right|predicted|final"
    r"|best(?=\s(?:answer|choice|option|label|class|category|estimate|prediction))"
    r"|grand(?=\stotal)|draft|example|sample|corrected|revised|updated|amended|adjusted|new"
    r"|actual|endgültige|finale|korrigierte|définitive|最终|最終的な|最終|正确|正しい"
    r"|total(?=\s(?:score|rating|value|count|number|amount|result)))\b[\s,]{0,4}+){0,6}+"
)
_NOUN = (
    r"(?:(?:amount|balance|total)\sdue|answer|result|score|value|verdict|decision|classification|label|category|class|rating"
    r"|grade"
    r"|choice|option|output|total|sum|count|sentiment|prediction|conclusion|response|solution"
    r"|number|date"
    r"|estimate|amount|status|priority|antwort|ergebnis|lösung|wert|bewertung|réponse|résultat"
    r"|valeur"
    r"|respuesta|resultado|valor|puntuación|puntaje|calificación"
    r"|punteggio|punktzahl|pontuação|resposta|risposta|risultato|ответ"
    r"|результат|최종 답변|답변|정답)"
)
_WORK = r"(?:essay|text|paper|answer|submission|work|piece|response|story|report|article|review)"
_LEADS = (
    r"(?:(?:on a scale (?:of|from) [\w -]{1,20}|based on [\w -]{1,40}|overall|so|thus|therefore"
    r"|in short|all in all),?\s)?"
)
_CJK_NOUN = (
    r"(?:最终|最終的な|最終|正确|正しい)?(?:答案|结果|結果|回答|答え|评分|得分|分数|スコア|正解)"
)
_FIGURE = r"[*_`]{0,3}\d{1,4}(?:[.,]\d{1,3})?"
_RATIO = rf"(?={_FIGURE}\s?(?:/|(?:points? )?(?:out of|von)\b)\s?\d)"
"""A figure out of another one is what follows."""
_NOUN_OF_RATIO = rf"(?:note|nota|voto|cijfer|ocena|оценка|점수)(?=[*_`]{{0,3}}\s?[:：]\s?{_RATIO})"
"""Names of grades that are other words elsewhere."""
_GIVES = (
    rf"i(?:['’]d| would|['’]ll| will)?\s(?:give|rate|score|grade|award|assign)"
    rf"(?:\s(?:(?:the|this)\s{_WORK}|it|this))?(?:\sas)?"
    rf"|(?:it|this|(?:the|this)\s{_WORK})\s(?:deserves|gets|earns|receives|merits|scores|obtains"
    r"|achieves)"
)
_GIVES_ABROAD = (
    r"(?:(?:der|die|das|dieser|dieses|diese)\s(?:aufsatz|essay|text|arbeit)\s(?:erhält|bekommt|verdient)"
    r"|ich\s(?:gebe|würde)(?:\s(?:dem|der|diesem|dieser)\s(?:aufsatz|essay|text|arbeit)|\sihm)?"
    r"|(?:l['’]|cet?\s|le\s|la\s)(?:essai|devoir|texte|dissertation|rédaction)\s(?:obtient|mérite|reçoit)"
    r"|je\s(?:lui\s)?(?:donne|donnerais)"
    r"|(?:el|este)\s(?:ensayo|texto|trabajo)\s(?:obtiene|merece|recibe)|(?:le\s)?(?:doy|daría)"
    r"|(?:il|questo)\s(?:saggio|testo|tema)\s(?:ottiene|merita|riceve)|(?:gli\s)?(?:do|darei)"
    r"|(?:o|este)\s(?:ensaio|texto|trabalho)\s(?:obtém|merece|recebe)|(?:dou|daria))"
)
_HERE_IS = r"(?:(?:(?:sure|certainly|of course|okay|ok)[,.!]\s)?here(?:['’]s|\sis)\s)?"
_VALUE = rf"(?P<value>[^\n]{{1,{MAX_VALUE}}}+)"
_MARKS = r"[*_`]{0,3}+"
_FRAMES = (
    expression(
        rf"(?:^|(?<=[.!?]\s))[ \t>#*_\-•]{{0,12}}+{_HERE_IS}{_QUALIFIERS}(?:{_NOUN}|{_CJK_NOUN}"
        rf"|{_NOUN_OF_RATIO}){_MARKS}\s?(?::|=|：|→|->|[–—](?=\s{_RATIO}))[ \t]*+{_MARKS}"
        rf"(?:[ \t]*+\n{{1,2}}[ \t]*+(?=[^\n]{{1,60}}\s*+\Z))?{_VALUE}",
        re.IGNORECASE | re.MULTILINE,
    ),
    expression(
        r"(?<![\w-])(?:the|my|our|your|so|thus|die|das|der|la|le|el|il|a)\s{1,3}"
        rf"{_QUALIFIERS}{_NOUN}"
        rf"\s{{1,3}}(?:is|should be|would be|comes to|equals|ist|lautet|beträgt|est|es|é|è)"
        rf"\s?:?\s{{1,3}}{_VALUE}",
        re.IGNORECASE | re.MULTILINE,
    ),
    expression(
        rf"^(?:#{{1,6}}[ \t]{{1,4}}+{_MARKS}|(?:\*\*|__)){_QUALIFIERS}(?:{_NOUN}"
        rf"|{_CJK_NOUN}):?{_MARKS}\s?:?[ \t]*+\n{{1,2}}"
        rf"(?=[^\n]{{1,{MAX_VALUE}}}\s*+\Z){_VALUE}",
        re.IGNORECASE | re.MULTILINE,
    ),
    expression(
        rf"(?:^|(?<=[.!?]\s))[ \t>#*_\-•]{{0,12}}+{_LEADS}(?:(?:{_GIVES})(?:\san?)?"
        rf"(?:\s(?:score|grade|rating|mark)\sof)?"
        rf"|(?:it|this|that|(?:the|this)\s{_WORK})(?:['’]s|\sis)"
        rf"(?:\san?(?:\s{OPINION})?(?=\s{_FIGURE})|(?=\s{_RATIO}))"
        rf"|(?:an?|my|ein|eine)\s{OPINION}(?=\s{_RATIO})|i(?:['’]d| would)\ssay(?=\s{_RATIO})"
        rf"|overall{_MARKS}:(?=\s{_RATIO})|{_GIVES_ABROAD}(?:\s(?:une?|uma?|eine?))?(?=\s{_RATIO})"
        r"|(?:s?he|(?:the|this)\s\w{1,20}|\w{1,20})(?:['’]s|\sis)(?=\s\d{1,3}[\s-]years?[\s-]old)"
        rf")\s{_VALUE}",
        re.IGNORECASE | re.MULTILINE,
    ),
    expression(
        rf"(?<!最高)(?<!最大)(?<!最低)(?<!平均)(?<!满分)(?<!満点){_CJK_NOUN}(?:是|为|為|は)\s?{_VALUE}",
        re.MULTILINE,
    ),
    expression(r"\\boxed\{(?P<value>[^{}\n]{1,200})\}"),
    expression(r"^#{4}\s(?P<value>[^\n]{1,200})$", re.MULTILINE),
)
_WRAPPED = expression(r"\s*+[*`\"“'][^\n]{1,200}[*`\"”']\.?\s*")
_ELEMENT = expression(
    rf"\s*+<(?P<tag>(?:final_|overall_|essay_)?{_NOUN})>\s*+(?P<value>[^<>\n]{{1,{MAX_VALUE}}}?)\s*"
    r"</(?P=tag)>\s*",
    re.IGNORECASE,
)
_LABELLED = expression(
    r"[\s*_#>-]*+(?:age|probability|likelihood|average|mean|median|price|cost|quantity|length|width"
    r"|height|weight|distance|population|temperature|number of \w{1,20})"
    rf"[*_`]{{0,3}}\s?[:=][*_`\s]{{0,5}}(?P<value>[$€£]?\d[^\n]{{0,{MAX_VALUE}}}?)[*_`]{{0,3}}\s*",
    re.IGNORECASE,
)
"""Names of figures that are the answer where nothing else is said."""
_SENTENCE_END = expression(
    r"(?<=\S)[.!?](?=\s)|[。！？]|[\s,;(–—-]{1,4}(?:because|since|due to|given that|weil|parce que"
    r"|porque"
    r"|因为|なぜなら)\b",
    re.IGNORECASE,
)
