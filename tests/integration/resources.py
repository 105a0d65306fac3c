"""What the stacks consist of, by the names that the templates give."""

from civic.stack.target import Target
from tests.templates import home_of


def physical_id(target: Target, name: str) -> str:
    """Return the physical id of the one resource with a logical id, whichever stack has it."""
    resources = dict(target.resources(target.stacks[home_of(name).stack]))
    return resources[name]
