"""Every way in which a server's answer goes wrong, by name: what it is, and how it is played."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable, Mapping
from functools import cache

from deterministic_llm._core.exchange import Completion, JsonObject, JsonValue
from deterministic_llm.testing.envelopes import (
    envelope,
    error,
    tool_call,
    with_message,
)
from deterministic_llm.testing.fault import Fault
from deterministic_llm.testing.interfaces import blamed, worded
from deterministic_llm.testing.streams import STREAMS, speak
from deterministic_llm.testing.wire import Wire

_MEGABYTE = 1 << 20


def _body(about: str, body: bytes | JsonValue, **headers: str) -> Fault:
    """The same *body* whatever the healthy answer is, with status 200."""

    async def play(wire: Wire, answer: Completion) -> None:
        del answer
        await wire.reply(body, headers=_named(headers))

    return Fault(about, play)


def _failing(about: str, status: int, body: bytes | JsonValue = None, **headers: str) -> Fault:
    """An error *status*, with an error in OpenAI's form when there is no other *body*."""
    said = error(f"status {status}") if body is None else body

    async def play(wire: Wire, answer: Completion) -> None:
        del answer
        await wire.reply(blamed(wire, status, said), status=status, headers=_named(headers))

    return Fault(about, play)


def _answering(about: str, body: Callable[[Completion], JsonObject], **headers: str) -> Fault:
    """A response made from the healthy answer, its usage included."""

    async def play(wire: Wire, answer: Completion) -> None:
        wire.charge(answer.usage)
        await wire.reply(worded(wire, body(answer)), headers=_named(headers))

    return Fault(about, play)


def _saying(about: str, message: JsonObject, finish: str = "stop") -> Fault:
    """An answer whose message has these members instead."""
    return _answering(about, lambda answer: with_message(answer, message, finish))


def _calling(about: str, *calls: JsonValue) -> Fault:
    return _saying(about, {"tool_calls": list(calls)}, "tool_calls")


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


_HTML = b"<html><body>Please log in.</body></html>"
_TYPE_HTML = "text/html; charset=utf-8"
_QUOTA = error(
    "You exceeded your current quota", kind="insufficient_quota", code="insufficient_quota"
)
_TOO_LONG = error(
    "This model's maximum context length is 8192 tokens. However, your messages resulted in "
    "9000 tokens. Please reduce the length of the messages.",
    kind="invalid_request_error",
    code="context_length_exceeded",
)

_STATUSES: Mapping[str, Fault] = {
    **{
        str(status): _failing(f"Status {status} with an error in JSON.", status)
        for status in (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 529)
    },
    "500_final": _failing("Status 500 that forbids to ask again.", 500, x_should_retry="false"),
    "502_html": _failing("A gateway's page with status 502.", 502, _HTML, content_type=_TYPE_HTML),
    "400_context": _failing("Status 400: the prompt is longer than the context.", 400, _TOO_LONG),
}
_HINTS: Mapping[str, Fault] = {
    "429_quota": _failing("Status 429: no credit is left.", 429, _QUOTA),
    "429_after": _failing(
        "Status 429: wait a second.", 429, retry_after="1", x_ratelimit_reset_requests="1s"
    ),
    "429_after_ms": _failing("Status 429: wait 100 milliseconds.", 429, retry_after_ms="100"),
    "429_reset": _failing(
        "Status 429 that only says when the tokens are renewed.",
        429,
        x_ratelimit_reset_tokens="6m0s",
    ),
    "429_far": _failing("Status 429: wait five minutes.", 429, retry_after="300"),
    "429_now": _failing("Status 429: ask again at once.", 429, retry_after="0"),
    "503_now": _failing("Status 503: ask again at once.", 503, retry_after="0"),
}


async def _ok(wire: Wire, answer: Completion) -> None:
    if wire.in_pieces:
        await speak(wire, answer)
    else:
        wire.charge(answer.usage)
        await wire.reply(worded(wire, envelope(answer)))


