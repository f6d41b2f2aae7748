"""The grade of an essay that the field was measured with."""

from __future__ import annotations

from reasks import Grading

from benchmarks.schemas import SAMPLES

_FEEDBACK = f"{SAMPLES[1].good['feedback']} Well argued, all in all."
GRADING = Grading(
    """\
You grade essays for a writing course. Judge argument, structure, evidence, style and language,
give an overall score from 0 to 10, and write some feedback.

Essay 7:
Cities should charge drivers who enter the centre at rush hour, because roads are a scarce good
that is now given away. Stockholm tried it in 2006, and traffic fell by a fifth within weeks and
stayed there. Critics call the charge unfair to poor commuters, yet most of them take the bus.""",
    SAMPLES[1].model,
    {**SAMPLES[1].good, "feedback": _FEEDBACK},
    {**SAMPLES[1].bad, "feedback": _FEEDBACK},
)
"""A prompt of 103 cl100k tokens and an answer of 256; the field's had 100 and 257."""
