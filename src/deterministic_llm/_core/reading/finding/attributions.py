"""Words before a statement by which it is not the answer: another's, denied, or not so in the end.

In: the sentence that leads to "the answer is". Out: whether what it names is no answer: "The author
thinks", "It is not true that", "Without the last line,". What comes before a comma and a "so" says
nothing of it.
"""

from __future__ import annotations

from deterministic_llm._core.regexes import expression

_REACH = 160
_SOURCE = (
    r"(?:text|passage|document|article|table|rubric|report|page|data|invoice|receipt|email|e-mail"
    r"|context|chart|graph|source|paragraph|contract|recipe|evidence|calculation|formula|result"
    r"|figures?|numbers?|guidelines?|instructions?|criteria|scale|above|following|given|provided)"
)
_CONTINUED = r"(?:(?!\b(?:so|thus|hence|therefore|and|but|yet)\b)[^,;:])*\Z"
_DENIED = expression(
    r"(?:\b(?:not(?! (?:only|surprising\w*|bad))|never|no (?!doubt|question|denying|wonder|matter"
    r"|surprise)\w+|nobody|nothing|none|nor|cannot|unlikely|hardly|false|untrue|wrong|incorrect"
    r"|impossible|far be it|doubtful|disagree|deny|dispute)\b|n['’]t\b)" + _CONTINUED
)
_HOLDS = (
    r"(?:think|believe|say|argue|claim|feel|assume|insist|reckon|guess|estimate|suppose|maintain"
    r"|conclude|expect|hope|wish|fear|write|state)"
)
_HELD = r"(?:thought|believed|said|argued|claimed|felt|assumed|insisted|wrote|stated|hoped)"
_OTHERS = expression(
    rf"(?P<who>[^\W\d_]+(?:['’][^\W\d_]+)?)\s(?:(?:would|will|may|might|could|can|used to|also"
    rf"|still|probably|often|even|just|do|did)\s){{0,3}}(?:{_HOLDS}s?|{_HELD})(?:\sthat)?[\s:,\"'“]*\Z"
)
_USED_TO = expression(
    rf"\b(?:used to|could|may|might) {_HOLDS}(?: that)?\s*\Z"
    rf"|\bi (?:first |initially |once )?{_HELD}(?: that)?\s*\Z"
)
_SPEAKERS = frozenset({"i", "we", "i'd", "i’d", "we'd", "we’d", "i'll", "i’ll", "we'll", "we’ll"})
_PART_OF = expression(r"\bof\s*\Z")
_IS_SOURCE = expression(_SOURCE)
_OPENED = expression(
    rf"\W*(?:according to (?!(?:the |this |my |our |these )?(?:\w+ )?{_SOURCE}\b)"
    r"|in (?!my\b|our\b)(?:the |an? |his |her |their |your |some |most |many )?"
    r"(?:[\w'’]+ ){0,3}(?:opinion|view"
    r"|eyes|mind|judge?ment)\b|(?:for|to) (?:most|many|some|the author)\b"
    r"|without (?!further|(?:a |any )?(?:doubt|question))|but for\b|had\b|were\b"
    r"|(?:apart|aside) from|except for|on the surface|at first\b|initially|originally|previously"
    r"|before\b|ideally|hypothetically|in theory|normally|typically|e\.\s?g\.?|for (?:example"
    r"|instance)|otherwise|in (?:that|which|this) case|yesterday|last time"
    r"|(?:thought|observation|action)\s?:)"
    r"(?:(?!\b(?:so|thus|hence|therefore|but|yet|now)\b)[^,;:]){0,80},?\s*\Z"
)


def is_said_otherwise(sentence: str) -> bool:
    """Whether *sentence*, up to a statement of an answer, makes that no answer."""
    said = sentence[-_REACH:].casefold().rstrip(" *_`")
    if not said:
        return False
    if (
        _PART_OF.search(said)
        or _DENIED.search(said)
        or _USED_TO.search(said)
        or _OPENED.match(said)
    ):
        return True
    others = _OTHERS.search(said)
    if others is None or others["who"] in _SPEAKERS:
        return False
    return _IS_SOURCE.fullmatch(others["who"]) is None
