"""The rules by which an answer is stopped: what each sees, and where it may be sure of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.locations import Location

Scope: TypeAlias = Literal["held", "strict", "everywhere"]
"""Where a rule can be sure: in a document that the backend holds to its form from the first
character, in what is read without repairs, or in any text."""


@frozen
class Rule:
    """One reason to stop, by *name*: its *scope*, and what it *sees*."""

    name: str
    scope: Scope
    sees: str


WRONG_MEMBER = Rule("wrong member", "held", "a closed member that its own type refuses")
TOO_LONG = Rule("too long", "held", "more characters of a text than it may have")
TOO_MANY = Rule("too many items", "held", "more items of a list than it may have")
NO_LABEL = Rule("no label", "held", "the beginning of a text that none of the labels has")
EXTRA_MEMBER = Rule("extra member", "held", "a member where the type refuses all but its own")
NO_MATCH = Rule("no match", "held", "a text that its pattern cannot match, whatever follows")
LEFT_SCHEMA = Rule("left the schema", "strict", "a character that no instance of the schema has")
DIVERGED = Rule("diverged", "strict", "a text that no ending makes the exact form")
REPETITION = Rule("repetition", "everywhere", "blanks, or one run, again and again")
PROSE = Rule("prose", "everywhere", "50,000 characters, and no value in sight")
TOO_MUCH = Rule("too much", "everywhere", "more characters than max_chars")

RULES: tuple[Rule, ...] = (
    WRONG_MEMBER,
    TOO_LONG,
    TOO_MANY,
    NO_LABEL,
    EXTRA_MEMBER,
    NO_MATCH,
    LEFT_SCHEMA,
    DIVERGED,
    REPETITION,
    PROSE,
    TOO_MUCH,
)
"""Every rule. None stops a text that some ending makes valid, but for the last three: they bound
what is waited for."""


@frozen
class Reason:
    """Why an answer was stopped: the *rule*, what is wrong, and the *member* that is, if one is."""

    rule: Rule
    violations: tuple[Violation, ...]
    member: Location | None = None
