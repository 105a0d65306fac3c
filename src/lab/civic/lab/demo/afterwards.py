"""What made-up people and staff do once the registrations are decided, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from civic.client.citizen import Citizen, Receipt
from civic.client.submission import in_parallel
from civic.lab.population.generator import Person
from civic.operator.operations import await_empty_queues
from civic.operator.staff import Staff, judgement
from civic.stack.target import Target
from civic.terminal.console import bar, err
from civic.terminal.waiting import until


@dataclass(frozen=True, slots=True)
class Registrant:
    """A made-up person with what the registration was answered with."""

    person: Person
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a registration is in the end: its status, and its areas if it is on the roll."""

    status: Mapping[str, Any]
    areas: tuple[str, ...]


def live_on(
    target: Target, citizen: Citizen, registrants: Mapping[str, Registrant], workers: int
) -> dict[str, Standing]:
    """Let people correct what they are to correct and staff settle areas, and see what comes of it.

    Args:
        target: The system.
        citizen: The registration API.
        registrants: The made-up people, by id.
        workers: Number of simultaneous requests.

    Returns:
        Where each of them is in the end, by id.
    """
    with err.status("corrections, and areas that staff settle"):
        for one in registrants.values():
            if one.person.correction is not None:
                citizen.rectify(one.receipt, one.person.correction)
        _settle(target, [one for one in registrants.values() if one.person.staff_settle])
        await_empty_queues(target, lambda _left: None)

    def look(receipt: Receipt) -> Standing:
        return Standing(citizen.status(receipt), roll_areas(citizen, receipt))

    receipts = [one.receipt for one in registrants.values()]
    with bar("reading the roll") as progress:
        looks = progress.track(in_parallel(look, receipts, workers), total=len(receipts))
        return {standing.status["id"]: standing for standing in looks}


def _settle(target: Target, waiting: list[Registrant]) -> None:
    """Accept people whose address does not say where they vote, in the areas where they live."""
    if not waiting:
        return
    ids = {one.receipt.id for one in waiting}
    with Staff(target) as staff:
        until("the cases wait for staff", lambda: ids <= {case["id"] for case in staff.cases()})
        for one in waiting:
            staff.decide(one.receipt.id, 1, judgement("accepted", one.person.staff_settle))


def roll_areas(citizen: Citizen, receipt: Receipt) -> tuple[str, ...]:
    """Return the areas that the roll has of somebody; none if they are not on it."""
    entry = citizen.roll_entry_if_any(receipt)
    return tuple(entry["areas"]) if entry and entry["on_the_roll"] else ()
