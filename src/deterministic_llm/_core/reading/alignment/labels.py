"""A closed set of labels: text goes in, the one label that it names comes out.

Nothing here measures how alike two words are: a label is named in full or not at all, and a text
that says more than the label is read only where every other word is known to say nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from deterministic_llm._core.reading.alignment.bends import (
    LABEL_DESCRIBED,
    LABEL_FRAMED,
    LABEL_LETTER,
    LABEL_SPELLING,
    Bent,
    Rule,
)
from deterministic_llm._core.reading.alignment.numerals import bare
from deterministic_llm._core.reading.alignment.reasons import is_reason
from deterministic_llm._core.reading.alignment.reservations import is_mocked, is_reserved
from deterministic_llm._core.reading.alignment.vocabulary import (
    DOUBT,
    FRAME,
    QUESTION,
)
from deterministic_llm._core.regexes import expression

_LONGEST = 300
_CAMEL = expression(r"(?<=[a-z])(?=[A-Z])")
_SEPARATORS = expression(r"(?<=\w)[\s_\u2010\u2011\u2013-]+(?=\w)|\s+")
_ACCENTS = expression(r"[\u0300-\u036f]+")
_LETTERED = expression(r"\(?(?P<letter>[A-Za-z]|\d{1,2})[).:\]]\s+(?P<rest>\S.*)", re.DOTALL)
_LETTER_ALONE = expression(r"[(\[]?([A-Za-z]|\d{1,2})[).:\]]?")
_DESCRIBED = expression(
    r"[*_`]{0,3}\s*(?:[:;\n(]|[.!](?=[*_]{0,3}\s)|\s[-\u2013\u2014]\s|\u2014|\u2013\s)|[\s.!;:,)*]*\Z"
)
_REASONED = expression(
    r"[*_`]{0,3}(?:[,，]\s?(?=(?:the|an?|this|it|its|because|since|as|which|der|die|das|ein|eine|weil|da|la"
    r"|le|les|un|une|el|los|una|il|parce|porque|perché)\s|l['’])"
    r"|\s(?=(?:because|since|weil|parce que|porque|perché)\s)|\s?\n\s*\n\s*)",
    re.IGNORECASE,
)
"""What parts a label from a reason, or from what it is called besides."""
_OF_LABELS = expression(
    r"\b(?:choices?|options?|alternatives?|candidates?|labels?|categor(?:y|ies)|class(?:es)?|names?"
    r"|wahl|kategorie|choix|opción|opzione|opção)\b",
    re.IGNORECASE,
)
_CORRECT = expression(
    r"\s(?:is|would be)\s(?:the\s)?(?:correct|right|best)(?:\s(?:answer|option|choice|one|label))?"
    r"[.!]?\s*\Z",
    re.IGNORECASE,
)
_FEWEST_WORDS = 3
"""Words of a reason: "Paris, the movie" may be the name of something else."""
_NOUNS = frozenset({"option", "answer", "choice", "label", "letter", "so", "therefore", "thus"})
_ENDS = " \t\n.!;:,)*"
_LETTER_DESCRIBED = expression(r"[:)]")
_SMALL_SHARE = expression(
    r"[\s:=(*_-]{1,6}(?:0?\.[0-4]\d*|0|[0-4]?\d(?:\.\d+)?\s?%)[\s)*_.,;]*(?:\n|\Z)"
)
_WORD = expression(r"[^\W_]+(?:'[^\W_]+)?")
_MANY = 500
"""Labels from which on a sentence is no longer searched for them."""


class Labels:
    """Text labels of one schema node, with every spelling that names exactly one of them."""

    __slots__ = ("_known", "_name", "_spellings", "_usual")

    def __init__(self, labels: Iterable[str], *, name: str = "") -> None:
        self._known = tuple(dict.fromkeys(labels))
        self._name = name
        usual = _unique(_usual_spellings(self._known))
        self._usual = {form: Bent(label, LABEL_SPELLING) for form, label in usual.items()}
        self._spellings: _Spellings | None = None

    def usual(self, text: str) -> Bent | None:
        """The label that *text* is but for case and separators."""
        return self._usual.get(text.casefold())

    def named(self, text: str) -> Bent | None:
        """The label that *text* names; None when it names none, or perhaps more than one."""
        usual = self.usual(text)
        if usual is not None or len(text) > _LONGEST:
            return usual
        if self._spellings is None:
            self._spellings = _Spellings(self._known, self._name)
        return self._spellings.named(bare(text))


class _Spellings:
    """The less usual ways to name a label; made when a first text needs them."""

    __slots__ = ("_by_letter", "_by_spelling", "_frame", "_known", "_mentions", "_squeezed")

    def __init__(self, labels: Sequence[str], name: str) -> None:
        self._known = labels
        self._by_spelling = _unique(_spellings(labels))
        self._squeezed = _unique(_squeezed(labels))
        self._by_letter = _lettered(labels)
        self._mentions = _mention_pattern(labels)
        self._frame = FRAME | frozenset(_spelled(_split(name)).split())

    def named(self, text: str) -> Bent | None:
        """The label that *text* names, which has no marks around it."""
        label = self._spelt(text)
        if label is not None:
            return Bent(label, LABEL_SPELLING)
        return self._by_option(text) or self._in_words(text)

    def _spelt(self, text: str) -> str | None:
        """The label that *text* is but for case, separators and accents."""
        for form in (_spelled(text), _spelled(_split(text))):
            label = self._by_spelling.get(form)
            if label is not None:
                return label
        return self._squeezed.get(fold_accents(text)) if text.isalpha() else None

    def _by_option(self, text: str) -> Bent | None:
        letter = _LETTER_ALONE.fullmatch(text)
        if letter is not None:
            label = self._by_letter.get(letter[1].casefold()) or self._spelt(letter[1])
            return None if label is None else Bent(label, LABEL_LETTER)
        lettered = _LETTERED.fullmatch(text)
        if lettered is None:
            return None
        label = self._spelt(lettered["rest"])
        expected = self._by_letter.get(lettered["letter"].casefold(), label)
        return Bent(label, LABEL_LETTER) if label is not None and label == expected else None

    def _in_words(self, text: str) -> Bent | None:
        """The only label that *text* mentions, where nothing else in it can change what it says."""
        mentions = [each for each in self._mentions.finditer(text) if self._steady(each.group())]
        labels = {self._spelt(mention.group()) for mention in mentions}
        label = labels.pop() if len(labels) == 1 else None
        if label is None or "?" in text:
            return None
        first = mentions[0]
        rule = self._framing(label, text[: first.start()], text[first.end() :])
        return None if rule is None else Bent(label, rule)

    def _framing(self, label: str, before: str, after: str) -> Rule | None:
        words, others = _words(before), _words(after)
        if not words and not before.strip(" (*_`\"'"):
            described = _LETTER_DESCRIBED if len(label) == 1 else _DESCRIBED
            if described.match(after) and (others or not after.strip(_ENDS)):
                lessened = is_unlikely(after) or is_reserved(label, after) or is_mocked(after)
                return None if lessened or _doubtful(others) else LABEL_DESCRIBED
            if _is_reasoned(label, after):
                return LABEL_DESCRIBED
        if _CORRECT.match(after) and _NOUNS.issuperset(words):
            return LABEL_FRAMED
        said = frozenset(words) | frozenset(others)
        if not said or not said <= self._frame or (words and words[0] in QUESTION):
            return None
        # "positive sentiment" passes; "no answer" is not the answer "no".
        closed = not others or (len(others) == 1 and not _doubtful(_words(label)))
        return LABEL_FRAMED if closed and "," not in after else None

    def _steady(self, mention: str) -> bool:
        """Whether *mention* can be nothing but a label: "A" and "IT", not "a" and "it"."""
        return len(mention) > 2 or mention in self._known or mention.casefold() == "no"


def _is_reasoned(label: str, after: str) -> bool:
    """Whether *after* is a reason for *label*, or what that is called besides.

    "Paris, the capital of France", "positive because the customer is happy".
    """
    parted = _REASONED.match(after)
    if parted is None or is_reserved(label, after) or _OF_LABELS.search(after) is not None:
        return False
    words = _words(after[parted.end() :])
    told = len(words) >= _FEWEST_WORDS and not _doubtful(words)
    return told and is_reason(after[parted.end() :])


def is_unlikely(after: str) -> bool:
    """Whether what stands *after* a label gives it less than a half: "spam: 3%", "toxic (0.03)".

    That is the share of one of several labels, and none of them is chosen.
    """
    return _SMALL_SHARE.match(after) is not None


def fold_accents(text: str) -> str:
    """*text* in lower case without Latin, Greek and Cyrillic accents."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", folded))


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The spellings that belong to one label; those of two name neither."""
    found: dict[str, str | None] = {}
    for spelling, label in pairs:
        found[spelling] = label if found.get(spelling, label) == label else None
    return {spelling: label for spelling, label in found.items() if label is not None}


def _split(text: str) -> str:
    return _CAMEL.sub(" ", text)


def _spelled(text: str) -> str:
    return _SEPARATORS.sub(" ", fold_accents(text)).strip()


def _usual_spellings(labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Labels by themselves in lower case, with any one separator between their words."""
    for label in labels:
        yield label.casefold(), label
        words = _spelled(_split(label)).split()
        yield from ((mark.join(words), label) for mark in " _-")


