"""The words of courtesy with which models close an answer, and which say nothing of it.

In: a text. Out: the line before such words, where nothing else follows. Each is a whole sentence of
a closed list: one that goes on with a doubt, a number or another word is none of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from deterministic_llm._core.regexes import expression

_ANY_MORE = r"(?:any|some|more|further|other|additional|anything|something|else|a|another|the)"
_HELP = (
    r"(?:questions?|concerns?|help|assistance|information|details?|explanations?|clarifications?"
    r"|context|examples?|reasoning)"
)
_IF = (
    r"(?:if|should) (?:you|there(?:['’]s| is| are))"
    rf"(?:(?:['’]d like| (?:have|need|want|require|would like|to|know|me|with|about|on|this|it"
    rf"|explain|elaborate|for|or))|(?: {_ANY_MORE})|(?: {_HELP})){{1,12}}"
)
_CLOSINGS: Mapping[str, str] = {
    "English": (
        r"(?:i )?hope (?:this|that|it) (?:helps?(?: you)?(?: out)?|is (?:helpful|useful)"
        r"|answers your question|clarifies (?:things|it|that))"
        rf"|(?:please )?(?:just )?let me know(?: {_IF})?"
        rf"|(?:please )?(?:feel free to|do(?: not|n['’]t) hesitate to) (?:ask|reach out|contact me)"
        rf"(?: me)?(?: (?:any )?(?:more |further |other )?questions)?(?: {_IF})?"
        r"|is there anything else (?:that )?(?:i can (?:help|assist) (?:you )?with|you need)"
        r"|(?:thanks|thank you)(?: for (?:asking|your question))?"
        r"|have a (?:great|good|nice|lovely|wonderful) (?:day|one)"
        r"|you['’]re welcome|(?:happy|glad) to help|good luck|cheers|(?:good)?bye"
        r"|no (?:further|other|additional) (?:comments?|remarks?|explanation|notes?)"
        r"(?: (?:is |are )?(?:needed|necessary|required))?"
    ),
    "German": (
        r"ich hoffe,? (?:das|dies|es) hilft(?: (?:dir|ihnen|euch))?(?: weiter)?"
        r"|gern(?:e)? geschehen|viel erfolg|einen schönen tag(?: noch)?"
        r"|(?:bei weiteren fragen|bei fragen) (?:stehe ich (?:gerne? )?zur verfügung"
        r"|(?:melde dich|melden sie sich)(?: gerne?)?)"
    ),
    "French": (
        r"j['’]espère que (?:cela|ça|ceci) (?:(?:vous|t)['’ ]?\s?)?(?:aide|aidera)"
        r"|n['’]hésitez pas(?: (?:à|si) (?:me (?:le )?(?:demander|contacter)|poser d['’]autres"
        r" questions|vous avez (?:d['’]autres|des) questions))?|bonne journée"
    ),
    "Spanish": (
        r"espero (?:que )?(?:esto |eso )?(?:te |le |les |os )?(?:ayude|sirva|haber ayudado)"
        r"|¡?que tengas? (?:un )?buen día"
    ),
    "Portuguese": r"espero (?:ter ajudado|que (?:isso|isto) ajude)|tenha um bom dia",
    "Italian": (
        r"spero (?:che )?(?:questo |ciò )?(?:ti |vi |le )?(?:sia (?:utile|d['’]aiuto|di aiuto)"
        r"|aiuti|di esser(?:e|ti) stato (?:utile|d['’]aiuto))|buona giornata"
    ),
    "Chinese": r"希望[这這以上能可对對你您到有所帮幫助]{2,16}+|祝你?您?好运",
    "Japanese": r"お役に立て(?:れば|たら)(?:幸い|嬉しい|うれしい)です|ご参考になれば幸いです",
}
"""Whole sentences that close an answer, lower-cased, by their language."""
_CLOSING = rf"¡?(?:{'|'.join(_CLOSINGS.values())})\s?[.!?。！？]*(?:\s*[\U0001F300-\U0001FAFF☺])?"
_ALL_CLOSINGS = rf"\s*(?:(?:{_CLOSING})\s*){{1,4}}"
_CLOSED = expression(rf"\s*+(?P<value>[^\n]{{1,200}}?)[ \t]*\n{_ALL_CLOSINGS}", re.IGNORECASE)
_COURTESIES = expression(_ALL_CLOSINGS, re.IGNORECASE)
_LONGEST = 600


def before_courtesies(text: str) -> tuple[int, int] | None:
    """Where the one line is that stands before words of courtesy alone."""
    closed = _CLOSED.fullmatch(text) if len(text) <= _LONGEST else None
    return None if closed is None else closed.span("value")


def are_courtesies(text: str) -> bool:
    """Whether *text* is words of courtesy alone."""
    return len(text) <= _LONGEST and _COURTESIES.fullmatch(text) is not None
