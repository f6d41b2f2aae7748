"""What is said of a value that could be one of several: the closest of them, and no others."""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time
from typing import Annotated, Literal, cast

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass as pydantic_dataclass

from deterministic_llm import JsonValue, ResponseError, parse
from deterministic_llm._core.schema.target import Invalid
from deterministic_llm.targets import compiled
from deterministic_llm.testing import ScriptedModel


class Card(BaseModel):
    """Paid by card."""

    number: str
    cvv: int


class Transfer(BaseModel):
    """Paid from an account."""

    iban: str
    bic: str


class Cash(BaseModel):
    """Paid in coins, of which there are several kinds."""

    amount: int
    coin: Literal["euro"] | Annotated[int, Field(ge=1)] | None = None


class Payment(BaseModel):
    """One of them."""

    who: str
    by: Card | Transfer | Cash


class Mixed(BaseModel):
    """Kinds of JSON."""

    value: int | list[int] | Card | None


FORMS = "an object with number and cvv or an object with iban and bic"
CHOOSE = "choose one of these, and give all of it"
LETTERS = "use one of the allowed values, letter by letter"
KINDS = "an integer or a list or an object or null"
COINS = '"euro" or an integer of at least 1 or null'


class Red(BaseModel):
    """A colour with no member that it must have."""

    hue: int = 1


class Blue(BaseModel):
    """Another one."""

    shade: int = 2
    depth: int = 3


class Tagged(BaseModel):
    """Told apart by a tag."""

    kind: Literal["tagged"]
    number: int


@pytest.mark.parametrize(
    ("target", "text", "said"),
    [
        pytest.param(
            Payment,
            '{"who": "Ada", "by": {"number": "12", "cvv": "abc"}}',
            ['$.by.cvv: expected an integer, got "abc" (write an integer)'],
            id="all its members are there, and one is wrong",
        ),
        pytest.param(
            Payment,
            '{"who": null, "by": {"iban": "DE1"}}',
            [
                "$.who: expected a string, got null (write a string)",
                '$.by.bic: expected a string, got nothing (add "bic")',
            ],
            id="one of its members is there; errors elsewhere stay",
        ),
        pytest.param(
            Payment,
            '{"who": "Ada", "by": {}}',
            [
                f"$.by: expected {FORMS} or an object with amount, got {{}} ({CHOOSE})",
            ],
            id="of none is there anything: one line names them",
        ),
        pytest.param(
            Card | Transfer,
            '{"colour": "red"}',
            [
                f'$: expected {FORMS}, got {{"colour": "red"}} ({CHOOSE})',
            ],
            id="a member that none of them has",
        ),
        pytest.param(
            Payment,
            '{"who": "Ada", "by": "card"}',
            ['$.by: expected an object, got "card" (write an object)'],
            id="it is no object at all",
        ),
        pytest.param(
            Mixed,
            '{"value": [1, "x"]}',
            ['$.value[1]: expected an integer, got "x" (write an integer)'],
            id="a list is closest to a list",
        ),
        pytest.param(
            Mixed,
            '{"value": {"number": "12"}}',
            ['$.value.cvv: expected an integer, got nothing (add "cvv")'],
            id="an object is closest to an object",
        ),
        pytest.param(
            Mixed,
            '{"value": "many"}',
            [
                f'$.value: expected {KINDS}, got "many" (write {KINDS})',
            ],
            id="a kind that none of them is",
        ),
        pytest.param(
            list[Card | Transfer],
            '[{"iban": "x"}, {"cvv": 3}]',
            [
                '$[0].bic: expected a string, got nothing (add "bic")',
                '$[1].number: expected a string, got nothing (add "number")',
            ],
            id="each item is closest to its own",
        ),
        pytest.param(
            Payment,
            '{"who": "Ada", "by": {"amount": 5, "coin": "penny"}}',
            [
                f'$.by.coin: expected {COINS}, got "penny" ({LETTERS})',
            ],
            id="one of several within one of several",
        ),
        pytest.param(
            dict[str, int] | dict[str, bool],
            '{"a": "x"}',
            ['$.a: Input should be a valid integer, got "x"'],
            id="two of one kind: the first, and its name is no member",
        ),
        pytest.param(
            list[dict[str, int] | list[int]],
            '[{"a": "x"}, ["q"]]',
            [
                '$[0].a: expected an integer, got "x" (write an integer)',
                '$[1][0]: expected an integer, got "q" (write an integer)',
            ],
            id="kinds without a class of their own",
        ),
        pytest.param(
            Red | Blue,
            '{"hue": "q", "shade": "r"}',
            [f"$: expected an object with hue or an object with shade and depth ({CHOOSE})"],
            id="members of both: neither is closer",
        ),
        pytest.param(
            Red | list[Red],
            '[{"hue": "q"}]',
            ['$[0].hue: expected an integer, got "q" (write an integer)'],
            id="one or a list of it",
        ),
    ],
)
def test_only_the_closest_alternative_is_spoken_of(target: object, text: str, said: list[str]):
    with pytest.raises(ResponseError) as caught:
        parse(text, target)
    assert [str(violation) for violation in caught.value.violations] == said


class Named(BaseModel):
    """Somebody."""

    name: str


def _no_negative(age: int) -> int:
    if age < 0:
        message = "must not be negative"
        raise ValueError(message)
    return age


class Aged(BaseModel):
    """Somebody of whom more is known, and told by code of the user's whether it can be."""

    name: str
    age: int
    home: Named | None = None

    @field_validator("age")
    @classmethod
    def _is_an_age(cls, age: int) -> int:
        if age < 0:
            message = "must not be negative"
            raise ValueError(message)
        return age