def _refusing(about: str, refused: Callable[[JsonObject], bool], said: JsonValue) -> Fault:
    """Status 400 to a request that asks for what is *refused*; any other is answered."""

    async def play(wire: Wire, answer: Completion) -> None:
        if refused(wire.asked):
            await wire.reply(said, status=400)
        else:
            await _ok(wire, answer)

    return Fault(about, play)


def _asks_for(*members: str) -> Callable[[JsonObject], bool]:
    return lambda asked: not asked.keys().isdisjoint(members)


def _held_to_a_schema(asked: JsonObject) -> bool:
    text = asked.get("text")
    held = text.get("format") if isinstance(text, dict) else asked.get("response_format")
    return isinstance(held, dict) and held.get("type") == "json_schema"


_REFUSED: Mapping[str, Fault] = {
    "no_schemas": _refusing(
        "Status 400 to a JSON Schema: answers are held to none here.",
        _held_to_a_schema,
        error("This response_format type is unavailable now"),
    ),
    "no_constraints": _refusing(
        "Status 400 to whatever holds an answer.",
        _asks_for("response_format", "tools", "grammar"),
        error("response_format and tool_choice are not supported with this model"),
    ),
    "no_seed": _refusing(
        "Status 400 to a seed.",
        _asks_for("seed"),
        error("Unrecognized request argument supplied: seed"),
    ),
    "no_max_tokens": _refusing(
        "Status 400 to max_tokens, which goes by another name here.",
        _asks_for("max_tokens"),
        error(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
            code="unsupported_parameter",
        ),
    ),
}
_BODIES: Mapping[str, Fault] = {
    "ok": Fault("The healthy answer, as a stream where one is asked for.", _ok),
    "html": _body("A login page with status 200.", _HTML, content_type=_TYPE_HTML),
    "text_plain": _answering("JSON that calls itself text.", envelope, content_type="text/plain"),
    "broken_json": _body("JSON that stops in the middle.", b'{"id": "chatcmpl-0", "choices": [{'),
    "empty": _body("No body at all.", b""),
    "null": _body("A body that is null.", b"null"),
    "list": _body("A body that is a list.", b"[]"),
    "error_200": _body(
        "An error with status 200.", error("bad gateway", kind="server_error", code=502)
    ),
}
_ENVELOPES: Mapping[str, Fault] = {
    "no_choices": _body("An empty list of choices.", {"id": "x", "choices": []}),
    "null_choices": _body("Choices that are null.", {"id": "x", "choices": None}),
    "latin1": _body(
        "Bytes that are not UTF-8.",
        '{"choices": [{"message": {"content": "é"}}]}'.encode("latin-1"),
    ),
    "nan": _answering(
        "A NaN beside the answer.", lambda it: envelope(it) | {"created": float("nan")}
    ),
    "wrong_types": _body("Members of other types.", {"id": 5, "choices": "x"}),
}
_CONTENTS: Mapping[str, Fault] = {
    "null_content": _saying("Content that is null.", {"content": None}),
    "empty_content": _saying("Content without a character.", {"content": ""}),
    "parts": _answering(
        "Content as a list of parts.",
        lambda answer: with_message(answer, {"content": [{"type": "text", "text": answer.text}]}),
    ),
    "refusal": _saying("A refusal in its own field.", {"refusal": "I cannot help with that."}),
    "content_filter": _saying("An answer that the filter kept back.", {}, "content_filter"),
    "length": _saying("An answer cut at the token limit.", {"content": '{"a":"xx'}, "length"),
    "abort": _saying("An answer that was broken off.", {"content": '{"a"'}, "abort"),
    "surrogate": _saying("Half a surrogate pair in the content.", {"content": '{"a":"\ud800"}'}),
}
_TOOLS: Mapping[str, Fault] = {
    "broken_arguments": _calling("Arguments that are no JSON.", tool_call("answer", '{"a":')),
    "dict_arguments": _calling("Arguments that are an object.", tool_call("answer", {"a": 1})),
    "two_calls": _calling(
        "Two different calls.", tool_call("answer", '{"a":1}'), tool_call("answer", '{"a":2}')
    ),
    "same_calls": _calling(
        "The same call twice.", tool_call("answer", '{"a":1}'), tool_call("answer", '{"a":1}')
    ),
    "unknown_tool": _calling("A tool that was not offered.", tool_call("nobody", '{"a":1}')),
    "empty_calls": _saying("An empty list of calls.", {"tool_calls": []}),
    "reasoning_only": _saying(
        "Nothing but thinking.", {"content": "", "reasoning_content": 'I think {"a":1}'}
    ),
}


