"""The words behind a candidate that take it back, call it an example, or give another value.

Each rule is a name, what it looks like right behind a candidate, and the mark that it gives; all
texts are lower-case.
"""

from __future__ import annotations

import re

from deterministic_llm._core.reading.finding.candidates import Mark
from deterministic_llm._core.reading.finding.phrasebook import ASKS_FOR_INPUT
from deterministic_llm._core.regexes import expression

_LEADS = (
    r"(?:(?:wait|hmm+|no|oops|ah|oh|actually|hold on|(?:up)?on (?:second thoughts?|reflection"
    r"|review|closer (?:look|inspection))|thinking about it|looking again|come to think of it"
    r"|sorry|(?:my )?apologies|i apologi[sz]e|scratch that|edit|but|and|p\.? ?s|well|please)\b"
    r"[\s,.!:…—–-]*){0,4}"
)
_TURNS = (
    r"(?:(?:actually|wait|rather|sorry|oops|hmm+|no(?=[,:!—–-]| wait)|correction|edit|p\.? ?s"
    r"|(?:up)?on (?:reflection|second thoughts?|review))\b[\s,.!:…—–-]*){1,4}"
)
_OVER = r"(?=[\s\"'”*_]*(?:[.!,;:…)—–-]|$|\n)| (?:because|since|as)\b)"
_END = r"\s*(?:[.!)]|$|\n)"
_ANSWER = (
    r"(?:answer|response|reply|output|json|object|result|message|score|grade|rating|label|value"
    r"|classification|category|sentiment|priority|verdict|list|attempt|one)s?"
)
_OF_FORM = (
    r"(?=[^.!\n]*\b(?:typos?|spelling|misspelling|formatting|grammar|wording|punctuation|whitespace"
    r"|markdown|indentation|syntax|commas?|quotes?|layout)\b)"
    r"(?:(?:i|i['’]ve|have|had|just|only|an?|the|this|some|minor|small|few|of|in|for|and|my|is|are"
    r"|was|were|been|up|above|json|trailing|missing|code|output|typos?|spelling|misspelling"
    r"|formatting|grammar|wording|punctuation|whitespace|markdown|indentation|syntax|commas?|quotes?"
    r"|layout|fix(?:ed|es)?|correct(?:ed|ions?)?|remov(?:ed|al)|add(?:ed)?|clean(?:ed)?|adjusted"
    r"|improved|tidied|errors?|issues?|mistakes?|feedback|comments?|text)\b[\s,]*)+[.!)]*\s*(?:\n|$)"
)
"""A change of how something is written, which leaves its values as they are."""
_ABROAD = (
    r"(?:(?:perdón|lo siento|entschuldigung|sorry|moment|désolée?|pardon|oups|scusa|desculpe?"
    r"|извините|простите|espera|attendez|warte)[\s,.!:–—-]{1,4})?"
    r"(?:en realidad|eigentlich|tatsächlich|en fait|na verdade|in realtà|на самом деле)\b"
    r"[^.!?\n]{0,30}\b(?:es|son|ist|sind|beträgt|sollte|est|sont|devrait|é|são|è|sono|debería"
    r"|devería|deveria|составляет|равен)\b[^.!?\n]{0,20}\d"
    r"|(?:(?:不对|抱歉|等等|对不起|すみません|失礼しました)[，,、。]?)?"
    r"(?:其实|实际上|准确地说|実は|正しくは)[^。\n]{0,20}\d"
)
"""Another value in other languages, behind words that open a correction."""
_TAKEN_BACK = (
    rf"{_LEADS}(?:(?:that|this|it|the above|which|my (?:first |initial )?(?:answer|attempt|draft))"
    r"(?:(?:['’]s| is| was| looks| seems)(?: still| clearly| actually| just| also)? "
    r"(?:wrong|incorrect|a mistake|an error|mistaken|invalid|(?:only |just )?a draft(?!-)"
    r"|too (?:high|low|harsh|lenient|generous|strict))"
    r"|(?:['’]s not| is not| was not| isn['’]t| wasn['’]t)(?: quite| entirely)? "
    rf"(?:right|correct|valid|final|what you asked for)){_OVER}"
    rf"|(?:the|my|that|this) {_ANSWER}(?: above| here| given)? (?:is|are|was|were|looks?|seems?)"
    rf"(?: \w+)? (?:wrong|incorrect|mistaken|off|invalid){_OVER}"
    rf"|wrong {_ANSWER}{_OVER}"
    r"|i was (?:wrong|mistaken)\b"
    r"|i (?:made|see) (?:a|an|the|my) (?:mistake|error)|i (?:misread|miscounted|miscalculated)\b"
    r"|i (?:meant|mean)\b|make (?:that|it) [\"'“]?(?:an? )?\d"
    r"|i (?:think|believe|feel) .{1,40}\b(?:fits better|is better|is more (?:accurate|fitting)"
    r"|is closer|instead(?! of))\b"
    r"|(?:this|that|it) (?:might|may|could|would|should) (?:actually |rather |well )?be "
    r".{1,60}\b(?:instead|rather)\b(?! of| than)"
    r"|i(?:['’]ve| have)? changed my mind|i (?:take|will take) (?:that|this|it) back"
    rf"|i retract|never ?mind{_OVER}|(?:just|only) kidding"
    rf"|(?:that|this|it) (?:was|is) (?:just |only )?(?:a |meant as a )?(?:test|joke){_OVER}"
    r"|(?:ignore|disregard|discard|scrap|scratch|strike|forget)(?: about)? (?:that|this|it"
    r"|everything|(?:all of )?(?:the|my|this|that) (?:above|(?:above |previous |first |last )?"
    rf"{_ANSWER})(?: above)?){_OVER}"
    r"|(?:do not|don['’]t) (?:use|trust|take) (?:this|that|it)\b|not (?:yet )?final\b"
    r"|(?:is|was) (?:just |only )?(?:my |an? |the )?(?:first |initial |early |rough |old |previous"
    r"|original )*(?:draft|attempt|guess|try)\b(?!-)|(?:(?:first|rough|early) )?draft\s*[.!)]*$"
    r"|(?:would|will|could) (?:also )?be"
    r" (?:wrong|incorrect|a mistake|too (?:high|low|harsh|lenient))\b"
    r"|let me (?:correct|fix|redo|revise) (?:that|this|it|my)\b"
    r"|let me (?:re-?calculate|re-?check|re-?consider|re-?count|re-?compute|redo|rethink|revise"
    r"|try again|start over|think again)\b"
    r"|(?:wrong|incorrect)\s*[.!)]"
    r"|(?:is|was|are|were)(?: \w+)? (?:wrong|incorrect|rejected|false|invalid|outdated"
    r"|not (?:right|correct|valid)|too (?:high|low|harsh|lenient|generous|strict))\b"
    rf"|(?:correction|erratum)(?! (?:of|to|for|in)\b)\s?:?\s+(?!{_OF_FORM})\S"
    rf"|(?:edit|updated|revised)\s?:\s+(?!none\b|{_OF_FORM})\S"
    r"|(?:the |its |this |that |it )?(?:\w+ ){0,3}?should"
    r" (?:(?:be|have been|read) [\"'“]?\d"
    r"|(?:actually|really|rather|instead) (?:be|have been|read)\b)"
    r"|(?:(?:please )?note\b(?: that)?[\s:,]*)?(?:i (?:mixed up|swapped|switched|confused)\b"
    r"|(?:\w+ ){0,4}?(?:should|must) be (?:swapped|switched|reversed|exchanged)\b)"
    rf"|{_LEADS}(?:i(?:['’]d| would| will|['’]ll) )?(?:remove|drop|delete) [\"'“`]"
    r"|i (?:should|must|need to)(?: also)?(?: have)?(?: also)? (?:add|includ|remov|dropp?|delet"
    r"|replac|chang)(?:e|ed)? (?:the |an? )?[\"'“`]"
    r"|(?:korrektur|berichtigung|corrección|rectificación|rectificatif|correção|correzione"
    r"|исправление|поправка|更正|修正|订正|訂正|정정|수정)\s?[:：]\s*\S"
    rf"|{_ABROAD}"
    r"|(?:das|dies) (?:ist|war) (?:falsch|nicht richtig)|c['’]est (?:faux|incorrect)"
    r"|(?:eso|esto) (?:es|está) (?:incorrecto|mal)|不对|不正确|错了|間違い|違います)"
    rf"|{_TURNS}(?:just|only)\s[\"'“]?\w+[\"'”]?\s*(?:[.!]|$|\n)"
    rf"|{_TURNS}(?:(?:the|its|my|this|that|it)\b ?)(?:\w+ ){{0,3}}?"
    r"(?:should|must|needs to|ought to) (?:be|have been|read)\b"
)
_UNDER_CONDITIONS = r"(?![^.!\n]{0,80}\b(?:if|had|were|with|without)\b)"
_ANOTHER_VALUE = (
    rf"{_TURNS}(?:(?:maybe|perhaps|possibly|probably) )?"
    r"(?:(?:it|that|this)(?:['’]s| is)? |i (?:mean|meant) |make (?:it|that) "
    r"|i(?:['’]d| would) (?:say|give(?: it)?|go (?:for|with)) )?"
    r"[\"'“]?(?:an? )?[-+$€£]?\d"
    r"|i(?:['’]d| would| will|['’]ll) (?:now |rather |actually |probably )?"
    r"(?:say|give (?:it|this)|go (?:for|with)|make (?:it|that)) (?:an? )?[-+$€£]?\d"
    rf"{_UNDER_CONDITIONS}"
    r"|(?:or|maybe|perhaps|possibly|minus|plus|[±+])\s*[$€£]?\d"
    r"|(?:so|thus|therefore|hence)\b[\s,:]*[$€£]?\d[\d.,]*\s*(?:\n|$)"
    r"|\d[\d.,]*\s+(?:after|before)\b"
)
_ALL_OF_IT = (
    r"(?:this|that|it|which|these|all of (?:this|these|it)"
    r"|(?:the|these|those|all) (?:above|(?:\w+ ){0,2}?"
    r"(?:values?|numbers?|data|json|fields?|answers?|entries|scores?"
    r"|object|record)(?: above| here| given| shown)?))"
)
_AN_EXAMPLE = (
    rf"(?:(?:please )?(?:note|remember|nb)\b(?: that)?[\s:,]*)?(?:{_ALL_OF_IT}"
    r" (?:is|was|are|were) (?:all |just |only |merely |simply |purely )?(?:an? |the )?"
    r"(?:fictional |made[- ]up |hypothetical |mere |random )?"
    r"(?:example|illustration|illustrative|placeholder|template|sample|dummy|made[ -]up"
    r"|fictional|fictitious|invented|hypothetical|arbitrary)s?\b"
    r"|(?:is|was) (?:just |only |merely |simply )?(?:an? |the )?(?:\w+ )?"
    r"(?:example|illustration|placeholder|template|sample|format|schema|structure)\b"
    r"|(?:please )?replace (?:(?:the|these|this|all|any|every|each) (?:\w+ ){0,2}?(?:values?"
    r"|placeholders?|scores?|numbers?|fields?|texts?|comments?|examples?|data|json|entr(?:y|ies)"
    r"|strings?|names?|details|contents?|above|brackets?|ones?)\b|\S+ (?:with|by)\b)"
    r"|(?:would|could|might|may) (?:also )?"
    r"(?:be (?:an?|one|another) \w+|be possible|work\b)"
    r"|is (?:one|an?) (?:possible |plausible )?(?:option|possibility|candidate)\b"
    r"|is what (?:i|you|it) (?:would|could|might)\b|is what i['’]d\b"
    r"|or (?:something (?:like|similar|along)|similar|the like)"
    r"|(?:for (?:instance|example)|just an idea)\s*[.!)]*(?:\n|$)"
    r"|i(?:['’]ve| have)? (?:made up|invented|fabricated)\b"
    r"|i(?:['’]ve| have)? used (?:some |an? )?(?:placeholder|dummy|arbitrary|random|example"
    r"|sample)\b"
    r"|/*\s*(?:just |only |this is )?(?:an? |some )?(?:example|sample|placeholder|illustration"
    r"|dummy)(?: (?:only|output|values?|data|response|answer))?\s*[.!]*\s*(?:\n|$)"
    r"|(?:just |only )?(?:an? )?(?:example|illustration|sample|placeholder)(?: only)?\s*[;)])"
)
_NOT_ALL = (
    r"(?:(?:and|plus|or|also|as well as|along with)\s+(?:\w+ ){0,2}?"
    r"(?:more|others?|etc|so (?:on|forth))\b"
    r"|(?:and|plus|also|as well as)\s*:?\s*(?:also |possibly |maybe |perhaps |probably )?"
    r"(?:[\"'“]\w|[-+]?\d)"
    r"|/*\s*(?:etc\b|and so (?:on|forth)\b|to name (?:just )?a few|among (?:many )?others)"
    r"|(?:only )?(?:the )?(?:first|top|last) \w+(?: \w+)? (?:are |is |only )*(?:shown|listed|given)"
    r"|/*\s*(?:truncated|abbreviated|shortened|abridged|incomplete|partial|excerpt|non-exhaustive"
    rf"|not (?:complete|exhaustive))(?: (?:here|list|answer|output|for brevity))?{_END}"
    r"|for brevity\b"
    r"|(?:(?:and|plus|with|et|und|y|e)\s)?\d+ (?:more|others?|additional|further|weitere|autres?"
    r"|más|otros|otras|mais|outros|altri|altre)(?: (?:rows?|entr(?:y|ies)|items?|people|persons?"
    r"|records?|results?|lines?|names?|personnes?|personas?|pessoas|personen|einträge|lignes"
    r"|filas))?(?: (?:omitted|follow|not shown))?"
    r"\s*(?:[.)\]…]|$|\n)"
    r"|(?:the )?list continues\b|\[?continue[sd]? (?:for|with|in)"
    r" (?:(?:the|all|this) (?:other|others|rest|remaining|next|same (?:way|manner|pattern|format)"
    r"|way|manner)|all|each|every|others)\b"
    r"|(?:(?:please )?note\b(?: that)?[\s:,]*)?i(?:['’]ve| have)? (?:only|just) (?:included|listed"
    r"|shown|extracted|given|provided|added) (?:the )?(?:first|top|a few|some|\d)"
    r"|(?:die )?(?:weiteren?|übrigen?|restlichen?|anderen?) [^.\n]{0,60}(?:weggelassen|ausgelassen"
    r"|gekürzt|nicht aufgeführt)"
    r"|les autres [^.\n]{0,60}\bomis|(?:los|las|os|as) (?:demás|otr[oa]s|outr[oa]s|restantes)"
    r" [^.\n]{0,60}\bomiti"
    r"|[（【]?(?:其余|其他|剩余|余下|以下)[^。\n]{0,8}(?:省略|略)|[（【]?(?:以下|残り)[^。\n]{0,8}(?:省略|略)"
    r"|(?:the )?(?:remaining|other|rest of the) (?:\w+ ){0,3}(?:follow|are|have|were|would be)\b"
    r"(?: \w+){0,3}? (?:same|similar|alike|analogous)\b"
    r"|(?:(?:this|that|it|which"
    r"|(?:this|that|the|my) (?:list|answer|output|selection|set)) is|(?:these|those) are|is|are)"
    r" (?:still |only |just |merely )*(?:an? |the )?(?:part|partial|incomplete|subset"
    r"|excerpt|portion|not (?:complete|exhaustive|all))\b"
    r"|i (?:missed|forgot|overlooked)\b"
    r"|(?:remove|drop|delete|strike) [-+]?\d[\d.]*\s*(?:[.!,]|$|\n|from\b)"
    r"|(?:add|include) [-+]?\d[\d.]* (?:as well|too|also|to (?:it|the list))\b"
    r"|i(?:['’]ve| have)? (?:omitted|left out|skipped) (?:the )?(?:rest|others?|remaining|some"
    r"|a few|several|\d)"
    r"|(?:the )?(?:rest|remaining|others?)\b(?: \w+){0,3}? (?:omitted|left out|not shown|cut"
    r"|skipped)\b"
    r"|(?:except|excluding|but not|not including|apart from) (?:for )?(?:the )?"
    rf"[\"'“]?[\w-]+(?: [\w-]+){{0,2}}[\"'”]?{_END}|without (?:the )?[\"'“]?\d)"
)
BEHIND: tuple[tuple[str, re.Pattern[str], Mark], ...] = (
    ("taken back", expression(_TAKEN_BACK), "draft"),
    ("another value", expression(_ANOTHER_VALUE), "draft"),
    ("called an example", expression(_AN_EXAMPLE), "example"),
    ("not all of it", expression(_NOT_ALL), "part"),
    ("asked for the input", expression(ASKS_FOR_INPUT + r"(?:[.!]|$)"), "draft"),
)
GOES_ON = expression(
    r"[ \t]*,?[ \t]*(?:,[ \t]*(?:[-+]?\d|[\"'“])|\.\.\.|…)|[ \t]*(?:\*[ \t]*\d|\+[ \t]*[\[{(])"
)
"""An enumeration right behind a candidate, dots or a sum: there is more of it."""
