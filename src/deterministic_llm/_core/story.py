"""A run in words: attempts go in, about ten lines come out that can be read aloud."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from deterministic_llm._core.attempts import Attempt, Failed, Request, Violation, total_cost
from deterministic_llm._core.consensus.votes import Votes
from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.exchange import TOKEN_LIMITS, Usage
from deterministic_llm._core.policy import FOLLOWS
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.secrecy import masked

_MOST_CALLS = 5
"""Calls that are told one by one; of more, the first two and the last two."""
_CLIP = 120
"""Characters of a reason."""
_NOTICED = 0.1
"""Seconds of waiting that are worth a word."""


def story(
    attempts: Sequence[Attempt[object]],
    *,
    end: str,
    accepted: Attempt[object] | None = None,
    votes: Votes | None = None,
) -> str:
    """What happened, a line a call, then what was mended or warned of, and what it all took.

    *end* says how the run ended, by which attempt that was *accepted*, and by which *votes*.
    """
    lines = [
        _line(attempt, before) for before, attempt in zip((None, *attempts), attempts, strict=False)
    ]
    if len(lines) > _MOST_CALLS:
        lines[2:-2] = [f"   … {_counted(attempts[2:-2])}"]
    notes = _notes(accepted or attempts[-1])
    return "\n".join((*lines, *notes, *_agreement(votes), _total(attempts, end)))


def _line(attempt: Attempt[object], before: Attempt[object] | None) -> str:
    """One call: which model was asked for what, what it came to and why, and what it took."""
    request = attempt.request
    asked = [_model(attempt), *_difference(request, None if before is None else before.request)]
    if request.server not in (None, before and before.request.server):
        asked.append(f"its server says it is {request.server}")
    if attempt.origin == "cache":
        asked.append("from the cache")
    if attempt.drift is not None:
        asked.append(f"another system than {attempt.drift} before")
    pause = 0.0 if before is None else _began(attempt) - before.ended
    if pause >= _NOTICED:
        asked.append(f"after waiting {_seconds(pause)}")
    told = _sentence(", ".join(filter(None, asked)), _outcome(attempt))
    took = _figures(attempt.usage, attempt.cost, _taken(attempt))
    figures = ", ".join((*took, *_stop(attempt)))
    vote = f"{request.sample + 1}." if request.sample else ""
    number = f"{vote}{request.number}."
    return f"{number} {told} ({figures})" if figures else f"{number} {told}"


def _stop(attempt: Attempt[object]) -> Iterator[str]:
    """That we stopped the answer, and what of it was never written."""
    if attempt.finish == "stopped":
        saved = attempt.saved_tokens
        yield "stopped" if saved is None else f"stopped, {saved:,} tokens saved"


def _model(attempt: Attempt[object]) -> str:
    return attempt.model_served or attempt.request.name or ""


def _difference(request: Request, before: Request | None) -> Iterator[str]:
    """How *request* differs from the one *before*, beyond telling what was wrong.

    Each vote begins anew.
    """
    if before is not None and before.sample != request.sample:
        before = None
    if request.patch is not None:
        yield f"asked for {_members(request.patch)} alone"
    elif before is not None and before.patch is not None and before.model == request.model:
        yield "asked for the whole"
    if before is None:
        return
    if before.model != request.model:
        yield "the next model"
    else:
        yield from _differently(request, before)


def _differently(request: Request, before: Request) -> Iterator[str]:
    """How the same model is asked in another way than *before*."""
    if before.constraint.mode != request.constraint.mode:
        yield f"in {request.constraint.mode} mode"
    for name in TOKEN_LIMITS:
        room = request.parameters.get(name)
        if room is not None and room != before.parameters.get(name):
            yield f"with {name}={room}"
    for name in before.parameters.keys() - request.parameters.keys() - {*TOKEN_LIMITS}:
        yield f"without {name}"


def _members(patch: Patch) -> str:
    """The paths of what *patch* asks for, three at most."""
    paths = [
        f"the rest of {json_path(place.location)}" if place.appends else json_path(place.location)
        for place in patch.places.values()
    ]
    return _some(paths, 3)


def _outcome(attempt: Attempt[object]) -> str:
    if attempt.outcome == "accepted":
        return "accepted"
    return _sentence(attempt.outcome.replace("_", " "), _reason(attempt))


def _reason(attempt: Attempt[object]) -> str:
    """Why, in one clause."""
    if isinstance(attempt, Failed):
        return _clipped(masked(attempt.failure.message))
    if attempt.outcome == "refused":
        return ", ".join(_clipped(each.got) for each in attempt.violations if each.got)
    if attempt.outcome not in _TOLD_BY_VIOLATIONS:
        return FOLLOWS[attempt.outcome].because
    return _some([_rule(violation) for violation in attempt.violations], 1)


_TOLD_BY_VIOLATIONS = frozenset({"invalid", "wrong_tool"})


def _rule(violation: Violation) -> str:
    got = "" if violation.got is None else f", got {violation.got}"
    return _clipped(f"{violation.path} {violation.expected}{got}")


def _notes(last: Attempt[object]) -> Iterator[str]:
    """What was mended in the answer that was taken, and what its validators warn of."""
    repairs = [
        f"{repair.rule} at {repair.path}" + (f" ({repair.count} times)" if repair.count > 1 else "")
        for repair in last.repairs
    ]
    if repairs and last.outcome == "accepted":
        yield f"   repaired: {_some(repairs, 3)}"
    if last.warnings:
        yield f"   warned: {_some([_rule(each) for each in last.warnings], 2)}"


def _agreement(votes: Votes | None) -> Iterator[str]:
    """How far the votes agree."""
    if votes is not None:
        failed = f", {votes.failed} without a valid answer" if votes.failed else ""
        yield f"   {votes.number} votes{failed}: {votes.share:.0%} agree"


def _total(attempts: Sequence[Attempt[object]], end: str) -> str:
    count = sum(attempt.sent for attempt in attempts)
    judges = sum(len(check.attempts) for attempt in attempts for check in attempt.checks)
    calls = "1 call" if count == 1 else f"{count} calls"
    cached = sum(attempt.origin == "cache" for attempt in attempts)
    calls += f" and {cached} from the cache" if cached else ""
    calls += f" and {judges} of judges" if judges else ""
    usage = sum((attempt.usage for attempt in attempts), start=Usage())
    calling = sum(map(_taken, attempts))
    waiting = attempts[-1].ended - _began(attempts[0]) - calling
    seconds = calling + waiting if waiting >= _NOTICED else calling
    figures = ", ".join(_figures(usage, total_cost(attempts), seconds))
    return _sentence(f"{end} after {calls}", figures)


def _taken(attempt: Attempt[object]) -> float:
    """Seconds of a call; a look into the cache is told only where it waited for another call."""
    looked = attempt.origin == "cache" and attempt.seconds < _NOTICED
    return 0.0 if looked else attempt.seconds


def _figures(usage: Usage, cost: Decimal | None, seconds: float) -> Iterator[str]:
    """Tokens, dollars and seconds, as far as they are known and not nothing."""
    if usage.total_tokens:
        cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens else ""
        yield f"{usage.input_tokens:,}{cached} + {usage.output_tokens:,} tokens"
        yield "cost unknown" if cost is None else f"${cost:.4f}"
    elif cost:
        yield f"${cost:.4f}"
    if seconds >= _SHORTEST:
        yield _seconds(seconds)


_SHORTEST = 0.005


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def _counted(attempts: Sequence[Attempt[object]]) -> str:
    """How many calls came to what."""
    outcomes = Counter(attempt.outcome.replace("_", " ") for attempt in attempts)
    each = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    return f"{len(attempts)} more: {each}"


def _began(attempt: Attempt[object]) -> float:
    checking = sum(check.seconds for check in attempt.checks)
    return attempt.ended - attempt.seconds - checking


def _sentence(subject: str, said: str) -> str:
    return f"{subject}: {said}" if subject and said else subject or said


def _some(words: Sequence[str], most: int) -> str:
    """The first *most* of *words*, and how many there are besides."""
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "")


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CLIP else f"{line[: _CLIP - 1]}…"
