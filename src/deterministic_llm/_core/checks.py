"""Validators of an output that is already the target, and what their answers mean."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Literal, TypeAlias, cast

from pydantic import ValidationError

from deterministic_llm._core.attempts import UNCHANGED, Attempt, Checked, Repair, Violation
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.complaints import (
    as_json,
    got_at,
    one_line,
    place_of,
    raised_violations,
)
from deterministic_llm._core.schema.locations import location_of, value_at
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm.errors import ResponseError, SchemaError

Severity: TypeAlias = Literal["error", "warning"]
"""Whether a failed check asks again, or is only told in the result."""


@frozen
class Validator:
    """One rule for outputs: *check* says whether it holds, *fix* mends without a call.

    *paths* are the members that the rule speaks of; *waits* says that checking takes a call or
    another wait. *acheck* is the same check for an async run, where there are two. *takes_timeout*
    has the check told the seconds that are left; of its exceptions, *failures* say that it failed.
    *rule* tells what is asked from what others of the same name ask.
    """

    check: Callable[..., object]
    name: str
    severity: Severity = "error"
    fix: Callable[..., object] | None = None
    paths: tuple[str, ...] = ()
    takes_context: bool = False
    waits: bool = False
    acheck: Callable[..., Awaitable[object]] | None = None
    takes_timeout: bool = False
    failures: tuple[type[Exception], ...] = (ValueError, AssertionError)
    rule: tuple[str, ...] = ()


@frozen
class Judgement:
    """What a check that calls a model returns: its *violations*, and the calls it took."""

    violations: tuple[Violation, ...] = ()
    attempts: tuple[Attempt[object], ...] = ()


@frozen
class Findings:
    """What one look at a *value* brought."""

    value: object
    violations: tuple[Violation, ...]
    attempts: tuple[Attempt[object], ...] = ()


def validator(
    check: Callable[..., object],
    *,
    severity: Severity = "error",
    fix: Callable[..., object] | None = None,
    paths: Iterable[str] = (),
    name: str | None = None,
) -> Validator:
    """*check* as a validator of whole outputs: ``validators=[validator(f, severity="warning")]``.

    *check* takes the output, or the output and the context of the run, and may be async. It passes
    by returning None or True. It fails by returning False, a message, a Violation or several, or
    by raising ModelRetry, ValueError or AssertionError; all else that it raises is passed on. A
    *warning* never asks again. *fix* is given a copy of a failed output, and what it returns is
    taken if it passes. A failure that names no place is one of the members at *paths*.

    Raises SchemaError when *check* cannot be called with one value, or a path is none.
    """
    called = name or _name(check)
    takes_context, takes_timeout = _parameters(check, called)
    return Validator(
        check,
        called,
        severity,
        fix,
        tuple(_known_path(path, called) for path in paths),
        takes_context=takes_context,
        waits=_is_async(check),
        takes_timeout=takes_timeout,
    )


def as_validator(each: object) -> Validator:
    """*each* entry of ``validators=``: a Validator stays, a callable becomes one."""
    if isinstance(each, Validator):
        return each
    if callable(each):
        return validator(each)
    problem, fix = f"{each!r} cannot be called", "pass a function of the output"
    raise SchemaError("validators", problem, fix)


def findings(validator: Validator, value: object, returned: object) -> Findings:
    """What *validator* found in *value* when its check *returned* this, or raised it."""
    calls = returned.attempts if isinstance(returned, Judgement) else ()
    return Findings(value, outcome_of(validator, returned, value), calls)


def outcome_of(
    validator: Validator, returned: object, value: object = UNCHANGED
) -> tuple[Violation, ...]:
    """The violations that *returned*, which a check gave back or raised, stands for.

    With the checked *value*, they quote what stands at their paths.

    Raises TypeError for what no check may return.
    """
    said = _said(validator, returned, value)
    return tuple(_placed(each, validator.paths, value) for each in said)


def is_candidate(before: object, after: object) -> bool:
    """Whether *after*, which a fix made of *before*, is worth checking: of the same type."""
    return type(after) is type(before)


def fixed(validator: Validator, before: object, after: object) -> Repair:
    """The record of a fix that made *after*, which passes, of *before*."""
    path = validator.paths[0] if len(validator.paths) == 1 else "$"
    rule = f"fixed by {validator.name}"
    return Repair(rule, path, _member(before, path), _member(after, path), "format")


def record(
    validator: Validator, first: Findings, second: Findings | None, seconds: float
) -> Checked:
    """What came of a check: the findings before and, where there was one, after the fix."""
    attempts = first.attempts + (() if second is None else second.attempts)
    checked = Checked(
        validator.name, validator.severity, first.violations, seconds=seconds, attempts=attempts
    )
    if second is None or second.violations:
        return checked
    repair = fixed(validator, first.value, second.value)
    return replace(checked, violations=(), repair=repair, value=second.value)


def _name(check: Callable[..., object]) -> str:
    inner = cast("object", getattr(check, "func", check))  # of a functools.partial
    name = cast("str", getattr(inner, "__name__", ""))
    if name == "<lambda>":
        return "a rule"
    return name or (repr(inner) if type(inner).__repr__ is not object.__repr__ else _class(inner))


def _class(inner: object) -> str:
    return type(inner).__name__


def _is_async(check: Callable[..., object]) -> bool:
    inner = cast("object", getattr(check, "func", check))
    called = cast("object", getattr(inner, "__call__", None))  # noqa: B004  # the method itself is asked
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(called)


def _parameters(check: Callable[..., object], name: str) -> tuple[bool, bool]:
    """Whether *check* wants the context, and whether the time that is left."""
    try:
        signature = inspect.signature(check)
    except ValueError:  # some built-in functions have none
        return False, False
    positional = [
        each
        for each in signature.parameters.values()
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    second = positional[1] if len(positional) > 1 else None
    takes_context = second is not None and (
        second.default is second.empty or second.name == "context"
    )
    timeout = signature.parameters.get("timeout")
    takes_timeout = timeout is not None and timeout.kind is timeout.KEYWORD_ONLY
    try:
        signature.bind(
            *((None, None) if takes_context else (None,)),
            **({"timeout": None} if takes_timeout else {}),
        )
    except TypeError as error:
        problem, fix = f"cannot be called: {error}", "write f(value) or f(value, context)"
        raise SchemaError(_at(name), problem, fix) from error
    return takes_context, takes_timeout


def _known_path(path: str, name: str) -> str:
    location = location_of(path)
    if location is None:
        problem, fix = f"{path!r} is no path", "write it as $.items[0].name"
        raise SchemaError(_at(name), problem, fix)
    return json_path(location)


def _at(name: str) -> str:
    return f"validator {name}"


def _said(validator: Validator, returned: object, value: object) -> tuple[Violation, ...]:
    """The violations as the check itself places them."""
    if returned is None or returned is True:
        return ()
    if returned is False:
        return (Violation("$", "validator", _rule(validator)),)
    if isinstance(returned, str):
        return (Violation("$", "validator", one_line(returned) or _rule(validator)),)
    if isinstance(returned, (ResponseError, ValidationError)):
        return raised_violations(returned, (), value)
    if isinstance(returned, Exception):
        violations = raised_violations(returned, (), value)
        return tuple(replace(each, got=None) for each in violations)
    return _listed(validator, returned)


def _listed(validator: Validator, returned: object) -> tuple[Violation, ...]:
    if isinstance(returned, Violation):
        return (returned,)
    said = returned.violations if isinstance(returned, Judgement) else returned
    if isinstance(said, (list, tuple)):
        violations = tuple(cast("Iterable[object]", said))
        if all(isinstance(each, Violation) for each in violations):
            return cast("tuple[Violation, ...]", violations)
    message = (
        f"validator {validator.name} returned {type(returned).__name__}:"
        " return None, True, False, a message or Violations"
    )
    raise TypeError(message)


def _rule(validator: Validator) -> str:
    """The rule in its author's words: the first line of the docstring, or the name."""
    said = validator.check.__doc__ if inspect.isroutine(validator.check) else None
    line = (said or "").strip().partition("\n")[0].rstrip(".")
    return f"must hold: {line}" if line else f"must pass: {validator.name.replace('_', ' ')}"


def _placed(violation: Violation, paths: tuple[str, ...], value: object) -> Violation:
    """*violation* at a known place: its own, else that of the members that the rule speaks of."""
    path = json_path(place_of(violation.path))
    involved = violation.involved
    if path == "$" and paths:
        path, involved = paths[0], involved or paths[1:]
    got = violation.got
    if got is None and value is not UNCHANGED:
        got = got_at(value, path)
    return replace(violation, path=path, got=got, involved=involved)


def _member(value: object, path: str) -> JsonValue:
    return value_at(as_json(value), place_of(path))
