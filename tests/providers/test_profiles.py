"""What is known of each server before it is asked, and what it is sent because of that."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, get_args

import pytest
from loopback import Reply, serving
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from deterministic_llm import Choice, ConfigurationError, JsonValue, Mode, Model, Pattern
from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm.providers.openai.profiles import PROFILES, UNKNOWN, Profile, profile_at

EVERY = [pytest.param(each, id=each.name) for each in (*PROFILES.values(), UNKNOWN)]


class Mood(BaseModel):
    """How it feels."""

    label: str


@pytest.mark.parametrize("profile", EVERY)
def test_each_record_says_what_there_is(profile: Profile):
    """Its dialects are known, and a grammar goes somewhere where there is a mode for it."""
    for able in (profile.abilities, *profile.families.values()):
        assert able.dialect is None or able.dialect in DIALECTS
        assert {*able.modes} <= {*get_args(Mode)} - {"auto", "prompt"}
        assert len({*able.modes}) == len(able.modes)
    able = [profile.abilities, *profile.families.values()]
    if profile is not UNKNOWN:
        assert any("grammar" in each.modes for each in able) == bool(profile.grammars)


ADDRESSES = [
    ("https://api.openai.com/v1", "openai"),
    ("https://api.openai.com/v1/", "openai"),
    ("https://eu.api.openai.com/v1", "openai"),
    ("https://notapi.openai.com/v1", "unknown"),
    ("https://me:secret@api.groq.com/openai/v1", "groq"),
    ("https://my-resource.openai.azure.com/openai/v1/", "azure"),
    ("https://openrouter.ai/api/v1", "openrouter"),
    ("https://api.deepseek.com", "deepseek"),
    ("https://api.deepseek.com/v1", "deepseek"),
    ("https://api.deepseek.com/beta", "deepseek-beta"),
    ("https://API.X.AI/v1", "xai"),
    ("https://api.openai.com.example.org/v1", "unknown"),
    ("https://notopenrouter.ai/api/v1", "unknown"),
    ("http://127.0.0.1:8000/v1", "unknown"),
    ("", "unknown"),
]


@pytest.mark.parametrize(("address", "name"), ADDRESSES)
def test_a_server_is_told_by_its_address(address: str, name: str):
    assert profile_at(address).name == name


@pytest.mark.parametrize("profile", [each for each in PROFILES.values() if each.base_url])
def test_the_own_address_of_a_hosted_provider_tells_it(profile: Profile):
    if profile.hosts:
        assert profile_at(str(profile.base_url)) is profile


FEELING, GRADE = Choice("good", "bad"), Pattern(r"Score: (?P<score>\d{1,2})/10")
GRAMMARS: list[tuple[str, object, str, Callable[[dict[str, Any]], object], object]] = [
    ("vllm", FEELING, "good", lambda body: body["structured_outputs"], {"choice": ["good", "bad"]}),
    ("vllm", GRADE, "Score: 7/10", lambda body: [*body["structured_outputs"]], ["regex"]),
    ("sglang", FEELING, "good", lambda body: body["regex"], "good|bad"),
    ("llama.cpp", FEELING, "good", lambda body: body["grammar"], 'root ::= "good" | "bad"\n'),
    (
        "together",
        FEELING,
        "good",
        lambda body: body["response_format"],
        {"type": "regex", "pattern": "good|bad"},
    ),
    (
        "fireworks",
        FEELING,
        "good",
        lambda body: body["response_format"],
        {"type": "grammar", "grammar": 'root ::= "good" | "bad"\n'},
    ),
    (
        "openai",
        FEELING,
        '{"answer": "good"}',
        lambda body: body["response_format"]["json_schema"]["schema"]["properties"],
        {"answer": {"type": "string", "enum": ["good", "bad"]}},
    ),
    ("deepseek", FEELING, "good", lambda body: body.keys() & {"grammar", "response_format"}, set()),
]


@pytest.mark.parametrize(
    ("name", "target", "said", "part", "sent"),
    [pytest.param(*row, id=f"{row[0]} {type(row[1]).__name__}") for row in GRAMMARS],
)
def test_a_text_form_goes_out_as_the_server_takes_it(
    name: str,
    target: Any,
    said: str,
    part: Callable[[dict[str, Any]], object],
    sent: object,
):
    with serving([Reply(said)]) as server:
        model = Model(f"{name}:m", base_url=server.base_url, api_key="k")
        model.run("Hi", target)
    assert part(server.bodies[0]) == sent


@pytest.mark.parametrize(("confidence", "modes"), [(False, "grammar"), (True, "prompt")])
def test_no_tool_holds_a_text_whose_tokens_are_to_be_weighed(
    confidence: bool,  # noqa: FBT001
    modes: str,
):
    """OpenAI tells the probabilities of what is said, not of what a tool is called with."""
    called = {"tool_calls": [{"type": "custom", "custom": {"name": "answer", "input": "good"}}]}
    said = Reply("good") if confidence else Reply(None, "tool_calls", message=called)
    with serving([said]) as server:
        model = Model("azure:m", base_url=server.base_url, api_key="k")
        result = model.run("Hi", FEELING, confidence=confidence)
    assert (result.mode, result.output) == (modes, "good")


def test_a_router_is_told_to_pick_who_can():
    """The caller's own wishes stay beside it."""
    with serving([Reply('{"label": "good"}')]) as server:
        model = Model("openrouter:m", base_url=server.base_url, api_key="k")
        model.run("Hi", Mood)
        model.run("Hi", Mood, extra_body={"provider": {"sort": "price"}})
        model.run("Hi", Mood, mode="prompt")
    assert [body.get("provider") for body in server.bodies] == [
        {"require_parameters": True},
        {"require_parameters": True, "sort": "price"},
        None,
    ]


