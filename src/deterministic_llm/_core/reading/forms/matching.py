"""Text against a text form: form and text go in, values or violations come out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.reading.alignment.reasons import before_reason
from deterministic_llm._core.reading.finding.conclusions import comes_to
from deterministic_llm._core.reading.finding.grades import grade_given, grade_stated, is_grade
from deterministic_llm._core.reading.finding.phrases import is_starred
from deterministic_llm._core.reading.finding.refusals import refusal_in
from deterministic_llm._core.reading.finding.retractions import OTHERS, is_taken_back
from deterministic_llm._core.reading.forms.capturing import match_pattern
from deterministic_llm._core.reading.forms.choosing import match_choice
from deterministic_llm._core.reading.forms.claims import (
    MAX_CLAIMS,
    Claim,
    Matched,
    Unmatched,
    settle,
    with_repairs,
)
from deterministic_llm._core.reading.forms.drift import (
    NO_DENOMINATOR,
    NO_LABEL,
    REORDERED,
    SHORT_LABEL,
    SPELLING,
    STATED,
    repair,
)
from deterministic_llm._core.reading.forms.exact import match_exactly
from deterministic_llm._core.reading.forms.folding import folded
from deterministic_llm._core.reading.forms.instead import match_json
from deterministic_llm._core.reading.forms.layouts import Layout, Slot, layout_of, reordered
from deterministic_llm._core.reading.forms.lines import match_lines
from deterministic_llm._core.reading.forms.literals import Label, label
from deterministic_llm._core.reading.forms.records import claims_in
from deterministic_llm._core.reading.forms.surroundings import stated_otherwise, takes_back
from deterministic_llm._core.reading.syntax.documents import Unreadable
from deterministic_llm._core.reading.syntax.strict import decode
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import ChoiceForm, PatternForm, TemplateForm, TextForm
from deterministic_llm._core.schema.phrasing import (
    canonical,
    constants,
    resolved,
    written,
)
from deterministic_llm._core.schema.wording import quote


def match(form: TextForm, text: str, *, strict: bool = False) -> Matched | Unmatched:
    """Read *form* from *text*: an object of the fields, a list of them, or one of the options.

    Never raises, whatever the text. *strict* takes the canonical form alone, blanks around it
    aside; what it takes has the same values without it.
    """
    if not text or text.isspace():
        return Unmatched((Violation("$", "empty", "expected an answer", "nothing"),))
    if _takes_anything(form) and (said := refusal_in(text)) is not None:
        return _refused(said)
    exact = match_exactly(form, text)
    if strict or isinstance(exact, Matched) or exact.violations[0].code == "pattern":
        return exact  # also when the time limit was hit: trying again would only take longer
    if (twins := _twins(text)) is not None:
        return Unmatched((twins,))
    found = _leniently(form, text)
    if found is None or (isinstance(found, Matched) and _may_go_on(form, found, text)):
        return _nothing(form, text)
    return found


def _takes_anything(form: TextForm) -> bool:
    return isinstance(form, TemplateForm) and len(form.pieces) == 1 and form.fields[0].is_free_text


def _leniently(form: TextForm, text: str) -> Matched | Unmatched | None:
    match form:
        case ChoiceForm():
            return match_choice(form, text)
        case PatternForm():
            return match_pattern(form, text)
        case TemplateForm(many=True):
            return match_lines(form, text)
        case TemplateForm():
            return _match_template(layout_of(form), text)


def _match_template(layout: Layout, text: str) -> Matched | Unmatched | None:
    found = settled(layout, text)
    if isinstance(found, Matched):
        return found
    if found is None or found.violations[0].code == "missing":
        found = _reordered(layout, text) or found
    return match_json(layout, text) or found or _shortened(layout, text) or _stated(layout, text)


def settled(layout: Layout, text: str) -> Matched | Unmatched | None:
    """What the one record in *text* says that stands in the form's own order; None without any."""
    claims = list(islice(claims_in(text, layout), MAX_CLAIMS + 1))
    found = settle(text, [_spelled(claim, text, layout) for claim in claims])
    if not isinstance(found, Matched):
        return found
    if (starred := _another_grade(layout, text, found)) is not None:
        return starred
    words = (
        _contradicted(layout, text, found, claims)
        or _restated(text, found, claims)
        or _relabelled_behind(layout, text, found)
    )
    if words is None:
        return found
    expected = "expected one answer, not one that is taken back"
    got = quote(f"{text[slice(*found.span)]} ... {words}")
    return Unmatched((Violation("$", "ambiguous", expected, got, "give the final one alone"),))


