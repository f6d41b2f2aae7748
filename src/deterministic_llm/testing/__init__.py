"""What tests of structured output need: models that follow a script, a server that misbehaves."""

from deterministic_llm._core.exchange import Abilities
from deterministic_llm.testing.faults import FAULTS, Fault
from deterministic_llm.testing.scripted import Answer, ScriptedModel, ScriptEndedError
from deterministic_llm.testing.server import FaultServer

__all__ = [
    "FAULTS",
    "Abilities",
    "Answer",
    "Fault",
    "FaultServer",
    "ScriptEndedError",
    "ScriptedModel",
]
