"""How patiently a run goes on: its options go in, the policy that they ask for comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, cast

from deterministic_llm._core.policy import Policy

_DEFAULT = Policy()
POLICY = tuple(each.name for each in fields(Policy))
"""The options that are the policy's."""


def policy_of(options: Mapping[str, object]) -> Policy:
    """The policy of *options*, which were checked; None is as good as not given."""
    chosen = {name: value for name in POLICY if (value := options.get(name)) is not None}
    return replace(_DEFAULT, **cast("dict[str, Any]", chosen))
