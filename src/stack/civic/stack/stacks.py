"""The stacks that a system is made of."""

REGISTRATION = "registration"
"""The stack whose template is the entry to the others, and whose name is that of the system."""

STACKS = (
    "platform",
    REGISTRATION,
    "voting",
    "audit",
    "accountability",
    "credentials",
    "analytics",
)
"""Every stack, in an order in which they can be deployed: what one imports comes before it."""

IDENTITY = tuple(stack for stack in STACKS if stack not in {"voting", "audit"})
"""Those of the domain that knows who somebody is; the others know what was chosen."""


def named(system: str, stack: str) -> str:
    """Give the name of a stack of a system, and of its table in samconfig.toml likewise.

    Args:
        system: Such as ``civic-dev``; of the tables the environment, such as ``dev``.
        stack: One of ``STACKS``.
    """
    return system if stack == REGISTRATION else f"{system}-{stack}"


def template_file(stack: str) -> str:
    """Give where the template of a stack is in the checkout."""
    return "template.yaml" if stack == REGISTRATION else f"stacks/{stack}.yaml"
