"""What must never be written down: parameters go in, those that hold no secret come out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

_SECRET = re.compile(
    r"headers?$|api_?key|(?:^|_)(?:auth|jwt)(?:_|$)|authorization|cookie|bearer|secret|passw"
    r"|credential|private_?key|signature|(?:^|access_?|auth_?|refresh_?|session_?|id_?|security_?)token$"
)
_TOLD = re.compile(r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{8,}|\b(?:sk|pk|rk)-[\w-]{6,}")
_KEYS = re.compile(
    r"(?<![\w-])(?:"
    r"(?:sk|pk|rk)-(?=[\w-]*\d)[\w-]{16,}"  # OpenAI, Anthropic and their like
    r"|(?:sk|pk|rk)_(?:live|test)_\w{16,}"  # Stripe
    r"|AKIA[0-9A-Z]{16}"  # Amazon
    r"|AIza[\w-]{35}"  # Google
    r"|gh[opsur]_\w{30,}|github_pat_\w{30,}"
    r"|hf_\w{30,}"  # Hugging Face
    r"|xox[abeprs]-[\w-]{16,}"  # Slack
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"  # a JSON web token
    r"|(?i:bearer)\s+(?=[\w.~+/=-]*\d)[\w.~+/=-]{16,})"
)
_SHORTEST = 6
"""Characters of a text that is looked for elsewhere: shorter ones stand in any text."""

HIDDEN = "[hidden]"
"""What is written in the place of a secret."""


def without_secrets(parameters: Mapping[str, object]) -> dict[str, object]:
    """*parameters* without those whose names say key, token, password or headers, at any depth."""
    return {
        name: _without(value) for name, value in parameters.items() if not _is_secret(str(name))
    }


def secrets_of(parameters: Mapping[str, object]) -> frozenset[str]:
    """The texts that without_secrets() leaves out of *parameters*, whole and without a scheme."""
    texts = [text for text in _held(parameters) if len(text) >= _SHORTEST]
    parts = [part for text in texts for part in text.split() if len(part) >= _SHORTEST]
    return frozenset((*texts, *parts))


def keys_in(text: str) -> frozenset[str]:
    """What in *text* has the form of a key or a bearer token, so that it is surely no word."""
    return frozenset(found.group() for found in _KEYS.finditer(text))


def masked(text: str) -> str:
    """*text* of a server without what looks like a key in it."""
    return _TOLD.sub(HIDDEN, text)


def _is_secret(name: str) -> bool:
    """Whether what is called *name* is none of a record's business: ``max_tokens`` is no token."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_")
    return _SECRET.search(snake) is not None


def _without(value: object) -> object:
    if isinstance(value, Mapping):
        return without_secrets(cast("Mapping[str, object]", value))
    if isinstance(value, (list, tuple)):
        return [_without(item) for item in cast("Sequence[object]", value)]
    return value


def _held(value: object, *, secret: bool = False) -> Iterator[str]:
    """The texts in *value* that stand below a secret name."""
    if isinstance(value, str):
        if secret:
            yield value
    elif isinstance(value, Mapping):
        for name, member in cast("Mapping[str, object]", value).items():
            yield from _held(member, secret=secret or _is_secret(str(name)))
    elif isinstance(value, (list, tuple)):
        for item in cast("Sequence[object]", value):
            yield from _held(item, secret=secret)
