"""The inputs of a command: a file or a folder goes in, questions with names and labels come out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from deterministic_llm._core.records import frozen
from deterministic_llm.errors import ConfigurationError

_PLACE = re.compile(r"\{(\w+)\}")
_TEXT = "text"
"""The member that a plain text is."""


@frozen
class Question:
    """One input: its *members*, what it is called, and what a person gave, if anyone did."""

    members: Mapping[str, object]
    name: str
    label: float | None = None

    def fits(self, prompt: str) -> bool:
        """Whether *prompt* has a place for any member."""
        return any(name in self.members for name in _PLACE.findall(prompt))

    def put(self, prompt: str) -> str:
        """*prompt* with each ``{member}`` that there is put in; other braces stay."""
        return _PLACE.sub(lambda at: str(self.members.get(at[1], at[0])), prompt)


def questions_in(path: Path, *, label: str | None, name: str | None) -> Sequence[Question]:
    """The questions in a JSONL file, or one a text of a folder; raises ConfigurationError.

    *label* and *name* are members that are not part of what is asked.
    """
    rows = list(_texts(path) if path.is_dir() else _lines(path))
    if not rows:
        message = f"{path}: holds no inputs"
        raise ConfigurationError(message)
    return [_question(row, f"{path}: input {at}", label, name) for at, row in enumerate(rows, 1)]


def text_of(file: Path) -> str:
    """What stands in *file*, which is UTF-8; raises ConfigurationError where it is not."""
    try:
        return file.read_text("utf-8-sig")
    except OSError as error:
        message = f"{file}: cannot be read: {error.strerror} (check the path)"
        raise ConfigurationError(message) from error
    except UnicodeDecodeError as error:
        message = f"{file}: is not UTF-8 (save it as UTF-8 text)"
        raise ConfigurationError(message) from error


def _question(row: Mapping[str, object], at: str, label: str | None, name: str | None) -> Question:
    members = {key: value for key, value in row.items() if key not in {label, name, _NAME}}
    called = str(row.get(name or _NAME, at.rpartition(" ")[2]))
    given = None if label is None else row.get(label)
    if given is not None and (isinstance(given, bool) or not isinstance(given, (int, float))):
        message = f"{at}: {label}: expected the number that a person gave, got {given!r}"
        raise ConfigurationError(message)
    return Question(members, called, given)


_NAME = "\0name"
"""Where the name of a file is kept, which no JSON member is called."""


def _texts(folder: Path) -> Iterator[Mapping[str, object]]:
    for file in sorted(folder.glob("*.txt")):
        yield {_NAME: file.stem, _TEXT: text_of(file).strip()}


def _lines(file: Path) -> Iterator[Mapping[str, object]]:
    for number, line in enumerate(text_of(file).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row: object = json.loads(line)
        except ValueError as error:
            message = f"{file}, line {number}: is no JSON: {error}"
            raise ConfigurationError(message) from error
        if isinstance(row, str):
            yield {_TEXT: row}
        elif isinstance(row, dict):
            yield cast("dict[str, object]", row)
        else:
            message = f"{file}, line {number}: expected an object or a text, got {line.strip()}"
            raise ConfigurationError(message)
