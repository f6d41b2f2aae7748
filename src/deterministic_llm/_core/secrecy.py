"""What must never be written down: parameters go in, those that hold no secret come out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.regexes import expression

_SECRET = expression(
    r"headers?$|api_?key|(?:^|_)(?:auth|jwt)(?:_|$)|authorization|cookie|bearer|secret|passw"
    r"|credential|private_?key|signature|(?:^|access_?|auth_?|refresh_?|session_?|id_?|security_?)token$"
)
_HEADERS = expression(r"headers?$")
_TELLING = expression(r"(?:^|_)(?:key|pass|pin|token)(?:_|$)")
"""What a header is called that holds a secret, besides what any secret is called."""
_SCHEME = expression(r"(?i)\s*(?:basic|bearer|digest|negotiate|token)\s+")
"""How an authorization begins; the word is no secret."""
_TOLD = expression(r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{8,}|\b(?:sk|pk|rk)-[\w-]{6,}")
_KEYS = expression(
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

_RANDOM = 12
"""Characters, with a digit among them, from which a text is no word."""

_PLAIN = expression(r"\s|^\d{4}-\d\d-\d\d(?:T[\d:.]+)?(?:Z|[+-][\d:]+)?$")
"""What no key is: a text with blanks, a date, a time."""

HIDDEN = "[hidden]"
"""What is written in the place of a secret."""


def without_secrets(parameters: Mapping[str, object]) -> dict[str, object]:
    """*parameters* without those whose names say key, token, password or headers, at any depth."""
    return {
        name: _without(value) for name, value in parameters.items() if not _is_secret(str(name))
    }


def secrets_of(parameters: Mapping[str, object]) -> frozenset[str]:
    """The texts in *parameters* that are secret wherever they stand, also as JSON writes them.

    Those of headers are where the header's name says so, or where they can be no word: a header may
    hold a date or a title as well.
    """
    texts = [text for text in _held(parameters) if len(text) >= _SHORTEST]
    escaped = [
        json.dumps(text, ensure_ascii=narrow)[1:-1] for text in texts for narrow in (True, False)
    ]
    return frozenset((*texts, *escaped))


def is_random(secret: str) -> bool:
    """Whether *secret* can be no word of an answer, where hiding it would make another answer."""
    return len(secret) >= _RANDOM and bool(re.search(r"\d", secret)) and not _PLAIN.search(secret)


def hidden(value: JsonValue, secrets: frozenset[str]) -> JsonValue:
    """*value* with none of the *secrets* in its texts, its names, or as a number."""
    if not secrets:
        return value
    if isinstance(value, str):
        for secret in sorted(secrets, key=len, reverse=True):
            value = value.replace(secret, HIDDEN)
        return value
    if isinstance(value, list):
        return [hidden(item, secrets) for item in value]
    if isinstance(value, dict):
        return {str(hidden(name, secrets)): hidden(each, secrets) for name, each in value.items()}
    if isinstance(value, (int, float)) and str(value) in secrets:
        return HIDDEN
    return value


def keys_in(text: str) -> frozenset[str]:
    """What in *text* has the form of a key or a bearer token, so that it is surely no word."""
    return frozenset(found.group() for found in _KEYS.finditer(text))


def masked(text: str) -> str:
    """*text* of a server without what looks like a key in it."""
    return _TOLD.sub(HIDDEN, text)


def _is_secret(name: str) -> bool:
    """Whether what is called *name* is none of a record's business: ``max_tokens`` is no token."""
    return _SECRET.search(_snake(name)) is not None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_")


def _without(value: object) -> object:
    if isinstance(value, Mapping):
        return without_secrets(cast("Mapping[str, object]", value))
    if isinstance(value, (list, tuple)):
        return [_without(item) for item in cast("Sequence[object]", value)]
    return value


def _held(value: object) -> Iterator[str]:
    """The secret texts in *value*."""
    if isinstance(value, Mapping):
        for name, member in cast("Mapping[object, object]", value).items():
            if _HEADERS.search(_snake(str(name))):
                yield from _headed(member)
            elif _is_secret(str(name)):
                yield from _texts(member)
            else:
                yield from _held(member)
    elif isinstance(value, (list, tuple)):
        for item in cast("Sequence[object]", value):
            yield from _held(item)


def _headed(headers: object) -> Iterator[str]:
    """The secret texts in *headers*."""
    if not isinstance(headers, Mapping):
        yield from _texts(headers)
        return
    for name, member in cast("Mapping[object, object]", headers).items():
        telling = _is_secret(str(name)) or _TELLING.search(_snake(str(name)))
        yield from _texts(member) if telling else filter(is_random, _texts(member))


def _texts(value: object) -> Iterator[str]:
    """The texts in what is secret, whole and without a scheme, and what in them is no word."""
    if isinstance(value, str):
        yield value
        yield _SCHEME.sub("", value, count=1)
        yield from filter(is_random, re.split(r"[\s,;=]+", value))
    elif isinstance(value, Mapping):
        for member in cast("Mapping[object, object]", value).values():
            yield from _texts(member)
    elif isinstance(value, (list, tuple)):
        for item in cast("Sequence[object]", value):
            yield from _texts(item)
