"""The command line: ``dllm``. What it is built with is an extra, and missing it is one sentence."""

from __future__ import annotations

import sys

_OF_THE_EXTRA = frozenset({"platformdirs", "rich", "typer"})


def main() -> None:
    """Run ``dllm`` with the arguments of this process."""
    try:
        from deterministic_llm.cli.commands import app  # of the extra [cli]
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _OF_THE_EXTRA:
            raise
        sys.exit(f"dllm: {package} is not installed (pip install 'deterministic-llm[cli]')")
    app()
