"""What an explanation of a number comes to in the end: "8 - 2 = 6", "which leaves 6 points".

In: the words behind a number. Out: the last number that they conclude with, or none. Counts of what
was found ("2 of the 3 arguments") and points that were taken off conclude nothing.
"""

from __future__ import annotations

from decimal import Decimal

from deterministic_llm._core.regexes import expression

_N = r"[*_`]{0,3}(?P<number>\d{1,12}(?:\.\d{1,6})?)[*_`]{0,3}"
_OF = (
    r"(?:\s?(?:points?|punkten?|puntos?|punti|pontos?|punten|/\s?\d+|(?:out of|von|sur|sobre|su|de)"
    r"\s\d+|overall|in total|instead))?"
)
_END = r"(?=\s*(?:[.,;:!)](?!\d)|\n|\Z)|\s(?:after|because|since|due|as)\b)"
_GRADE = r"(?:score|grade|rating|mark|total|average|mean|median|sum|result|answer|value)"
_WHICH = r"(?:the|my|your|so|final|overall|total|adjusted|revised|new|weighted)"
_ARTICLE = r"(?:(?:only|just|now|then|thus|about|still)\s)?(?:an?\s|the\s)?"
_COMES = (
    r"(?:gives?|giving|leaves?|leaving|(?:that|this|which) makes|making (?:it|that)"
    r"|leads? to|leading to|results? in|resulting in"
    r"|becomes?|becoming|yields?|yielding|equals?|comes to|amounts to|(?:brings?|bringing|lowers?"
    r"|lowering|reduces?|reducing|raises?|raising|drops?|cuts?)(?: (?:it|this|that|the \w+))?"
    r"(?: down| up)? to|rounded (?:up |down )?to|rounds (?:up |down )?to|worth|deserves?|merits?"
    r"|earns?|i(?:['’]d| would)? (?:give|gave|say|rate|score)(?: (?:it|this))?"
    r"|(?:student|essay|it|text|paper|work) (?:gets?|receives?))"
)
_ABROAD = (
    r"(?:bleiben|bleibt|ergibt|ergeben|macht|ist|sind|also|daher|somit|insgesamt|est|reste|restent"
    r"|donne|donc|soit|es|queda|quedan|da|è|restano|resta|quindi|é|restam|portanto|wynosi|итого"
    r"|получается|остаётся|остается)\s(?:(?:noch|nur|also|eine?|une?|un|una|de)\s)?"
)
_CONCLUDED = expression(
    rf"(?:(?:=|≈|→|=>)\s?|\b{_COMES}\s{_ARTICLE}(?:(?:final |total |overall )?{_GRADE}\s)?(?:of\s)?"
    rf"|\b(?:so|thus|therefore|hence)[,:]?\s(?:(?:it|that|this|the|my|i)\s(?:\w+\s){{0,3}}?)?"
    rf"{_ARTICLE}"
    rf"|(?:(?:\A|\n|[.!?,;:]\s|\b{_WHICH}\s){_GRADE}|\b(?:this|that|which|it))(?:['’]s\s|\s(?:now\s|then\s|thus\s|therefore\s|only\s)?"
    rf"(?:is|was|should be|would be|must be)\s|\s?[:=]\s?){_ARTICLE}"
    rf"|\b{_ABROAD}){_N}{_OF}{_END}"
    r"|(?<![扣减減引-])(?<!\d)(?P<points>\d{1,3})[分点점](?![数钟鐘])"
)


def comes_to(words: str) -> Decimal | None:
    """The last number that *words*, which are in lower case, conclude with."""
    last = None
    for found in _CONCLUDED.finditer(words):
        last = found
    return None if last is None else Decimal(last["number"] or last["points"])
