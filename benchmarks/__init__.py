"""How well and how fast we read, beside our peers: ``python -m benchmarks``."""

import sys
from pathlib import Path

# The reading cases and their loader belong to the tests.
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