def _contradicted(layout: Layout, text: str, found: Matched, claims: Sequence[Claim]) -> str | None:
    """The words that give another number than *found* does, without the form around them."""
    flat = folded(text)
    if all(slot.text for slot in layout.slots):
        return None
    words = takes_back(flat, found.span[1])
    numeric = [slot for slot in layout.slots if slot.place.kind in ("integer", "number")]
    if words is not None or len(numeric) != 1 or not isinstance(found.payload, dict):
        return words
    place, last = numeric[0].place, _last_word(numeric[0])
    value = found.payload[place.field.name]
    given = grade_given(text, most=_most(numeric[0])) if is_grade(_last_word(numeric[0])) else None
    if given is not None and given != value:
        return f"{given:g}"
    concluded = comes_to(text[found.span[1] :].casefold()) if is_grade(last) else None
    if concluded is not None and concluded != value:
        return f"{concluded:g}"
    for other in stated_otherwise(flat, last):
        inside = any(claim.start <= other.start("number") < claim.end for claim in claims)
        if not inside and place.read(other["number"]).value != value:
            return other.group().strip()
    return None


def _restated(text: str, found: Matched, claims: Sequence[Claim]) -> str | None:
    """A part of the form behind *found* that has another value in it, or stands on its line."""
    payload = found.payload if isinstance(found.payload, dict) else {}
    for claim in claims:
        told = claim.payload if isinstance(claim.payload, dict) else {}
        if claim.start < found.span[1] or not claim.violations:
            continue
        if "\n" not in text[found.span[1] : claim.start]:
            return text[claim.start : claim.end].strip()  # the text before it may go on
        if {each.code for each in claim.violations} != {"missing"}:
            continue
        if any(told[name] not in (None, payload.get(name)) for name in told):
            return text[claim.start : claim.end].strip()
    return None


def _last_word(slot: Slot) -> str:
    return "" if slot.label is None else slot.label.last.casefold()


def _most(slot: Slot) -> float | None:
    """The best value, where the template says it behind the field."""
    said = _OUT_OF.fullmatch(slot.literal)
    return None if said is None else float(said[1])


def _relabelled_behind(layout: Layout, text: str, found: Matched) -> str | None:
    """The words behind *found* that correct the only label in it to another one."""
    places = [slot.place for slot in layout.slots if slot.place.kind in ("label", "boolean")]
    if len(places) != 1 or not isinstance(found.payload, dict):
        return None
    said, behind = found.payload[places[0].field.name], text[found.span[1] :]
    if isinstance(said, bool):
        others = OTHERS[said]
    else:
        labels = (each for each in constants(resolved(places[0].field)) if isinstance(each, str))
        others = [each for each in labels if each != said]
    return behind.strip()[:80] if is_taken_back(behind, others) else None


def _another_grade(layout: Layout, text: str, found: Matched) -> Unmatched | None:
    """The violation of a label with a star behind it that makes it another grade."""
    payload = found.payload if isinstance(found.payload, dict) else {}
    for place in (slot.place for slot in layout.slots if slot.place.kind == "label"):
        said = payload.get(place.field.name)
        start = text.rfind(said, *found.span) if isinstance(said, str) else -1
        if isinstance(said, str) and start >= 0 and is_starred(text, start, start + len(said) + 1):
            return Unmatched(place.refuse("enum", f"{said}*").violations)
    return None


def _spelled(claim: Claim, text: str, layout: Layout) -> Claim:
    """*claim* with a record of its spelling, where that is not the canonical one."""
    if claim.violations or not isinstance(claim.payload, dict):
        return claim
    payload = claim.payload
    canonical = "".join(
        piece if isinstance(piece, str) else written(payload[piece.name])
        for piece in layout.form.pieces
    )
    said = text[claim.start : claim.end]
    if said == canonical.strip():
        return claim
    return with_repairs(claim, repair(SPELLING, said, canonical, claim.start))


