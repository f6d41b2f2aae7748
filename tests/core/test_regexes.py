"""Expressions that wait to be compiled answer as compiled ones do."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys

import pytest

from deterministic_llm._core.regexes import expression, partial_expression

AT_IMPORT = """
import gc
from deterministic_llm import Model, parse
from deterministic_llm._core.regexes import _Waiting

def compiled():
    waiting = [each for each in gc.get_objects() if type(each) is _Waiting]
    return sum("_compiled" in vars(each) for each in waiting), len(waiting)

print(*compiled())
parse("[1]", list[int])
print(*compiled())
parse("Sure: [1, 2,] and that is all.", list[int])
print(*compiled())
"""


def test_an_expression_answers_as_a_compiled_one():
    source = r"(?P<a>B)+"
    waiting, compiled = expression(source, re.IGNORECASE), re.compile(source, re.IGNORECASE)
    for _ in range(2):  # also when it is asked the same again
        assert waiting.sub("-", "abbc") == compiled.sub("-", "abbc") == "a-c"
        assert [each["a"] for each in waiting.finditer("b b")] == ["b", "b"]
    assert (waiting.pattern, waiting.flags) == (compiled.pattern, compiled.flags)
    assert dict(waiting.groupindex) == {"a": 1}


def test_one_that_says_whether_more_is_to_come():
    found = partial_expression("abc").fullmatch("ab", partial=True)
    assert found is not None
    assert found.partial


def test_it_can_be_copied_and_pickled():
    waiting = expression("a+")
    assert copy.deepcopy(waiting).split("1a2") == ["1", "2"]
    assert pickle.loads(pickle.dumps(waiting)).split("1a2") == ["1", "2"]  # noqa: S301  # our own


def test_what_is_no_expression_says_so_when_it_is_used():
    wrong = expression("(")
    with pytest.raises(re.error):
        wrong.search("")
    with pytest.raises(AttributeError):
        expression("a").searches  # type: ignore[attr-defined]  # noqa: B018


def test_nothing_is_compiled_until_a_text_needs_it():
    """A value that stands there as it is wanted meets few; the others wait for what is messy."""
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", AT_IMPORT], capture_output=True, text=True, timeout=50, check=True
    )
    (none, every), (few, _), (some, _) = (
        map(int, line.split()) for line in done.stdout.splitlines()
    )
    assert every > 300
    assert none <= few < 10 < some < every / 5
