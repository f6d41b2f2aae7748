"""What decides an answer, as a key: a description of the question goes in, a digest comes out."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias
from urllib.parse import urlsplit

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.canonical import digest, jsonable
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.secrecy import without_secrets
from deterministic_llm._core.shapes import chat

Describe: TypeAlias = Callable[[Request], JsonObject]
"""Says what a request asks of whom, as far as that decides the answer."""

_VERSION = 1
"""Of the descriptions: another way to write them is another key."""
_BESIDE = frozenset(
    {
        "idle_timeout",
        "metadata",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "timeout",
        "user",
    }
)
"""Parameters that say who asks, how fast and for how long, and nothing about the answer."""


class Keys:
    """The keys of the requests of one run.

    Each vote of a run is a sample of the answers to its question, and so is the answer to one that
    was answered before in the same vote, and each round of in_round().
    """

    def __init__(self, describe: Describe) -> None:
        self._describe = describe
        self._answered: Counter[str] = Counter()
        self._round = _ROUND.get()

    def of(self, request: Request) -> tuple[str, str]:
        """The key of *request*, and the name of the question for answered()."""
        described = normal({"version": _VERSION, **self._describe(request)})
        question = digest(described)
        if self._round:
            question = digest([question, "round", self._round])
        sample = question if not request.sample else digest([question, "sample", request.sample])
        repeat = self._answered[sample]
        return (digest([sample, repeat]) if repeat else sample), sample

    def system(self, request: Request) -> str:
        """What answers *request*: a model on its server, or a function that asks one."""
        said = self._describe(request)
        names = (said.get(member) for member in ("server", "model", "function"))
        return " ".join(name for name in names if isinstance(name, str))

    def answered(self, question: str) -> None:
        """Note that *question* has had one more answer."""
        self._answered[question] += 1


_ROUND: ContextVar[int] = ContextVar("deterministic_llm.round", default=0)


@contextmanager
def in_round(number: int) -> Generator[None]:
    """The runs in the block are further samples: what another round was answered is not known.

    The first round is number 0, which is what is outside of any.
    """
    token = _ROUND.set(number)
    try:
        yield
    finally:
        _ROUND.reset(token)


def described_call(request: Request, *, url: str | None, model: str | None) -> JsonObject:
    """What *request* asks of *model* at *url*: all that is sent and decides the answer.

    Keys, headers, timeouts and user ids are left out.
    """
    said: dict[str, object] = {
        "server": None if url is None else _server(url),
        "model": model,
        "messages": request.messages,
        **chat.told(request.constraint),
        "parameters": sent_parameters(request.parameters),
    }
    return {name: jsonable(value) for name, value in said.items() if value}


def sent_parameters(parameters: Mapping[str, JsonValue]) -> dict[str, object]:
    """Those of *parameters* that decide an answer; ``extra_body`` has the last word."""
    extra = parameters.get("extra_body")
    sent = {**parameters, **(extra if isinstance(extra, dict) else {})}
    decisive = {name: sent[name] for name in sent if name not in _BESIDE and name != "extra_body"}
    return without_secrets(decisive)


def normal(value: JsonValue) -> JsonValue:
    """*value* with every text in Unicode's form NFC; members that would become one stay."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, dict):
        names = {name: unicodedata.normalize("NFC", name) for name in value}
        told = names if len(set(names.values())) == len(names) else {name: name for name in names}
        return {told[name]: normal(member) for name, member in value.items()}
    return value


def _server(url: str) -> str:
    """Host, port and path of *url*, without a password."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
