"""Code fences of a completion: where each block begins and ends, whatever its label."""

from __future__ import annotations

import re

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

MAX_BLOCKS = 1_000
"""Blocks kept; a text with more of them is not an answer to one question."""


@frozen
class Block:
    """A fenced block from *start* to *end*, its body between; unclosed when the text ends first."""

    start: int
    body: int
    body_end: int
    end: int
    label: str
    closed: bool


def blocks(text: str) -> tuple[Block, ...]:
    """Every fenced block in the order of their openings, nested ones behind their holder.

    A run of three or more backticks with a word behind it opens; a bare one closes the block
    opened last, or opens when there is none. Tildes count at the start of a line only.
    """
    found: list[Block] = []
    opened: list[_Run] = []
    for match in _RUN.finditer(text):
        run = _Run(match["run"] or match["tildes"], match["label"] or "", match.end())
        if opened and not run.label and _closes(opened[-1], run):
            found.append(_block(text, opened.pop(), run.start, run.end, closed=True))
        else:
            opened.append(run)
        if len(found) + len(opened) > MAX_BLOCKS:
            break
    found.extend(_block(text, run, len(text), len(text), closed=False) for run in opened)
    return tuple(sorted(found, key=lambda block: block.start))


@frozen
class _Run:
    marks: str
    label: str
    body: int

    @property
    def end(self) -> int:
        return self.body - len(self.label)

    @property
    def start(self) -> int:
        return self.end - len(self.marks)


def _closes(opening: _Run, run: _Run) -> bool:
    return run.marks[0] == opening.marks[0] and len(run.marks) >= len(opening.marks)


def _block(text: str, run: _Run, body_end: int, end: int, *, closed: bool) -> Block:
    # A key or the only word right behind the fence ("```score: 8", "```yes```") is content.
    labelled = text[run.body : run.body + 1] not in {":", "="} and run.body != body_end
    body, label = (run.body, run.label) if labelled else (run.end, "")
    return Block(run.start, min(body, body_end), body_end, end, label.lower(), closed)


_RUN = expression(
    r"(?:(?P<run>`{3,}+)|^[ \t>]*+(?:[-*+][ \t]++)?+(?P<tildes>~{3,}+))"
    r"(?P<label>[A-Za-z][\w+.-]{0,30}+)?+",
    re.MULTILINE,
)
