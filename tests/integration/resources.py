"""The resources of the stacks, by the names in the templates."""

from civic.stack.target import Target
from tests.templates import home_of


def physical_id(target: Target, name: str) -> str:
    """Return the physical id of the only resource with a logical id in any stack."""
    resources = dict(target.resources(target.stacks[home_of(name).stack]))
    return resources[name]