class Keeping(BaseModel):
    """Somebody, and all that is said of them."""

    model_config = ConfigDict(extra="allow")

    name: str


@dataclass
class Titled:
    """Somebody, as a dataclass."""

    name: str


@pydantic_dataclass
class Dated:
    """Somebody of whom more is known, as one."""

    name: str
    age: Annotated[int, AfterValidator(_no_negative)]


def _not_empty(aged: Aged) -> Aged:
    if not aged.name:
        message = "must have a name"
        raise ValueError(message)
    return aged


MIXED = "$: expected one of the alternatives, not members of several"
WRONG = "$.age: must not be negative, got -3"


@pytest.mark.parametrize(
    ("target", "text", "said"),
    [
        pytest.param(Named | Aged, '{"name": "x", "age": -3}', WRONG, id="of the second"),
        pytest.param(Aged | Named, '{"name": "x", "age": -3}', WRONG, id="of the first"),
        pytest.param(Named | Aged, '{"name": "x", "age": "-3"}', WRONG, id="bent"),
        pytest.param(
            Named | Aged, '{"name": "x", "age": -3, "note": 1}', WRONG, id="beside nobody's"
        ),
        pytest.param(
            Named | Aged, '{"name": "x", "age": -3, "note": null}', WRONG, id="beside a null"
        ),
        pytest.param(
            Named | Aged,
            '{"name": "x", "age": -3, "home": {"name": "y", "zip": 1}}',
            WRONG,
            id="beside nobody's further in",
        ),
        pytest.param(
            list[Named | Aged],
            '[{"name": "x"}, {"name": "y", "age": -3}]',
            "$[1].age: must not be negative, got -3",
            id="in a list",
        ),
        pytest.param(
            Named | Annotated[Aged, AfterValidator(_not_empty)],
            '{"name": "", "age": 3}',
            '$: must have a name, got {"name": "", "age": 3}',
            id="by a validator of the whole model",
        ),
        pytest.param(Named | Aged | Card, '{"name": "x", "age": -3}', WRONG, id="of three"),
        pytest.param(Titled | Dated, '{"name": "x", "age": -3}', WRONG, id="of dataclasses"),
        pytest.param(Named | Aged, '{"name": "x", "Age": -3}', WRONG, id="in another spelling"),
        pytest.param(
            Named | Aged,
            '{"name": "x", "Age": "old"}',
            f'{MIXED}, got {{"name": "x", "Age": "old"}}',
            id="of another kind in another spelling",
        ),
    ],
)
def test_no_member_is_lost_to_a_model_that_does_not_name_it(
    target: object, text: str, said: str
) -> None:
    """Pydantic takes the model that names less where the validator of the other refuses."""
    with pytest.raises(ResponseError) as caught:
        parse(text, target)
    assert [str(violation) for violation in caught.value.violations] == [said]


@pytest.mark.parametrize(
    ("target", "text", "output"),
    [
        pytest.param(
            Named | Aged, '{"name": "x", "age": 3}', Aged(name="x", age=3), id="all is named"
        ),
        pytest.param(
            Named | Aged, '{"name": "x", "Age": 3}', Aged(name="x", age=3), id="another spelling"
        ),
        pytest.param(
            list[Named | Aged],
            '[{"Name": "x", "AGE": 3}, {"NAME": "y"}]',
            [Aged(name="x", age=3), Named(name="y")],
            id="other spellings of all",
        ),
        pytest.param(Named | Aged, '{"name": "x"}', Named(name="x"), id="the lesser"),
        pytest.param(
            Named | Aged, '{"name": "x", "note": 1}', Named(name="x"), id="nobody names the other"
        ),
        pytest.param(
            Named | Aged, '{"name": "x", "age": null}', Named(name="x"), id="a null says nothing"
        ),
        pytest.param(
            Keeping | Aged,
            '{"name": "x", "age": -3}',
            Keeping.model_validate({"name": "x", "age": -3}),
            id="one that keeps it",
        ),
        pytest.param(
            Aged | list[Aged],
            '[{"name": "x", "age": 3, "note": 1}]',
            [Aged(name="x", age=3)],
            id="only one kind names members",
        ),
    ],
)
def test_what_nobody_names_is_no_loss(target: object, text: str, output: object) -> None:
    assert parse(text, target).output == output


def test_many_errors_take_time_in_proportion():
    """Each of them was once compared with all others."""
    begin = process_time()
    wrong = [{"number": "x", "cvv": "x"} for _ in range(3_000)]
    checked = compiled(list[Card | Transfer | Cash]).decoder.check(cast("JsonValue", wrong))
    assert isinstance(checked, Invalid)
    assert len(checked.violations) == len(wrong)
    assert process_time() - begin < 8


def test_a_tag_decides_before_anything_else():
    with pytest.raises(ResponseError) as caught:
        parse('{"kind": "tagged", "number": "x"}', Tagged | Card)
    assert [violation.path for violation in caught.value.violations] == ["$.number"]


def test_a_re_ask_speaks_of_nothing_else():
    """It asks for the member that may be several kinds, and for no members of other kinds."""
    part = '{"by": {"number": "12", "cvv": 123}}'
    llm = ScriptedModel(['{"who": "Ada", "by": {"number": "12", "cvv": "abc"}}', part])
    assert llm.generate("Who pays?", Payment) == Payment(who="Ada", by=Card(number="12", cvv=123))
    assert llm.requests[1].feedback.startswith(
        "A previous answer was invalid:\n"
        '- $.by.cvv: expected an integer, got "abc" (write an integer)\n'
        "The rest stays. "
    )
