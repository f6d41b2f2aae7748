"""Refusals and apologies: an answer that declines is no payload, and no bad JSON either.

In: what a model said in prose, without thinking. Out: the clause that declines, or None. Words that
are reported ("the customer said: I can't help") or that judge something else ("I cannot fault the
essay") are no refusal.
"""

# ruff: noqa: RUF001  (Cyrillic, and marks that look like others, are looked for)
from __future__ import annotations

import re

from deterministic_llm._core.regexes import expression

REACH = 1_200
"""Characters at the beginning in which a refusal is looked for; later ones are part of a text."""


def refusal_in(text: str) -> str | None:
    """The clause of *text* that declines to answer, or None.

    Only for texts without a payload: an answer that holds one was given, whatever else it says.
    """
    beginning = text[:REACH].lstrip()
    for match in _REFUSAL.finditer(beginning):
        if not is_reported(beginning, match.start()):
            return clause(beginning, match.start(), match.end())
    return None


def is_reported(text: str, start: int) -> bool:
    """Whether the words at *start* are somebody else's: quoted, or behind "the user said"."""
    line = text[text.rfind("\n", 0, start) + 1 : start]
    if line.lstrip().startswith(">") or _SAID.search(line[-80:]):
        return True
    paragraph = text[text.rfind("\n\n", 0, start) + 1 : start]
    if any(paragraph.count(opening) > paragraph.count(closing) for opening, closing in _PAIRS):
        return True
    return paragraph.count('"') % 2 == 1


def clause(text: str, start: int, end: int) -> str:
    """The sentence around the refusing words."""
    begin = max(text.rfind(stop, 0, start) for stop in ("\n", ". ", "! ", "? ", "。", "！")) + 1
    over = _SENTENCE_END.search(text, end)
    stop = len(text) if over is None else over.end()
    return text[begin:stop].strip()[:300]


_PAIRS = (("“", "”"), ("«", "»"), ("「", "」"), ("„", "“"), ("‘", "’"))
_SENTENCE_END = expression(r"[.!?](?=\s|\Z)|[。！？\n]")
_SAID = expression(
    r"(?:\b(?:said|says|saying|wrote|writes|replied|replies|answered|answers|states|stated|reads"
    r"|claims|claimed"
    r"|responded|told (?:me|us|him|her|them)|example|e\.g\.|quote|message|reply|subject|feedback"
    r"|comment"
    r"|sagte|schrieb|antwortete|a (?:dit|écrit|répondu)|dijo|escribió|respondió)\s?(?:that|dass"
    r"|que)?\s?[:,]?"
    r"|(?:说|说道|写道|回复|回答|言った|書いた)[:：，]?)\s?[\"'“«「]?\s?"
    r"(?:(?:I['’]m\s|I\sam\s)?(?:so\s|very\s)?(?:sorry|afraid|unfortunately)[,.!]?\s(?:but\s)?)?\Z",
    re.IGNORECASE,
)

