"""The schemas that the field is measured on, each with a good payload and a bad one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field, create_model

from deterministic_llm import JsonValue


class Criterion(BaseModel):  # noqa: D101 - a docstring would be part of the schema
    criterion: str
    points: int
    comment: str


class EssayGrade(BaseModel):
    """Grade for one essay."""

    score: int = Field(ge=0, le=10, description="overall score, 0 (bad) to 10 (good)")
    rubric: list[Criterion] = Field(min_length=5, max_length=5)
    feedback: str


class Small(BaseModel):  # noqa: D101
    sentiment: Literal["positive", "neutral", "negative"]
    confidence: float = Field(ge=0, le=1)
    reason: str


class Address(BaseModel):  # noqa: D101
    street: str
    city: str
    postcode: str
    country: str = Field(description="ISO 3166-1 alpha-2 code")


class Party(BaseModel):  # noqa: D101
    name: str
    vat: str
    address: Address


class Line(BaseModel):  # noqa: D101
    sku: str
    description: str
    quantity: int = Field(ge=1)
    unit_price: float
    vat_rate: float
    category: Literal["goods", "service", "shipping"]


class Medium(BaseModel):
    """One invoice."""

    invoice_no: str
    issued: str = Field(description="date, YYYY-MM-DD")
    currency: Literal["EUR", "USD", "GBP"]
    seller: Party
    buyer: Party
    lines: list[Line]
    total: float
    notes: str | None


_LABELS = {
    "status": "draft submitted in_review approved rejected withdrawn",
    "priority": "low normal high urgent",
    "region": "emea amer apac latam anz",
    "channel": "email phone chat web partner field",
    "segment": "consumer smb mid_market enterprise public_sector",
    "risk": "none low medium high critical",
    "tier": "free basic plus pro max",
    "language": "en nl fr de es it pt ja",
}
_PLAIN = {
    "text": (
        "case_id title summary customer_name customer_email company product version owner team "
        "root_cause resolution next_step contract_ref"
    ),
    "count": "age_days reopen_count messages attachments seats csat effort escalations",
    "amount": "arr discount sentiment confidence",
    "flag": "is_vip sla_breached needs_legal is_duplicate refund_due has_workaround",
}
_TEXTS, _COUNTS, _AMOUNTS, _FLAGS = (names.split() for names in _PLAIN.values())


def _large() -> type[BaseModel]:
    fields: dict[str, object] = {
        name: (Literal[tuple(labels.split())], Field(description=f"the {name} of the case"))
        for name, labels in _LABELS.items()
    }
    for name in _TEXTS:
        said = f"the {name.replace('_', ' ')}, as plain text"
        fields[name] = (str, Field(description=said))
    fields |= {name: (Annotated[int, Field(ge=0)], ...) for name in _COUNTS}
    fields |= dict.fromkeys(_AMOUNTS, (float, ...))
    fields |= dict.fromkeys(_FLAGS, (bool, ...))
    return create_model("Large", **fields)


_COMMENTS = """\
Paragraph two and paragraph four support the claim with dated examples, but the third one drifts
off into an aside|Opens with a clear thesis and closes on it; the step from "cost" to "value" in the
middle needs one more line|Sources are named and recent, although the figure for 2019 is quoted
second hand and should be traced back|Sentences vary in length and the register holds; “moreover”
opens four paragraphs, which tires the reader a bit|Two agreement errors and one comma splice in
nine hundred words; spelling is clean throughout the whole essay""".replace("\n", " ").split("|")
_FEEDBACK = (
    "A convincing essay that keeps its promise from the first line to the last. Tighten the third "
    "paragraph, which repeats the second, and give the counter-argument a fair hearing before you "
    "answer it. The conclusion earns its strength; one concrete number there would make it stay in "
    "the mind for longer than a day."
)


def _essay() -> dict[str, JsonValue]:
    names = ("Argument", "Structure", "Evidence", "Style", "Language")
    rubric: list[JsonValue] = [
        {"criterion": name, "points": points, "comment": comment}
        for name, points, comment in zip(names, (2, 2, 1, 2, 1), _COMMENTS, strict=True)
    ]
    return {"score": 8, "rubric": rubric, "feedback": _FEEDBACK}


def _medium() -> dict[str, JsonValue]:
    def party(name: str, city: str, country: str) -> dict[str, JsonValue]:
        address = {"street": f"1 {city} Road", "city": city, "postcode": "1011", "country": country}
        return {"name": name, "vat": f"{country}123456789", "address": address}

    lines: list[JsonValue] = [
        {
            "sku": f"SKU-{number:03}",
            "description": f"Item number {number}",
            "quantity": number,
            "unit_price": 12.5,
            "vat_rate": 0.21,
            "category": ("goods", "service", "shipping")[number % 3],
        }
        for number in range(1, 7)
    ]
    return {
        "invoice_no": "2026-0117",
        "issued": "2026-03-09",
        "currency": "EUR",
        "seller": party("Noordzee BV", "Delft", "NL"),
        "buyer": party("Garonne SARL", "Toulouse", "FR"),
        "lines": lines,
        "total": 317.63,
        "notes": None,
    }


def _large_payload() -> dict[str, JsonValue]:
    payload: dict[str, JsonValue] = {name: labels.split()[0] for name, labels in _LABELS.items()}
    payload |= {name: f"Example text for {name.replace('_', ' ')}" for name in _TEXTS}
    payload |= dict.fromkeys(_COUNTS, 3) | dict.fromkeys(_AMOUNTS, 0.5)
    return payload | dict.fromkeys(_FLAGS, False)


@dataclass(frozen=True, slots=True)
class Sample:
    """A model with a payload that it takes, and one that breaks a rule of it.

    *tokens* is the aim for its notation in a prompt, *sent* that for its schema in a request.
    """

    name: str
    model: type[BaseModel]
    good: dict[str, JsonValue]
    bad: dict[str, JsonValue]
    tokens: int
    sent: int


_SMALL: dict[str, JsonValue] = {
    "sentiment": "positive",
    "confidence": 0.93,
    "reason": "Praises speed and good support",
}
LARGE = _large()
SAMPLES = (
    Sample("small", Small, _SMALL, {**_SMALL, "confidence": 1.7}, 33, 52),
    Sample("essay", EssayGrade, _essay(), {**_essay(), "score": 11}, 61, 129),
    Sample("medium", Medium, _medium(), {**_medium(), "total": "n/a"}, 215, 302),
    Sample("large", LARGE, _large_payload(), {**_large_payload(), "status": "lost"}, 586, 718),
)
