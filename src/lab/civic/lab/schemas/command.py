"""`civic schemas`: writes the files generated from the code, or checks that they are current."""

import json
from pathlib import Path
from typing import Annotated

import typer

from civic.contracts.registry import EVENTS
from civic.lab.schemas.compatibility import incompatibilities
from civic.lab.schemas.generated import generated_files, schema_of
from civic.stack.context import workspace_of
from civic.terminal.console import out
from civic.terminal.failures import CommandFailed


def schemas(
    context: typer.Context,
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail on stale files.")] = (
        False
    ),
    release: Annotated[
        bool, typer.Option("--release", help="Also record these as the released schemas.")
    ] = False,
) -> None:
    """Regenerate everything that is generated from the code.

    That is the schemas and samples of events, the OpenAPI documents, the generated parts of the
    templates, and the generated tables in the documents and in samconfig.toml.
    """
    root = workspace_of(context).root
    broken = incompatible_events(root)
    if broken:
        raise CommandFailed("readers of the released schemas would break:\n" + "\n".join(broken))
    stale = [file for file, text in generated_files(root).items() if _differs(file, text)]
    names = ", ".join(str(file.relative_to(root)) for file in stale)
    if check and stale:
        raise CommandFailed(f"stale: {names}; run `make generate`")
    for file, text in generated_files(root).items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    if release:
        _release(root)
    out.print(f"written: {names}" if stale else "everything is current")


def incompatible_events(root: Path) -> list[str]:
    """Return, event by event, the changes that would break readers of the released schemas."""
    broken = []
    for file in sorted((root / "schemas/released").glob("*.json")):
        event = EVENTS.get(file.stem)
        if event is None:
            broken.append(f"{file.stem}: removed")
            continue
        released = json.loads(file.read_text(encoding="utf-8"))
        broken += [f"{file.stem}{what}" for what in incompatibilities(released, schema_of(event))]
    return broken


def _release(root: Path) -> None:
    place = root / "schemas/released"
    place.mkdir(exist_ok=True)
    for name in EVENTS:
        (place / f"{name}.json").write_text((root / f"schemas/{name}.json").read_text())


def _differs(file: Path, text: str) -> bool:
    return not file.exists() or file.read_text(encoding="utf-8") != text
