"""What a stopped run paid for a validator's word: the question goes in, the word comes out."""

from __future__ import annotations

from dataclasses import replace

from deterministic_llm._core.attempts import UNCHANGED, Checked
from deterministic_llm._core.canonical import canonical_json
from deterministic_llm._core.checks import Validator
from deterministic_llm._core.digests import Digest
from deterministic_llm._core.schema.target import Valid
from deterministic_llm._core.tasks import Task


def about(task: Task[object], validator: Validator, value: object) -> Digest:
    """What tells this question to *validator* about *value* from every other."""
    rule = [validator.name, validator.severity, validator.rule]
    return Digest(lambda: {"rule": rule, "context": task.context, "value": value}).take()


def recorded(task: Task[object], validator: Validator, value: object) -> Checked | None:
    """What *validator* said of *value* in the run that *task* resumes, in the same context.

    None where nothing is told, and for what costs nothing: that is asked again, as its code may
    have been changed since.
    """
    if not task.resume or not validator.waits:
        return None
    asked = about(task, validator, value).hex
    checks = (check for attempt in task.resume for check in attempt.checks)
    said = next((each for each in checks if asked and each.about and each.about.hex == asked), None)
    return None if said is None else restored(task, said)


def restored(task: Task[object], said: Checked) -> Checked | None:
    """*said* with the output that its fix made; None where it is not read as what was written."""
    if said.value is UNCHANGED:
        return said
    made = task.validated(said.value)
    if isinstance(made, Valid) and canonical_json(made.output) == canonical_json(said.value):
        return replace(said, value=made.output)
    return None
