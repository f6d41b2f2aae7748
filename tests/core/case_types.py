"""Python types that reading cases name as their target: a name goes in, a type comes out."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Field, Json
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12


class RubricLine(BaseModel):
    """One criterion of an essay and its points."""

    criterion: str
    points: int = Field(ge=0, le=10)


class EssayGrade(BaseModel):
    """An essay's score with the reasons for it."""

    score: int = Field(ge=0, le=10)
    rubric: list[RubricLine]
    feedback: str


class Priority(Enum):
    """How soon a ticket must be looked at."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VERY_HIGH = "very_high"


@dataclass
class Ticket:
    """A support ticket."""

    title: str
    priority: Priority
    assignee: str | None = None


class CardPayment(BaseModel):
    """A payment by card."""

    kind: Literal["card"]
    last4: str = Field(pattern=r"^\d{4}$")
    amount: Decimal


class TransferPayment(BaseModel):
    """A payment by bank transfer."""

    kind: Literal["transfer"]
    reference: str
    amount: Decimal


class Contact(BaseModel):
    """A person with details that may be unknown."""

    name: str
    age: int | None = None
    birthday: date | None = None


class Cash(BaseModel):
    """What was paid in coins."""

    amount: int = 0


class Basket(BaseModel):
    """What was bought, and how it was paid."""

    id: int
    cash: Cash


class Appointment(BaseModel):
    """Something that happens on one day."""

    title: str
    day: date


class Departure(BaseModel):
    """A train that leaves at one moment."""

    train: str
    leaves_at: datetime


class Invoice(BaseModel):
    """The head of an invoice."""

    number: str
    total: Decimal
    issued: date


class City(BaseModel):
    """A city and how many people live there."""

    name: str
    population: int = Field(ge=0)


class Address(TypedDict):
    """A postal address."""

    street: str
    town: str
    postcode: str


class Point(NamedTuple):
    """A place in the plane."""

    x: float
    y: float


class Review(BaseModel):
    """A verdict on a product, its labels closed."""

    sentiment: Literal["positive", "neutral", "negative"]
    would_buy_again: bool
    stars: Literal[1, 2, 3, 4, 5]


class Urgency(IntEnum):
    """How urgent something is, by number."""

    LOW = 1
    HIGH = 2


class Answered(Enum):
    """What was answered, as a truth value or a text."""

    YES = True
    UNCLEAR = "unclear"


class Agreed(BaseModel):
    """Something that counts only once it is agreed on."""

    agreed: Literal[True]
    urgency: Urgency = Urgency.LOW


class Step(BaseModel):
    """One of several steps, told apart by number."""

    number: Literal[1]
    action: str


class LastStep(BaseModel):
    """The step after that."""

    number: Literal[2]
    result: str


class Shelf(BaseModel):
    """Boxes by number, under a name that core schemas use themselves."""

    metadata: dict[int, str]


class Parcel(BaseModel):
    """Something with JSON inside its JSON."""

    contents: Json[dict[int, Literal[1, 2]]]
    note: Json[Any] | None = None


class Draft(BaseModel):
    """What may be left out altogether, but for a title."""

    title: str
    score: int = 5
    tags: list[str] = []


class Done(BaseModel):
    """What came of it, if anything did."""

    result: str | None


class NotDone(BaseModel):
    """Why nothing came of it."""

    error: str


class Twig(BaseModel):
    """What grows may be the same again, or another."""

    bends: int
    grows: "list[Twig | Leaf]" = []


class Leaf(BaseModel):
    """The other."""

    teeth: int
    grows: "list[Twig | Leaf]" = []


class Dog(BaseModel):
    """An animal by its legs."""

    name: str
    legs: int


class Bird(BaseModel):
    """An animal by its wings."""

    name: str
    wings: int


class Griffin(BaseModel):
    """An animal by both."""

    name: str
    legs: int
    wings: int


TYPES: dict[str, object] = {
    "ADuration": timedelta,
    "ByDuration": dict[timedelta, int],
    "DogBirdOrGriffin": Dog | Bird | Griffin,
    "DogOrBird": Dog | Bird,
    "DoneOrFailed": Done | NotDone,
    "Draft": Draft,
    "ABool": bool,
    "ADate": date,
    "ADecimal": Decimal,
    "AFloat": float,
    "AStep": Annotated[Step | LastStep, Field(discriminator="number")],
    "Address": Address,
    "TwigOrLeaf": Twig | Leaf,
    "Agreed": Agreed,
    "AnInt": int,
    "Animals": list[Dog | Bird],
    "Answered": Answered,
    "Appointment": Appointment,
    "Basket": Basket,
    "ByDay": dict[date, int],
    "ByStars": dict[Literal[1, 2, 3], str],
    "ByUrgency": dict[Urgency, int],
    "ByWeight": dict[float, int],
    "City": City,
    "CityList": list[City],
    "Contact": Contact,
    "Counts": dict[str, int],
    "Departure": Departure,
    "EssayGrade": EssayGrade,
    "Invoice": Invoice,
    "OneToThree": Literal[1, 2, 3],
    "Parcel": Parcel,
    "Payment": Annotated[CardPayment | TransferPayment, Field(discriminator="kind")],
    "Point": Point,
    "PriorityOrNone": Priority | None,
    "Review": Review,
    "RubricLine": RubricLine,
    "Sentiment": Literal["positive", "neutral", "negative"],
    "Shelf": Shelf,
    "StarsOrFlag": Literal[1, 2] | bool,
    "Texts": list[str],
    "TextOrOne": Literal["a", 1, True],
    "Ticket": Ticket,
    "Urgency": Urgency,
}
