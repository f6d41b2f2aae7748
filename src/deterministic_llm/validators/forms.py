"""Rules about the form of a text: a pattern, a web address, a date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

import regex
from typing_extensions import override

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.redos import backtracking
from deterministic_llm.errors import SchemaError
from deterministic_llm.validators.markers import Marker, Said, text_of, violation

MATCH_SECONDS = 0.5
"""The last guard: a text that takes longer to match does not."""


@frozen
class Matches(Marker):
    r"""Text that all of *pattern* matches, as in ``Matches(r"[A-Z]{2}-\d{4}", said="a code")``.

    *said* tells the model in words. A pattern that can backtrack exponentially is a SchemaError
    unless *unsafe*.
    """

    pattern: str
    said: str = ""
    unsafe: bool = False
    reads: ClassVar[tuple[type, ...]] = (str,)

    def __post_init__(self) -> None:
        reason = None if self.unsafe else backtracking(self.pattern)
        if reason is not None:
            raise SchemaError(repr(self), reason, "rewrite it, or pass unsafe=True")
        try:
            regex.compile(self.pattern)
        except regex.error as error:
            raise SchemaError(repr(self), f"no pattern: {error}", "correct it") from error

    @property
    @override
    def told(self) -> str:
        return self.said

    @property
    @override
    def keywords(self) -> Mapping[str, JsonValue]:
        portable = not _OWN_SYNTAX.search(self.pattern)
        return {"pattern": f"^(?:{self.pattern})$"} if portable else {}

    @override
    def check(self, value: object, context: object) -> Said:
        try:
            found = regex.fullmatch(self.pattern, text_of(value), timeout=MATCH_SECONDS)
        except TimeoutError:
            found = None
        if found is not None:
            return None
        wanted = self.said or f"text that matches {self.pattern}"
        return violation(f"expected {wanted}", fix=f"write {wanted}")


_OWN_SYNTAX = expression(r"\(\?(?!:)|[+*?}]\+|\\[^\\dDwWsSbBnrtfv.*+?^${}()|\[\]/-]")
"""What other engines for regular expressions read otherwise, or not at all."""


@frozen
class Url(Marker):
    """A whole web address of one of *schemes*, with a host that could exist."""

    schemes: tuple[str, ...] = ("https", "http")
    reads: ClassVar[tuple[type, ...]] = (str,)

    def __post_init__(self) -> None:
        if not self.schemes or not all(re.fullmatch("[a-z][a-z0-9+.-]*", s) for s in self.schemes):
            raise SchemaError(repr(self), "no schemes", "give them as ('https', 'ftp')")

    @property
    @override
    def told(self) -> str:
        return f"a whole URL that begins with {self._beginnings}"

    @property
    @override
    def keywords(self) -> Mapping[str, JsonValue]:
        return {"format": "uri"}

    @override
    def check(self, value: object, context: object) -> Said:
        text = text_of(value)
        problem = self._problem(text)
        return violation(f"expected {self.told}: {problem}") if problem else None

    @property
    def _beginnings(self) -> str:
        return " or ".join(f"{scheme}://" for scheme in self.schemes)

    def _problem(self, text: str) -> str:
        if _NO_URL.search(text):
            return "it holds a character that no URL has"
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            return str(error)
        if parts.scheme not in self.schemes or "//" not in text:
            return f"it does not begin with {self._beginnings}"
        if port == 0 or not _is_host(parts):
            return f"{parts.netloc!r} is no host"
        return "it ends with a punctuation mark" if text.endswith((".", ",", ";")) else ""


_NO_URL = expression(r"[\s<>\"{}|\\^`\x00-\x1f\x7f]")
_LABEL = expression(r"(?!-)[\w-]{1,63}(?<![-_])")


def _is_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if "[" in parts.netloc or re.fullmatch(r"[\d.]+", host):
        try:
            ip_address(host)
        except ValueError:
            return False
        return True
    labels = host.removesuffix(".").split(".")
    named = len(labels) > 1 or host == "localhost"
    return named and len(host) <= 253 and all(map(_LABEL.fullmatch, labels))


@frozen
class IsoDate(Marker):
    """A day of the calendar as text, ``2025-03-04``, from *earliest* to *latest* where given."""

    earliest: str | date | None = None
    latest: str | date | None = None
    reads: ClassVar[tuple[type, ...]] = (str,)

    def __post_init__(self) -> None:
        for bound in (self.earliest, self.latest):
            if bound is not None and _day(bound) is None:
                raise SchemaError(repr(self), f"{bound!r} is no date", "write it as 2025-03-04")
        first, last = _day(self.earliest), _day(self.latest)
        if first is not None and last is not None and first > last:
            raise SchemaError(repr(self), "no date lies between", "give the earlier one first")

    @property
    @override
    def told(self) -> str:
        bounds = {"not before": self.earliest, "not after": self.latest}
        return ", ".join(f"{word} {bound}" for word, bound in bounds.items() if bound is not None)

    @property
    @override
    def keywords(self) -> Mapping[str, JsonValue]:
        return {"format": "date"}

    @override
    def check(self, value: object, context: object) -> Said:
        day = _day(text_of(value))
        wanted = ", ".join(filter(None, ("expected a date as YYYY-MM-DD", self.told)))
        if day is None:
            return violation(wanted, fix="write year, month and day of a day that exists")
        first, last = _day(self.earliest) or date.min, _day(self.latest) or date.max
        return None if first <= day <= last else violation(wanted)


_DATE = expression(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _day(written: object) -> date | None:
    if type(written) is date:
        return written
    if not isinstance(written, str) or not _DATE.fullmatch(written):
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
