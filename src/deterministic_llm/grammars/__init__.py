"""Guards of texts under way: a schema goes in, the first character that leaves it comes out.

The engine is the extra ``[grammar]``; without it there are no guards.
"""

from __future__ import annotations

from deterministic_llm.grammars.compiling import guards

__all__ = ["guards"]
