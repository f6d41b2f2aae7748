"""The rule that a text is plain: what marks it up in Markdown is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import regex
from typing_extensions import override

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import partial_expression
from deterministic_llm._core.schema.wording import quote
from deterministic_llm.validators.markers import Marker, Said, text_of, violation

_MARKS: Mapping[str, regex.Pattern[str]] = {
    name: partial_expression(pattern, regex.MULTILINE)
    for name, pattern in {
        "a code block": r"^[ \t]*(?:```|~~~)[^\n]*+",
        "a heading": r"^ {0,3}\#{1,6}[ \t]+\S[^\n]*+|^[^\s\-=*][^\n]*+\n={3,}[ \t]*$",
        "a table": r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*\|[-:| \t]*+$",
        "a rule": r"^[ \t]*(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|-{3,}[ \t]*)$",
        "a link": r"!?\[[^\[\]\n]*+\]\([^()\s]*+(?:[ \t]\"[^\"\n]*+\")?\)",
        "bold text": r"(?<!\d)\*\*(?=[^\s*])[^*\n]*+\*\*"
        r"|(?<!\w)__(?=\S)(?=[^_\s]*+\s)[^_\n]*+__(?!\w)",
        "struck text": r"~~(?=[^\s~])[^~\n]*+~~",
        "code": r"`[^`\n]++`",
        "emphasis": r"(?<![\w*])\*(?=[^\W\d])[^*\n]*+(?<=[^\s*])\*(?![\w*])"
        r"|(?<!\w)_(?=[^\W\d_])[^_\n]*+(?<=\S)_(?!\w)",
        "a bullet": r"^[ \t]*[-*+•][ \t]+(?=[^\s\d])[^\n]*+",
        "a numbered list": r"^[ \t]*\d{1,3}[.)][ \t]+\S[^\n]*+\n++[ \t]*\d{1,3}[.)][ \t]+\S",
        "a quotation": r"^[ \t]*>[ \t]*(?=[^\s\d>=])[^\n]*+",
    }.items()
}


@frozen
class NoMarkdown(Marker):
    """Text without headings, lists, bold, links and the like, in which a plain text view drowns."""

    reads: ClassVar[tuple[type, ...]] = (str,)

    @property
    @override
    def told(self) -> str:
        return "plain text without Markdown"

    @override
    def check(self, value: object, context: object) -> Said:
        text = text_of(value)
        for name, pattern in _MARKS.items():
            found = pattern.search(text)
            if found is not None:
                said = quote(found.group()[:60].strip())
                problem = f"expected plain text without Markdown, not {name} such as {said}"
                return violation(problem, fix="write it in plain words and sentences")
        return None
