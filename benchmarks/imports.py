"""What ``import deterministic_llm`` costs beside pydantic, in fresh processes that take turns."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from benchmarks.tables import met, show

PYDANTIC = "from pydantic import BaseModel, Field, TypeAdapter"
STATEMENTS = {
    "pydantic": PYDANTIC,
    "deterministic_llm": "import deterministic_llm",
    "both": f"import deterministic_llm; {PYDANTIC}",
    "parse, really loaded": "from deterministic_llm import parse",
    "Model, really loaded": "from deterministic_llm import Model",
}
AIM = 1.2


def main(*, rounds: int) -> None:
    """Print the median milliseconds of each import, over those of a bare interpreter."""
    statements = {"": "pass", **STATEMENTS}
    taken: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(rounds):
        for name, statement in statements.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)  # noqa: S603  # ours
            taken[name].append((time.perf_counter() - started) * 1000)
    bare = statistics.median(taken.pop(""))
    medians = {name: statistics.median(times) - bare for name, times in taken.items()}
    floor = medians["pydantic"]
    rows = [
        [name, f"{median:.1f} ms", f"{median / floor:.2f}", _verdict(name, median / floor)]
        for name, median in medians.items()
    ]
    show("Imports, medians of processes in turns", ["import", "time", "ratio", f"<= {AIM}"], rows)


def _verdict(name: str, ratio: float) -> str:
    return met(ratio <= AIM) if name == "deterministic_llm" else "-"