def _spellings(labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    lettered = [_LETTERED.fullmatch(label) for label in labels]
    for label, match in zip(labels, lettered, strict=True):
        forms = {_spelled(label), _spelled(_split(label))}
        if match is not None and all(lettered):
            forms.add(_spelled(match["rest"]))
        yield from ((form, label) for form in forms)


def _squeezed(labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Labels of several words by these in one, unless a small word could make it another word."""
    for label in labels:
        words = _spelled(_split(label)).split()
        if len(words) > 1 and not _doubtful(words):
            yield "".join(words), label


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold().replace("\u2019", "'"))


def _lettered(labels: Sequence[str]) -> dict[str, str]:
    """Labels by the option letter that each of them carries, and by what stands behind it."""
    matches = [(_LETTERED.fullmatch(label), label) for label in labels]
    letters = {match["letter"].casefold(): label for match, label in matches if match is not None}
    return letters if len(letters) == len(labels) else {}


def _mention_pattern(labels: Sequence[str]) -> re.Pattern[str]:
    """A pattern of all labels as whole words, the longest first."""
    forms = {_spelled(form) for label in labels[:_MANY] for form in (label, _split(label))} - {""}
    if not forms or len(labels) > _MANY:
        return re.compile(r"(?!)")
    spelt = (r"[\s_-]+".join(map(re.escape, form.split())) for form in sorted(forms, key=len))
    longest_first = "|".join(reversed(list(spelt)))
    return re.compile(rf"(?<![\w'\u2019-])(?:{longest_first})(?![\w'\u2019]|-\w)", re.IGNORECASE)


def _doubtful(words: Sequence[str]) -> bool:
    return any(word in DOUBT or word.partition("'")[0] in DOUBT or "n't" in word for word in words)
