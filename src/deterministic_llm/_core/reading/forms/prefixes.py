"""The beginning of an answer: can it still become the form? Asked while an answer is streaming."""

from __future__ import annotations

import regex

from deterministic_llm._core.reading.forms.exact import TIME_LIMIT
from deterministic_llm._core.reading.forms.lines import holds_broken_line
from deterministic_llm._core.schema.forms import PatternForm, TemplateForm, TextForm
from deterministic_llm._core.schema.phrasing import regex_of


def can_continue(form: TextForm, prefix: str, *, strict: bool = False) -> bool:
    """Whether some continuation of *prefix* would be read; says no only when none would.

    With *strict* the answer must be the canonical form, so the first wrong character ends it. Read
    leniently, words around the form and a later "Final answer:" can mend almost anything: only a
    finished line that is a broken record ends an answer of one record a line.
    """
    if strict:
        return _could_be_exact(form, prefix)
    if isinstance(form, TemplateForm) and form.many:
        return not holds_broken_line(form, prefix)
    return True


def _could_be_exact(form: TextForm, prefix: str) -> bool:
    body = prefix.lstrip()
    if not body or (isinstance(form, PatternForm) and _LOOKING.search(form.source)):
        return True
    expression = regex.compile(regex_of(form))
    try:
        return any(
            expression.fullmatch(each, partial=True, timeout=TIME_LIMIT) is not None
            for each in (body, body.rstrip())
        )
    except TimeoutError:
        return True


# Partial matching is not exact for these: it can say no too early.
_LOOKING = regex.compile(r"\(\?<?[=!]|\\[bB1-9]|\(\?P=")
