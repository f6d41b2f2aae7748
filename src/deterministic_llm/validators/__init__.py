"""Ready-made rules for values: as annotations, as functions, and as entries of ``validators=``."""

from __future__ import annotations

from deterministic_llm._core.checks import Validator, validator
from deterministic_llm.validators.across import Before
from deterministic_llm.validators.forms import IsoDate, Matches, Url
from deterministic_llm.validators.judging import judge
from deterministic_llm.validators.languages import Language
from deterministic_llm.validators.lengths import MaxWords, MinWords, OneLine
from deterministic_llm.validators.lists import Ordered, SumsTo, Unique
from deterministic_llm.validators.markdown import NoMarkdown
from deterministic_llm.validators.markers import Marker
from deterministic_llm.validators.placeholders import NoPlaceholders
from deterministic_llm.validators.sources import Grounded

__all__ = [
    "Before",
    "Grounded",
    "IsoDate",
    "Language",
    "Marker",
    "Matches",
    "MaxWords",
    "MinWords",
    "NoMarkdown",
    "NoPlaceholders",
    "OneLine",
    "Ordered",
    "SumsTo",
    "Unique",
    "Url",
    "Validator",
    "judge",
    "validator",
]
