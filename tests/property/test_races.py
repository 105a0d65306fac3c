"""Two things happen at once: the second during each call of the first."""

import os
from collections.abc import Callable
from itertools import count

import pytest

from civic.identity.functions import deadlines
from tests.fakes.pipeline import RETENTION, Consumer
from tests.property.citizens import Body, Citizen, Command
from tests.property.commands import (
    AskReview,
    DecideCase,
    Erase,
    Lift,
    ListCases,
    Object,
    ReadData,
    Rectify,
    Register,
    Restrict,
)
from tests.property.settled import check_settled
from tests.property.truths import check_always
from tests.property.world import Fate, World

type Act = Callable[[World, Citizen, Fate | None], None]

ACCEPTED, REJECTED, DOUBTFUL = 0, 1, 2


def asks(kind: type[Command]) -> Act:
    return lambda world, citizen, fate: world.send(kind(citizen), fate)


def registers_again(world: World, citizen: Citizen, fate: Fate | None) -> None:
    world.send(Register(citizen, citizen.of(Register)[0].body), fate)


def rectifies(world: World, citizen: Citizen, fate: Fate | None) -> None:
    body = Body(f"{citizen.name} corrected{len(citizen.of(Rectify))}", DOUBTFUL)
    world.send(Rectify(citizen, body), fate)


def staff_decide(world: World, citizen: Citizen, fate: Fate | None) -> None:
    case = world.pipeline.reviews.rows.get(world.registration_of(citizen))
    about = case.record.revision if case else 1
    world.send(DecideCase(citizen, verdict="accepted", about=about), fate)


def staff_look(world: World, _citizen: Citizen, fate: Fate | None) -> None:
    world.send(ListCases(Citizen("staff", None)), fate)


def retention_ends(world: World, _citizen: Citizen, fate: Fate | None) -> None:
    world.wait(2 * RETENTION)
    world.run(deadlines.handler, {}, fate)


def receives(consumer: Consumer) -> Act:
    def receive(world: World, _citizen: Citizen, fate: Fate | None) -> None:
        world.deliver([one for one in world.queues.waiting if one.consumer is consumer], fate)

    return receive


CHANGES: dict[str, Act] = {
    "register": registers_again,
    "rectify": rectifies,
    "erase": asks(Erase),
    "restrict": asks(Restrict),
    "lift": asks(Lift),
    "object": asks(Object),
    "ask for a review": asks(AskReview),
    "decide": staff_decide,
    "list the cases": staff_look,
    "end the retention": retention_ends,
}
ACTS: dict[str, Act] = {
    **CHANGES,
    "read": asks(ReadData),
    **{consumer.value: receives(consumer) for consumer in Consumer},
}


def registered(world: World, citizen: Citizen, variant: int) -> None:
    world.send(Register(citizen, Body(citizen.name, variant)))


def fresh(world: World, citizen: Citizen) -> None:
    """Nothing has been delivered yet."""
    registered(world, citizen, DOUBTFUL)


def waiting(world: World, citizen: Citizen) -> None:
    """People must decide."""
    registered(world, citizen, DOUBTFUL)
    world.settle()


def contested(world: World, citizen: Citizen) -> None:
    """The rules have rejected, and the citizen contests that."""
    registered(world, citizen, REJECTED)
    world.settle()
    world.send(AskReview(citizen))


def restricted(world: World, citizen: Citizen) -> None:
    """Processing is restricted, and a decision is waiting."""
    registered(world, citizen, DOUBTFUL)
    world.send(Restrict(citizen))
    world.deliver([one for one in world.queues.waiting if one.consumer is Consumer.VALIDATOR])


def corrected(world: World, citizen: Citizen) -> None:
    """A correction is on its way."""
    registered(world, citizen, ACCEPTED)
    world.settle()
    rectifies(world, citizen, None)


_QUICK: tuple[Callable[[World, Citizen], None], ...] = (waiting, restricted)
PRELUDES = (fresh, *_QUICK, contested, corrected) if os.environ.get("CIVIC_DEEP") else _QUICK


@pytest.mark.parametrize("prelude", PRELUDES, ids=lambda prelude: prelude.__name__)
@pytest.mark.parametrize("first", ACTS)
@pytest.mark.parametrize("prompt", [False, True], ids=["delivered later", "delivered at once"])
def test_change_at_any_call_of_something_else_ends_in_an_orderly_state(
    prelude: Callable[[World, Citizen], None], first: str, *, prompt: bool
) -> None:
    race(prelude, first, prompt=prompt)


def test_reading_is_not_denied_while_the_first_record_is_stored_and_corrected() -> None:
    race(fresh, "read", prompt=True)


def race(prelude: Callable[[World, Citizen], None], first: str, *, prompt: bool) -> None:
    """Make each change before each call of something that has begun, and check how it all ends."""
    for change in CHANGES.values():
        for calls in count():
            world = World()
            citizen = Citizen("ada", "ada-0123456789abcdef")
            world.citizens.append(citizen)
            prelude(world, citizen)
            ACTS[first](world, citizen, Fate(calls))
            if not world.tasks:
                break
            change(world, citizen, None)
            check_always(world)
            if prompt:
                world.flush()
                check_always(world)
            world.settle()
            check_always(world)
            world.lift_everything()
            check_settled(world)
