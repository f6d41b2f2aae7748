"""How each model of a run is asked: options and abilities go in, parameters and contracts out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from typing import cast

from typing_extensions import TypeVar

from deterministic_llm._core.contract import Contract, Rung, ladder
from deterministic_llm._core.exchange import Abilities, JsonValue, Mode
from deterministic_llm._core.lessons import Lessons
from deterministic_llm._core.reask import instructions
from deterministic_llm._core.schema.raising import check_satisfiable
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm.enforcer.known import Known
from deterministic_llm.enforcer.options import ModelOptions
from deterministic_llm.enforcer.policies import POLICY
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.grammars import guards
from deterministic_llm.metering.guards import OPTIONS

T = TypeVar("T")

_OURS = OPTIONS | {
    *POLICY,
    "strict",
    "mode",
    "validators",
    "context",
    "fallback",
    "hooks",
    "resume",
    "cache",
    "key",
    "votes",
    "confidence",
    "abstain_below",
} - {"seed"}


def parameters_of(options: Mapping[str, object], abilities: Abilities) -> Mapping[str, JsonValue]:
    """The parameters of a request among *options*; for confidence the tokens are asked for.

    Raises ConfigurationError for a name that is a misspelt option, or one of a Model's own.
    """
    left_out = _OURS | abilities.untaken
    chosen = {key: value for key, value in options.items() if key not in left_out}
    for name in chosen.keys() - _NAMES:
        if name in _OF_MODELS:
            raise ConfigurationError(_GIVEN_BEFORE.format(name))
        if (meant := _misspelt(name)) is not None:
            raise ConfigurationError(_MISSPELT.format(name, meant))
    if options.get("confidence") and abilities.logprobs:
        chosen = {"logprobs": True, "top_logprobs": abilities.logprobs, **chosen}
    return cast("Mapping[str, JsonValue]", chosen)


_NAMES = frozenset(ModelOptions.__annotations__)
_MISSPELT = "{}: no such option (did you mean {}?); a parameter of that name goes in extra_body"


_OF_MODELS = frozenset({"api_key", "base_url", "client", "identify"})
_GIVEN_BEFORE = "{}=: it is given to a Model when that is made, and cannot change with a call"
_ELSEWHERE: Mapping[str, str] = {
    "retries": "max_retries",
    "max_retry": "max_retries",
    "max_attempts": "max_retries",
    "num_retries": "max_retries",
    "num_reasks": "max_retries",
    "output_retries": "max_retries",
    "validation_context": "context",
    "request_timeout": "call_timeout",
    "callbacks": "hooks",
    "response_model": "output_type",
    "result_type": "output_type",
}
"""What other libraries call it: many servers would take the name for a parameter and ignore it."""


@lru_cache(maxsize=1024)
def _misspelt(name: str) -> str | None:
    """The option that is meant by a *name* that differs in a letter or two, or is another's word.

    Other names are parameters that a provider may know. 0.85 tells "max_retrys" and "timout" from
    "max_new_tokens" and "top_k"; "model" is a parameter, and no mode.
    """
    if name in _ELSEWHERE:
        return _ELSEWHERE[name]
    close = get_close_matches(name, _NAMES, n=1, cutoff=0.85)
    return close[0] if close and name != "model" else None


def able_for(known: Known, options: Mapping[str, object]) -> Abilities:
    """What a model can be asked for; for confidence not what its probabilities are not told of."""
    abilities = known.abilities
    if not (options.get("confidence") or options.get("logprobs")):
        return abilities
    seen = () if abilities.called_texts else abilities.notations
    return replace(abilities, notations=seen, envelopes=False)


@lru_cache(maxsize=1024)
def contract_of(
    target: Target[T], abilities: Abilities, *, mode: Mode, strict: bool
) -> Contract[T]:
    """Built once a target and way of asking; rendering a schema costs more than a call does."""
    if isinstance(target, JsonTarget):
        check_satisfiable(target, abilities.dialect)
    first, *weaker = (
        Rung(each, instructions(target, each, abilities))
        for each in ladder(target, mode, abilities)
    )
    said = first.instructions
    return Contract(target, first.constraint, said, strict, tuple(weaker), guards())


def spared(contract: Contract[T], lessons: Lessons) -> Contract[T]:
    """*contract* without the ways that are not taken; the last stays, so that its error tells."""
    weaker = contract.weaker
    if not weaker or lessons.allow(contract.constraint):
        return contract
    left = [each for each in weaker if lessons.allow(each.constraint)] or weaker[-1:]
    first = left[0]
    return replace(
        contract,
        constraint=first.constraint,
        instructions=first.instructions,
        weaker=tuple(left[1:]),
    )
