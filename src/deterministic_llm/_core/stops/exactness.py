"""The beginning of a text that must be a form letter by letter: whether it can still become it."""

from __future__ import annotations

from functools import lru_cache

import regex

from deterministic_llm._core.reading.forms.exact import TIME_LIMIT
from deterministic_llm._core.schema.forms import ChoiceForm, PatternForm, TextForm
from deterministic_llm._core.schema.phrasing import regex_of


def may_become_exact(form: TextForm, begun: str) -> bool:
    """Whether a text that begins with *begun* may be *form* and nothing else, blanks aside."""
    body = begun.lstrip()
    if isinstance(form, ChoiceForm):
        return any(option.startswith((body, body.rstrip())) for option in form.options)
    return any(_begins(form, each) for each in (body, body.rstrip()))


def _begins(form: TextForm, text: str) -> bool:
    try:
        found = _expression(form).fullmatch(text, partial=True, timeout=TIME_LIMIT)
    except TimeoutError:  # which says nothing about the text
        return True
    return found is not None


@lru_cache(maxsize=256)
def _expression(form: TextForm) -> regex.Pattern[str]:
    return regex.compile(form.source if isinstance(form, PatternForm) else regex_of(form))
