"""A JSON-like document that is still arriving: pieces of text go in, each character is read once.

What a mark means is decided by the rules of `syntax`, as soon as nothing that may follow could
change it. Where that takes more than a look at the next token, the rest is left to the reader of
the whole text, and nothing more is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from deterministic_llm._core.reading.arriving.aftermath import Aftermath
from deterministic_llm._core.reading.arriving.endings import (
    Verdict,
    first_mark,
    later_mark,
)
from deterministic_llm._core.reading.arriving.frames import UndecidedError
from deterministic_llm._core.reading.arriving.strands import Strand
from deterministic_llm._core.reading.arriving.tokens import (
    BLANKS,
    COMMENT_BEGINS,
    COMMENTS,
    DECIDED,
    DECIDED_TEXT,
    ITEM,
    KEY,
    MAY_GO_ON,
    MEMBER,
    ODD_BLANKS,
    OPENERS,
    SCALARS,
    UNQUOTED_KEY,
    WORD_ENDS,
    plain,
)
from deterministic_llm._core.reading.arriving.trees import Tree
from deterministic_llm._core.reading.syntax.blanks import COMMENT, check_comment
from deterministic_llm._core.reading.syntax.documents import MAX_DEPTH, ReadingError
from deterministic_llm._core.reading.syntax.edits import Edits
from deterministic_llm._core.reading.syntax.punctuation import QUOTES
from deterministic_llm._core.reading.syntax.strings import Role
from deterministic_llm._core.reading.syntax.words import scalar

LONGEST_TOKEN = 5_000
"""Characters of a key, number, word or comment that are waited for."""

_Step: TypeAlias = "Callable[[], _Step | None]"


class Growth:
    """The tokens of one document that came so far, and the step that comes next.

    A step reads on from `_at` and names the one that follows; None when it needs more text.
    """

    __slots__ = (
        "_aftermath",
        "_at",
        "_comma",
        "_end",
        "_gap",
        "_in_string",
        "_rest",
        "_step",
        "_strict",
        "_text",
        "_tree",
        "listed",
        "muted",
        "start",
        "strand",
    )

    def __init__(self, tree: Tree, start: int, *, strict: bool, regular: bool) -> None:
        self.start = start
        """Where the document begins in the text."""
        self.listed = False
        """Whether it is a list."""
        self._tree = tree
        self._strict = strict
        self.strand = Strand(tree, strict=strict, regular=regular)
        self._text = self._rest = ""
        self._at = self._end = 0
        self._comma = False
        self._gap: list[str] = []
        self._aftermath = Aftermath()
        self._step: _Step = self._value
        self._in_string: _Step = self._inside
        self.muted = False
        """Whether nothing more is said before the text is whole."""

    def feed(self, piece: str) -> str | None:
        """Read on; None while the document does.

        Else what is left behind its end, or behind the place from which on nothing more is said.
        """
        self._text = text = self._rest + piece if self._rest else piece
        self._at, self._end = 0, len(text)
        try:
            self._walk()
        except UndecidedError as undecided:
            self.mute(void=undecided.void)
        except (ReadingError, RecursionError, ValueError):
            self.mute()
        rest = text[self._at :]
        strand = self.strand
        if self.muted or self._tree.complete:
            self._rest, strand.open = "", False
            return rest
        self._rest = rest
        strand.open = self._step is self._in_string and not (rest or strand.marks)
        return None

    def _walk(self) -> None:
        end, step = self._end, self._step
        while self._at < end:
            following = step()
            if following is None:
                break
            self._step = step = following

    def mute(self, *, void: bool = False) -> None:
        """Say nothing more; with *void* what was said may be wrong."""
        self.muted = True
        self._step = self._silent
        if void:
            self._tree.forget("a later part of the text gives another value")

    def _silent(self) -> _Step | None:
        """Read nothing."""
        return None

    def _wait(self) -> _Step | None:
        """More text is needed for the token at hand; one that never ends is not waited for."""
        self._check_length(self._end)
        return None

    def _check_length(self, end: int) -> None:
        if end - self._at > LONGEST_TOKEN:
            raise UndecidedError

    def _next(self) -> str:
        """The next character that is no blank, or nothing when it has not come."""
        char = self._text[self._at]
        return char if char > " " else self._skip()

    def _skip(self) -> str:
        blanks = BLANKS.match(self._text, self._at)
        self._at = self._at if blanks is None else blanks.end()
        return self._text[self._at : self._at + 1]

    def _value(self) -> _Step | None:
        """A value of any kind."""
        char = self._text[self._at]
        if char <= " ":
            char = self._skip()
        top = self._tree.top
        if char in OPENERS:
            return self._open(char) if char else None
        if top is None:
            raise UndecidedError
        if char == '"' or (char in QUOTES and not self._strict):
            return self._string(char, "item" if top.listed else "member")
        if char in SCALARS:
            return self._scalar(listed=top.listed)
        if char == "]" and top.listed:
            return self._close()
        return self._unusual(char, self._value, before="," if top.listed else ":")

    def _open(self, char: str) -> _Step:
        if len(self._tree.frames) == MAX_DEPTH:
            raise UndecidedError
        self._at += 1
        self._comma = False
        self.listed = self.listed if self._tree.frames else char == "["
        self._tree.open(listed=char == "[")
        return self._value if char == "[" else self._key

    def _string(self, mark: str, role: Role) -> _Step:
        self.strand.begin(mark, role)
        self._at += 1
        return self._in_string

    def _inside(self) -> _Step | None:
        """The inside of a string, up to its closing mark."""
        begin = self._at
        self._at, closed = self.strand.read(self._text, begin)
        if self.strand.marks and self._aftermath.holds_rival(self._text[begin : self._at]):
            raise UndecidedError(void=True)  # the string may have ended long ago
        if not closed:
            return None
        self._gap = []
        return self._beyond if self.strand.marks else self._behind

    def _behind(self) -> _Step | None:
        """What follows the mark that may close a string: only that tells whether it does."""
        closed_at = self._at
        char = self._next()
        if self._at > closed_at:
            self._gap.append(self._text[closed_at : self._at])
        if not char:
            return None
        if self.strand.role == "key":
            return self._colon(self.strand.value())
        if char == "," or char in "}]":
            self.strand.put()
            return self._after()
        if self._strict:
            raise UndecidedError
        return self._behind_at(char)

    def _behind_at(self, char: str) -> _Step | None:
        """What follows a mark that no comma and no closer of JSON follows."""
        if char in COMMENTS:
            return self._comment(self._behind, before="", quiet=True)
        if blanks := ODD_BLANKS.match(self._text, self._at):
            self._gap.append(blanks[0])
            self._at = blanks.end()
            return self._behind
        following = self._text[self._at : self._at + LONGEST_TOKEN]
        verdict = first_mark(following, self.strand.role, gap="".join(self._gap))
        if verdict == "closes":
            self.strand.put()
            return self._key
        return self._weighed(verdict)

    def _beyond(self) -> _Step | None:
        """What follows a mark of a string that has inner ones."""
        following = self._text[self._at : self._at + LONGEST_TOKEN]
        verdict = later_mark(following, self.strand.role)
        if verdict == "closes":
            self.strand.put_around(following)
            return self._after
        return self._weighed(verdict)

    def _weighed(self, verdict: Verdict) -> _Step | None:
        """Go on in a string whose mark turned out to be an inner one."""
        if verdict == "may be either":
            return self._wait()
        if verdict == "is unclear":
            raise UndecidedError
        if not self.strand.marks:
            self._aftermath = Aftermath()
            if self._aftermath.holds_rival(self.strand.raw()):
                raise UndecidedError(void=True)
        self.strand.pass_mark("".join(self._gap))
        return self._in_string

    def _before_key(self) -> _Step | None:
        """A value, or a string that may end here, stands before a key: the comma is missing."""
        key = KEY.match(self._text, self._at)
        if key is not None and key[2]:
            self._check_length(key.end())
            return self._key
        if key is None or key.end() < self._end:
            raise UndecidedError
        return self._wait()

    def _colon(self, key: str) -> _Step:
        if not self._text.startswith(":", self._at):
            raise UndecidedError
        self._at += 1
        return self._named(key)

    def _named(self, key: str) -> _Step:
        self._tree.named(key)
        return self._value

    def _scalar(self, *, listed: bool) -> _Step | None:
        """A number, a literal or a plain word, once what ends it is there."""
        found = (ITEM if listed else MEMBER).match(self._text, self._at)
        if found is None:
            return self._word(listed=listed)
        self._check_length(found.end())
        self._tree.put(plain(found[1]))
        self._at = found.end(1)
        return self._after()

    def _word(self, *, listed: bool) -> _Step | None:
        """A scalar that is not JSON's, or of which the end has not come."""
        text, at = self._text, self._at
        ending = WORD_ENDS.search(text, at)
        if ending is None:
            return self._wait()
        going_on = MAY_GO_ON.match(text, ending.start())
        self._check_length(ending.start() if going_on is None else going_on.end())
        if going_on is not None and going_on.end() == self._end:
            return None
        word = text[at : ending.start()].rstrip(" \t")
        value = scalar(word, 0, edits=Edits())
        spaced = listed and " " in word
        if self._strict or spaced or not DECIDED.match(text, ending.start()):
            raise UndecidedError
        if isinstance(value, str) and not DECIDED_TEXT.match(text, ending.start()):
            raise UndecidedError
        self._tree.put(value)
        self._at = ending.start()
        return self._after

    def _after(self) -> _Step | None:
        """What follows a value inside a container."""
        char = self._text[self._at]
        if char <= " ":
            char = self._skip()
        top = self._tree.top
        if char == ",":
            self._at += 1
            self._comma = True
            return self._value if top is not None and top.listed else self._key
        self._comma = False
        if not char:
            return None
        if char in "}]":
            return self._close()
        if self._strict or top is None:
            raise UndecidedError
        if char == '"' and not top.listed:
            return self._before_key()
        if char == "{" and isinstance(top.content, list) and isinstance(top.content[-1], dict):
            return self._value
        return self._unusual(char, self._after, before="")

    def _close(self) -> _Step | None:
        top = self._tree.top
        fits = top is not None and top.listed == self._text.startswith("]", self._at)
        if not fits or (self._comma and self._strict):
            raise UndecidedError
        self._at += 1
        self._tree.close()
        return None if self._tree.complete else self._after

    def _key(self) -> _Step | None:
        """The next key of an object, or its end."""
        char = self._text[self._at]
        if char <= " ":
            char = self._skip()
        if char == '"':
            key = KEY.match(self._text, self._at)
            if key is None:
                return self._string(char, "key")
            if key.end() == self._end and not key[2]:
                return self._wait()
            self._check_length(key.end())
            self._at = key.end()
            return self._named(key[1])
        if not char:
            return None
        if char == "}":
            return self._close()
        if self._strict:
            raise UndecidedError
        return self._string(char, "key") if char in QUOTES else self._bare_key(char)

    def _bare_key(self, char: str) -> _Step | None:
        key = UNQUOTED_KEY.match(self._text, self._at)
        if key is None:
            return self._unusual(char, self._key, before=",")
        if key.end() == self._end:
            return self._wait()
        self._check_length(key.end())
        self._at = key.end()
        return self._colon(key[1])

    def _unusual(self, char: str, step: _Step, *, before: str) -> _Step | None:
        """A comment or an odd blank, where *step* found no token of its own."""
        if self._strict:
            raise UndecidedError
        if char in COMMENTS:
            return self._comment(step, before=before)
        blanks = ODD_BLANKS.match(self._text, self._at)
        if blanks is None:
            raise UndecidedError
        self._at = blanks.end()
        return step

    def _comment(self, step: _Step, *, before: str, quiet: bool = False) -> _Step | None:
        """Pass over a comment that only comments; a *quiet* one has no marks of strings in it."""
        comment = COMMENT.match(self._text, self._at)
        if comment is None:
            if COMMENT_BEGINS.match(self._text, self._at):
                return None
            raise UndecidedError
        said = comment[0]
        if comment.end() == self._end and not said.endswith(("*/", "-->")):
            return self._wait()
        self._check_length(comment.end())
        check_comment(said, self._at, before=before, last=False)
        self.strand.regular = self.strand.regular and '"' not in said
        if quiet and (len(said) > _LONGEST_REMARK or not QUOTES.keys().isdisjoint(said)):
            raise UndecidedError
        self._at = comment.end()
        return step


_LONGEST_REMARK = 200