async def _bomb(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.reply(_inflatable(), headers={"content-encoding": "gzip"})


@cache
def _inflatable() -> bytes:
    press = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    blanks = b" " * _MEGABYTE
    return b"".join(press.compress(blanks) for _ in range(200)) + press.flush()


async def _huge(wire: Wire, answer: Completion) -> None:
    before, after = json.dumps(with_message(answer, {"content": "@"})).encode().split(b"@")
    await wire.begin(len(before) + 50 * _MEGABYTE + len(after))
    await wire.send(before, *[b"x" * _MEGABYTE] * 50, after)


async def _close(wire: Wire, answer: Completion) -> None:
    del answer
    wire.hang_up()


async def _reset(wire: Wire, answer: Completion) -> None:
    del answer
    wire.reset()


async def _garbage(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.send(b"\x00\x01 this is no HTTP\r\n\r\n")
    wire.hang_up()


async def _truncated(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.begin()
    await wire.send(b'{"id":')
    wire.hang_up()


async def _reset_body(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.begin()
    await wire.send(b'{"id":')
    await asyncio.sleep(0.02)
    wire.reset()


async def _hang(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.silence()


async def _stall(wire: Wire, answer: Completion) -> None:
    await wire.begin()
    await wire.send(b'{"id":')
    del answer
    await wire.silence()


async def _drip(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.begin()
    await wire.drops(b" ", 40)


async def _drip_head(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.send(b"HTTP/1.1 200 OK\r\nx-slow: ")
    await wire.drops(b"x", 40)


async def _redirect(wire: Wire, answer: Completion) -> None:
    del answer
    nowhere = f"http://127.0.0.1:{wire.dead_port}/v1/chat/completions"
    await wire.reply(b"", status=307, headers={"location": nowhere})


async def _slow(wire: Wire, answer: Completion) -> None:
    if await wire.left_alone(0.05):
        await _ok(wire, answer)


_SIZES: Mapping[str, Fault] = {
    "bomb": Fault("200 MB of blanks in 0.2 MB of gzip.", _bomb),
    "not_gzip": _body("Bytes that only say they are gzip.", b"plain", content_encoding="gzip"),
    "huge": Fault("An answer with 50 MB of content.", _huge),
}
_TRANSPORTS: Mapping[str, Fault] = {
    "close": Fault("Closed before a word was said.", _close),
    "reset": Fault("Reset before a word was said.", _reset),
    "garbage": Fault("Bytes that are no HTTP.", _garbage),
    "truncated": Fault("Closed before the promised length.", _truncated),
    "reset_body": Fault("Reset in the middle of the body.", _reset_body),
    "hang": Fault("Silence before the headers.", _hang),
    "stall": Fault("Silence in the middle of the body.", _stall),
    "drip": Fault("A byte of the body now and then.", _drip),
    "drip_head": Fault("A byte of the headers now and then.", _drip_head),
    "redirect": Fault("Sent on to where nobody listens.", _redirect),
    "slow": Fault("The healthy answer after 50 milliseconds.", _slow),
}


FAULTS: Mapping[str, Fault] = {
    **_STATUSES,
    **_HINTS,
    **_REFUSED,
    **_BODIES,
    **_ENVELOPES,
    **_CONTENTS,
    **_TOOLS,
    **_SIZES,
    **_TRANSPORTS,
    **STREAMS,
}
"""All of them, by the name that scripts and addresses call them."""