def test_a_model_may_do_more_or_less_than_its_provider():
    """By its name: a model that decodes under a schema, and one that has none."""
    assert PROFILES["groq"].abilities_of("openai/gpt-oss-20b").dialect == "groq"
    assert PROFILES["groq"].abilities_of("llama-3.3-70b").dialect is None
    assert PROFILES["openai"].abilities_of("gpt-4-turbo").modes == ("tool", "json")
    assert PROFILES["openai"].abilities_of("gpt-4o").modes == ("native", "tool", "json")
    assert PROFILES["openai"].abilities_of("gpt-4.1").modes == ("native", "tool", "json")
    newer = PROFILES["openai"].abilities_of("gpt-5-mini")
    assert newer.modes == ("native", "grammar", "tool", "json")
    assert PROFILES["azure"].abilities_of("gpt-4o") == replace(newer, fallback="azure")


KEYED = [
    each for each in PROFILES.values() if each.key and not each.name.startswith(("openai", "azure"))
]


@pytest.mark.parametrize("profile", [pytest.param(each, id=each.name) for each in KEYED])
def test_no_key_is_sent_to_another_provider(profile: Profile, monkeypatch: pytest.MonkeyPatch):
    """A missing one is named when the model is asked, before anything is sent."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-of-openai")
    monkeypatch.delenv(str(profile.key), raising=False)
    with serving([Reply('{"label": "good"}')]) as server:
        model = Model(f"{profile.name}:m", base_url=server.base_url)
        with pytest.raises(ConfigurationError, match=str(profile.key)):
            model.run("Hi", Mood)
        assert server.bodies == []
        monkeypatch.setenv(str(profile.key), "key-of-its-own")
        model.run("Hi", Mood)
    assert server.headers[0]["authorization"] == "Bearer key-of-its-own"


@pytest.mark.parametrize("name", [each.name for each in PROFILES.values() if each.key is None])
def test_a_local_server_is_sent_no_key(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-of-openai")
    with serving([Reply('{"label": "good"}')]) as server:
        Model(f"{name}:m", base_url=server.base_url).run("Hi", Mood)
    assert server.headers[0]["authorization"] == "Bearer none"


def test_a_client_that_is_there_is_told_by_its_address():
    with OpenAI(api_key="k", base_url="https://api.groq.com/openai/v1") as client:
        known = Model(name="openai/gpt-oss-20b", client=client).source.known
    assert (known.abilities.dialect, known.name) == ("groq", "openai/gpt-oss-20b")
    awaited = AsyncOpenAI(api_key="k", base_url="https://api.x.ai/v1")
    assert Model(name="grok-4", client=awaited).source.known.abilities.dialect == "xai"
    asyncio.run(awaited.close())


CONVERSATION: list[Mapping[str, JsonValue]] = [
    {"role": "system", "content": "You grade – strictly."},
    {"role": "developer", "content": [{"type": "text", "text": "In one word."}]},
    {
        "role": "user",
        "name": "Zoë",
        "content": [
            {"type": "text", "text": "What is this?"},
            {
                "type": "image_url",
                "image_url": {"url": "data:;base64,AA==", "detail": "low"},
            },
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:;base64,AA=="}},
        ],
    },
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "look", "arguments": '{ "at":"\\u00e9" }'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "A cat."},
    {"role": "assistant", "content": "A cat.", "refusal": None, "vendor": {"cache": True}},
    {"role": "user", "content": [{"type": "text", "text": "And its mood?"}]},
]


def blocking(model: Model) -> None:
    model.run(CONVERSATION, Mood)


def awaiting(model: Model) -> None:
    asyncio.run(model.arun(CONVERSATION, Mood))


@pytest.mark.parametrize("ask", [blocking, awaiting])
@pytest.mark.parametrize("profile", [each for each in EVERY if not each.values[0].responses])
def test_a_conversation_passes_through_as_it_is(profile: Profile, ask: Callable[[Model], None]):
    """Byte for byte, whatever is in it; what we add comes after it."""
    with serving([Reply('{"label": "good"}')]) as server:
        name = "openai:m" if profile is UNKNOWN else f"{profile.name}:m"
        ask(Model(name, base_url=server.base_url, api_key="k"))
    sent = server.bodies[0]["messages"]
    assert json.dumps(sent[: len(CONVERSATION)]) == json.dumps(CONVERSATION)
    assert all(added["role"] == "user" for added in sent[len(CONVERSATION) :])
