"""A call while another thread imports the HTTP library that is not the SDK's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import openai

from deterministic_llm.testing import FaultServer

OTHER = "httpx2" if openai.__version__.startswith("2.") else "httpx"
"""What OpenAI's SDK looks into once it is in ``sys.modules``."""
LIBRARY = """
import time

time.sleep(0.5)


class Never:
    pass


def __getattr__(name):
    return Never
"""
PROGRAM = f"""
import importlib, sys, threading

import openai
from deterministic_llm import Model

sys.path.insert(0, sys.argv[2])
thread = threading.Thread(target=importlib.import_module, args=("{OTHER}",))
thread.start()
while "{OTHER}" not in sys.modules:
    pass
print(Model("openai:m", base_url=sys.argv[1], api_key="k").generate("Hi", dict))
thread.join()
"""


def test_a_library_that_is_half_imported_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / f"{OTHER}.py").write_text(LIBRARY)
    with FaultServer() as server:
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-c", PROGRAM, server.base_url("ok"), str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, "{'a': 1}\n"), done.stderr
