"""The stacks that a system is made of."""

REGISTRATION = "registration"
"""The stack whose template is the entry point, and which gives the system its name."""

STACKS = (
    "platform",
    "analytics",
    REGISTRATION,
    "elections",
    "voting",
    "audit",
    "accountability",
    "credentials",
    "proofing",
    "reconciliation",
)
"""Every stack, in an order in which they can be deployed: each after those it imports from."""

IDENTITY = tuple(stack for stack in STACKS if stack not in {"elections", "voting", "audit"})
"""The stacks of the domain that knows who somebody is; the others know what was chosen."""


def named(system: str, stack: str) -> str:
    """Return the name of a stack in a system, or of its table in samconfig.toml.

    Args:
        system: The system, such as ``civic-dev``; for a table the environment, such as ``dev``.
        stack: One of ``STACKS``.
    """
    return system if stack == REGISTRATION else f"{system}-{stack}"


def template_file(stack: str) -> str:
    """Return the path of a stack's template in the checkout."""
    return "template.yaml" if stack == REGISTRATION else f"stacks/{stack}.yaml"
