"""The beginning of a text that must be a form letter by letter: whether it can still become it."""

from __future__ import annotations

from functools import lru_cache

import regex

from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import ChoiceForm, PatternForm, TextForm
from deterministic_llm._core.schema.phrasing import regex_of


def may_become_exact(form: TextForm, begun: str) -> bool | None:
    """Whether a text that begins with *begun* may be *form* and nothing else, blanks aside.

    None where that cannot be told, at all or in time.
    """
    body = begun.lstrip()
    if isinstance(form, ChoiceForm):
        return any(option.startswith((body, body.rstrip())) for option in form.options)
    expression = _expression(form)
    if expression is None:
        return None
    try:
        return any(
            expression.fullmatch(each, partial=True, timeout=_TIME_LIMIT) is not None
            for each in (body, body.rstrip())
        )
    except TimeoutError:
        return None


_TIME_LIMIT = 0.05
"""Seconds that one look may take: it is taken again and again."""


@lru_cache(maxsize=256)
def _expression(form: TextForm) -> regex.Pattern[str] | None:
    """What *form* is matched by; None for what says "no" to some beginnings of what it matches."""
    source = form.source if isinstance(form, PatternForm) else regex_of(form)
    return None if _LOOKS_AROUND.search(source) else regex.compile(source)


_LOOKS_AROUND = expression(r"\(\?(?:<?[=!]|P=|\()|\\(?:[1-9]|[gk]<)")
"""Looking ahead or behind, and references to an earlier group."""