def _reordered(layout: Layout, text: str) -> Matched | Unmatched | None:
    """The labelled fields in the order in which the text has them, if each label stands once."""
    if len(layout.slots) < 2:
        return None
    flat = folded(text)
    places: list[int] = []
    for slot in layout.slots:
        if slot.label is None or not slot.label.worded:
            return None
        standing = list(islice(slot.label.expression.finditer(flat), 2))
        if len(standing) != 1:
            return None
        places.append(standing[0].start())
    order = sorted(range(len(places)), key=places.__getitem__)
    found = settle(text, list(claims_in(text, reordered(layout, order))))
    if not isinstance(found, Matched) or not isinstance(found.payload, dict):
        return None
    payload = {slot.place.field.name: found.payload[slot.place.field.name] for slot in layout.slots}
    record = repair(REORDERED, list(found.payload), list(payload), found.span[0])
    return replace(found, payload=payload, repairs=(*found.repairs, record))


def _shortened(layout: Layout, text: str) -> Matched | None:
    """The value alone, or behind the last word of its label, when that is the whole text."""
    first = layout.slots[0]
    bare = _WRAPPED.fullmatch(text)
    alone = len(layout.slots) == 1 and first.label is not None and first.label.plain
    place = before_reason(text) if _most(first) is not None else None
    if place is None and bare is not None:
        place = bare.span("inside")
    if not alone or place is None or first.text or first.label is None:
        return None
    start, end = place
    shorter = label(f"{first.label.last}:", loose=False)
    for rule, other in ((SHORT_LABEL, shorter), (NO_LABEL, None)):
        claims = list(claims_in(text[start:end], _relabelled(layout, other)))
        claim = claims[0] if len(claims) == 1 else None
        if claim is not None and _is_all(claim, text[start:end]):
            record = repair(rule, text[start:end], "", start)
            return Matched(claim.payload, (start, end), (*claim.repairs, record))
    return None


def _stated(layout: Layout, text: str) -> Matched | Unmatched | None:
    """The grade that a sentence gives in place of the form, out of as much: "I'd give it 8/10"."""
    slot = layout.slots[0]
    if len(layout.slots) != 1 or not is_grade(_last_word(slot)) or _most(slot) is None:
        return None
    if (place := grade_stated(text)) is None:
        return None
    flat, (start, end) = folded(text), place
    if takes_back(flat, end) is not None or any(stated_otherwise(flat, _last_word(slot))):
        return None
    claims = list(claims_in(text[start:end], _relabelled(layout, None)))
    if len(claims) != 1:
        return None
    record = repair(STATED, text[start:end], "", start)
    return settle(text, [with_repairs(replace(claims[0], start=start, end=end), record)])


def _relabelled(layout: Layout, other: Label | None) -> Layout:
    return Layout(layout.form, (replace(layout.slots[0], label=other),))


def _is_all(claim: Claim, text: str) -> bool:
    """Whether *claim* is a value that takes all of *text*, and leaves out no more than a label."""
    around = text[: claim.start].strip() + text[claim.end :].strip("*_`\"'. \n!")
    rules = {each.rule for each in claim.repairs}
    return not claim.violations and not around and NO_DENOMINATOR.name not in rules


def _may_go_on(form: TextForm, found: Matched, text: str) -> bool:
    """Whether the text breaks off within quotes, where another option begins as *found* does."""
    if (
        not isinstance(form, ChoiceForm)
        or text[found.span[1] :].strip()
        or text.count('"') % 2 == 0
    ):
        return False
    said = str(found.payload)
    return any(each != said and each.startswith(said) for each in form.options)


def _twins(text: str) -> Violation | None:
    """What is wrong with an object in which one key has two values: neither is the answer."""
    document = decode(text) if text.lstrip()[:1] == "{" else None
    if isinstance(document, Unreadable) and document.violation.code == "duplicate_key":
        return document.violation
    return None


def _nothing(form: TextForm, text: str) -> Unmatched:
    said = refusal_in(text)
    if said is not None:
        return _refused(said)
    expected = "expected the answer in its form"
    fix = f"write {canonical(form)}"
    return Unmatched((Violation("$", "no_value", expected, quote(text.strip()), fix),))


def _refused(said: str) -> Unmatched:
    return Unmatched((Violation("$", "refusal", "expected an answer", quote(said)),))


_OUT_OF = expression(r"\s*/\s*(\d{1,6})\b.*", re.DOTALL)
_WRAPPED = expression(r"[\s*_`~\"'#>]*+(?:(?<=`)\w{0,12}\n)?(?P<inside>[^\n]{1,200}?)[\s*_`~\"']*")
