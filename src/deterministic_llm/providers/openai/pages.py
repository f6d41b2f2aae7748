"""What a server was asked of itself: a response or an exception goes in, a page comes out."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import from_json

from deterministic_llm._core.shapes.members import get, text
from deterministic_llm.providers.openai.identity import Page

_OK = 200


def page_of(path: str, raw: bytes, headers: Mapping[str, str]) -> Page:
    """The page with the body *raw*; what is no JSON is null."""
    try:
        body = from_json(raw, allow_inf_nan=False)
    except ValueError:
        body = None
    return Page(path, _OK, headers.get("server", ""), body)


def unread(path: str, error: Exception) -> Page:
    """The page that raised *error*; one with a status was answered, and the others were not."""
    status = get(error, "status_code")
    server = text(get(get(get(error, "response"), "headers"), "server"))
    return Page(path, status if isinstance(status, int) else None, server or "")