_I = r"(?<![\w'’])I(?:['’]m|\sam|\swas|\shave\sbeen)?"
_ADVERB = (
    r"(?:\s(?:really|simply|just|therefore|also|unfortunately|currently|still"
    r"|only|not|afraid|sorry|that|but|I)){0,4}"
)
_CANNOT = (
    r"(?:cannot|can['’]?t|can\snot|could\snot|couldn['’]t|won['’]?t(?:\sbe\sable\sto)?"
    r"|will\snot(?:\sbe\sable\sto)?|am\s(?:not\sable|unable)\sto"
    r"|do\snot\swant\sto)"
)
_UNABLE = (
    r"(?:unable|not\sable|not\sallowed|not\spermitted|not\sprogrammed|not\sdesigned|forbidden)\sto"
)
_VERB = (
    r"(?:help|assist|comply|fulfil|fulfill|participate|engage|oblige|proceed"
    r"|continue(?:\swith)?\s(?:this|that|your)|respond"
    r"|answer\b|do\s(?:this|that|so|it)|support\s(?:this|that|your)|provide|offer\syou|give\syou"
    r"|discuss|generate|create"
    r"|produce|write|share|complete|process|perform|carry\sout|accommodate|satisfy|grade|evaluate"
    r"|score|rate|assess"
    r"|classify|extract|translate|summari[sz]e|analy[sz]e|review|judge|determine|access|browse"
    r"|retrieve|look\sup|open"
    r"|(?:see|view|read)\s(?:the|any|your|this)\s(?:image|file|attachment|picture|document|link"
    r"|text|essay|page|url)"
    r"|be\sof\shelp|make\s(?:this|that|such))"
)
_ENGLISH = (
    rf"{_I}{_ADVERB}\s{_CANNOT}{_ADVERB}\s{_VERB}",
    rf"{_I}{_ADVERB}\s{_UNABLE}{_ADVERB}\s{_VERB}",
    (
        r"as\san?\s(?:ai|artificial|large|language)[\w\s-]{0,40},?\sI(?:['’]m|\sam|\scannot"
        r"|\scan['’]t|\sdo\snot|\sdon['’]t|\smust)\b"
    ),
    (
        r"(?<![\w'’])I\s(?:must|have\sto|need\sto|respectfully"
        r"|will\shave\sto)\s(?:respectfully\s)?(?:decline|refuse)\b"
    ),
    r"(?<![\w'’])I\s(?:decline|refuse)\sto\b",
    (
        r"(?<![\w'’])I\s(?:do\snot|don['’]t)\s(?:have\s(?:access|the\sability|enough\sinformation"
        r"|sufficient\sinformation"
        r"|permission|the\s(?:capability|information|context))|feel\scomfortable)"
    ),
    r"(?<![\w'’])I['’]?(?:m|\sam)\snot\scomfortable\b",
    r"(?:this|that|your)\srequest\s(?:violates|goes\sagainst|conflicts\swith|is\sagainst)",
    (
        r"(?:violates|against)\s(?:my|our|the)\s(?:content\s|usage\s|safety\s)?(?:policy|policies"
        r"|guidelines)"
    ),
    (
        r"(?:\A|(?<=[.!\n]\s))(?:I['’]m\s|I\sam\s)?sorry,?\s(?:but\s)?(?:that['’]s|this\sis|that\sis"
        r"|it['’]s)\s(?:not\ssomething|beyond)"
    ),
    (
        r"(?:\A|(?<=[.!\n]\s))(?:I\sapologi[sz]e|my\sapologies|apologies)\b[^.\n]{0,60}\b(?:cannot"
        r"|can['’]t|unable|not\sable)\b"
    ),
    (
        r"(?:\A|(?<=[.!\n]\s))(?:sorry|unfortunately),?\s(?:but\s)?(?:I\s)?(?:cannot|can['’]?t"
        r"|won['’]?t)\s(?:\w+\s){0,2}?"
        r"(?:help|assist|comply|do|provide|answer|fulfill)\b"
    ),
    (
        r"(?:\A|(?<=[.!\n]\s))(?:I['’]m\ssorry|I\sam\ssorry|sorry),?\s(?:but\s)?(?:I\s)?(?:cannot"
        r"|can['’]?t|won['’]?t)\.?\s*\Z"
    ),
    r"\AI\s(?:cannot|can['’]?t|won['’]?t|will\snot)(?:\sdo\s(?:that|this|it))?[.!]?\s*\Z",
)
_OTHERS = (
    # German
    (
        r"\bich\s(?:kann|werde|darf|möchte)\b[^.\n]{0,80}\b(?:nicht|keine?n?)\b[^.\n]{0,60}"
        r"\b(?:helfen|beantworten|unterstützen|erfüllen|bereitstellen|nachkommen|bewerten|beurteilen"
        r"|weiterhelfen)"
    ),
    r"\bich\sbin\snicht\sin\sder\slage\b",
    r"\bals\s(?:ki|künstliche|sprachmodell)[\w\s-]{0,30}\b(?:kann|darf|bin)\sich\b",
    r"\bkann\sich\s(?:\w+\s){0,4}nicht\s(?:\w+\s){0,2}(?:weiter)?(?:helfen|beantworten|bewerten)\b",
    # French
    (
        r"\bje\s(?:ne\s(?:peux|puis|suis|pourrai)|refuse)\b[^.\n]{0,40}\b(?:aider|répondre|fournir"
        r"|mesure|donner\ssuite|assister|évaluer)"
    ),
    r"\ben\stant\squ['’](?:ia|intelligence|assistant|modèle)\b[^.\n]{0,60}\bje\sne\b",
    # Spanish, Portuguese, Italian
    (
        r"\bno\s(?:puedo|podré|me\ses\sposible)\b[^.\n]{0,40}\b(?:ayudar|asistir|responder"
        r"|proporcionar|cumplir|evaluar)"
    ),
    r"\bcomo\s(?:modelo|inteligencia|ia|asistente)\b[^.\n]{0,60}\bno\s(?:puedo|tengo)\b",
    r"\bnão\sposso\b[^.\n]{0,40}\b(?:ajudar|responder|fornecer|atender|avaliar)",
    r"\bnon\sposso\b[^.\n]{0,40}\b(?:aiutar|rispondere|fornire|valutare)",
    # Chinese, Japanese, Korean, Russian
    (
        r"(?:我|本人|作为(?:一个)?(?:ai|人工智能|语言模型)[^。\n]{0,30})(?:无法|不能|没有办法|没法)[^。\n]{0,20}"
        r"(?:帮助|协助|回答|提供|满足|完成|处理|评分|评估|帮)"
    ),
    r"(?:抱歉|对不起|很遗憾)[，,、]?[^。\n]{0,20}(?:无法|不能|没办法)",
    r"(?:申し訳|すみません|恐れ入り|ごめん)[^。\n]{0,40}(?:できません|いたしかねます|できかねます|お答えできない|お手伝いできない)",
    r"(?:お手伝い|お答え|対応|提供|回答)(?:は|することは|することが|が)?(?:できません|いたしかねます|できかねます)",
    r"(?:죄송|미안)[^\n]{0,40}(?:없습니다|못합니다|어렵습니다)",
    r"\bя\s(?:не\sмогу|не\sв\sсостоянии)\b[^.\n]{0,40}(?:помочь|ответить|предоставить|выполнить)",
)
_REFUSAL = expression("|".join(f"(?:{part})" for part in (*_ENGLISH, *_OTHERS)), re.IGNORECASE)
