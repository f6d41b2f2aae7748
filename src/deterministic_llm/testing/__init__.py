"""What tests of structured output need: scripted models, cassettes, a server that misbehaves."""

from deterministic_llm._core.exchange import Abilities
from deterministic_llm.storage.cassettes import Cassette
from deterministic_llm.testing.fault import Fault
from deterministic_llm.testing.faults import FAULTS
from deterministic_llm.testing.scripted import Answer, ScriptedModel, ScriptEndedError
from deterministic_llm.testing.server import FaultServer

__all__ = [
    "FAULTS",
    "Abilities",
    "Answer",
    "Cassette",
    "Fault",
    "FaultServer",
    "ScriptEndedError",
    "ScriptedModel",
]
