"""What may stand between two tokens is stepped over, whatever blanks it is made of."""

from __future__ import annotations

import re
import sys

from deterministic_llm._core.reading.syntax.blanks import skip
from deterministic_llm._core.reading.syntax.edits import Edits
from deterministic_llm._core.reading.syntax.punctuation import BLANK


def test_every_blank_is_stepped_over_and_nothing_else() -> None:
    blanks = set(re.findall(BLANK, "".join(map(chr, range(sys.maxunicode + 1)))))
    passed = {
        char
        for char in (*map(chr, range(0x10000)), *blanks)
        if char not in "/#<\\" and skip(f"{char}1", 0, 2, edits=Edits()) == 1
    }
    assert passed == blanks
