"""What is named on the command line: ``module:name`` goes in, the object comes out."""

from __future__ import annotations

import sys
from importlib import import_module
from operator import attrgetter
from pathlib import Path

from deterministic_llm.errors import ConfigurationError


def is_named(text: str) -> bool:
    """Whether *text* is ``module:name`` and no file."""
    return ":" in text and not Path(text).exists()


def named(text: str) -> object:
    """The object at ``module:name``, looked for from this folder too.

    Raises ConfigurationError when it cannot be imported.
    """
    module, _, name = text.rpartition(":")
    if not module or not name:
        message = f"{text}: names no object of a module (write module:name)"
        raise ConfigurationError(message)
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: object = attrgetter(name)(import_module(module))
    except (ImportError, AttributeError, ValueError) as error:
        message = f"{text}: cannot be imported: {error} (check module and name)"
        raise ConfigurationError(message) from error
    finally:
        sys.path.pop(0)
    return found
