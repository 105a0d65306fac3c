"""The marker of personal data, and models that show none of it."""

from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from civic.identity.model.pii import Pii, PiiModel, pii_fields

CANARY = "zq9canary"


class Person(PiiModel):
    name: Annotated[str, Field(max_length=20), Pii("to greet")]
    rounds: Annotated[int, Field(le=9)] = 0


def test_only_marked_fields_are_personal_data() -> None:
    assert pii_fields(Person) == {"name": Pii("to greet")}


def test_model_shows_the_names_of_its_fields_and_no_value() -> None:
    person = Person(name=CANARY)
    assert repr(person) == "Person(name=<redacted>, rounds=<redacted>)"
    assert CANARY not in str(person)


def test_refusal_shows_no_value() -> None:
    for wrong in (
        {"name": CANARY * 3},
        {"name": 1, "rounds": CANARY},
        {"name": "", CANARY: CANARY},
    ):
        with pytest.raises(ValidationError) as caught:
            Person.model_validate(wrong)
        assert f"'{CANARY}" not in str(caught.value)
        assert "input_value" not in str(caught.value)


def test_value_of_another_type_is_refused_and_a_value_stays() -> None:
    with pytest.raises(ValidationError):
        Person.model_validate({"name": "x", "rounds": "1"})
    person = Person(name="x")
    with pytest.raises(ValidationError):
        person.name = "y"  # type: ignore[misc]
