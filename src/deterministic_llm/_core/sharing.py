"""What is there once in a process, for all who use it: a copy is itself, and no pickle holds it."""

from __future__ import annotations

from typing import ClassVar, Never, Self


class Shared:
    """Something whose state is that of one process; *elsewhere* says what to do in another one.

    A second one with the same state would let a limit be passed twice. So a configuration that
    is copied, deeply or not, goes on sharing it, and a pickle of it is refused.
    """

    __slots__ = ()
    elsewhere: ClassVar[str]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> Never:
        """Raise TypeError, as everything does that cannot be pickled."""
        message = f"cannot pickle a {type(self).__name__}: {self.elsewhere}"
        raise TypeError(message)
