"""What the functions declare, wherever they are: their routes."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from civic.runtime.routes import Routes

_CONTEXTS = ("identity", "analytics", "voting", "audit")


@cache
def functions() -> tuple[ModuleType, ...]:
    """Return the module of every function."""
    packages = [importlib.import_module(f"civic.{one}.functions") for one in _CONTEXTS]
    return tuple(
        importlib.import_module(f"{package.__name__}.{found.name}")
        for package in packages
        for found in pkgutil.iter_modules(package.__path__)
    )


def routes_of(function: ModuleType) -> Routes | None:
    """Return what a function answers; None if it answers no requests."""
    found: Routes | None = getattr(function, "ROUTES", None)
    return found


def tables(context: str, api: str) -> list[Routes]:
    """Return what the functions of a context answer on one API."""
    declared = [
        routes_of(one) for one in functions() if one.__name__.startswith(f"civic.{context}.")
    ]
    return [one for one in declared if one is not None and one.api == api]
