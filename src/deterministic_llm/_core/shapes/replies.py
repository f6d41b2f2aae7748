"""A response of HTTP, which an SDK's raw response holds: it goes in, its body comes out."""

from __future__ import annotations

from collections.abc import Mapping

from deterministic_llm._core.records import frozen
from deterministic_llm._core.shapes.members import get
from deterministic_llm._core.shapes.waits import lowered


@frozen
class Reply:
    """What a server sent: its *status*, its *headers* in lower case, its *body*."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def reply_of(answer: object) -> Reply | None:
    """The reply that *answer* is or holds; None when there is none.

    Raises TypeError, naming what to return instead, for one of which the body was not read.
    """
    held = get(answer, "http_response")
    response = answer if held is None else held
    status = get(response, "status_code")
    if type(status) is not int:
        return None
    body = get(response, "content")
    if body is None and hasattr(type(response), "content"):
        kind = type(answer)
        named = f"{kind.__module__}.{kind.__qualname__}"
        raise TypeError(_UNREAD.format(named, _REMEDY[held is None]))
    if not isinstance(body, bytes):
        return None
    return Reply(status, lowered(get(response, "headers")), body)


_UNREAD = "the function returned {}, whose body was not read: return {}"
_REMEDY = ("its .parse(), within its with block", "it after its .read()")
