"""Two hypothesis profiles: the same few examples in every run, and many for ``make test-all``."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("quick", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=500)
settings.load_profile("quick")
