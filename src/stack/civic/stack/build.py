"""Builds the code that the stacks ship: every code root once, however many stacks name it.

Run as a module with an environment, such as ``python -m civic.stack.build dev``, it builds for AWS.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from civic.stack.artefacts import finish
from civic.stack.sam import sam_build
from civic.stack.samconfig import Deployment, deployments
from civic.stack.template import read_template
from civic.stack.workspace import Workspace, here
from civic.stack.zipping import zip_folder

_CODE = re.compile(r"(?P<key>\b(?:CodeUri|ContentUri): )(?P<root>[\w./]+)")


def build(workspace: Workspace, stacks: Iterable[Deployment]) -> None:
    """Build the layer and every code root, and each stack's template that names what was built.

    `sam build` of each template would build the layer once per stack and copy each code root once
    per function, and `sam deploy` would zip each copy: a gigabyte, and minutes.

    Args:
        workspace: The checkout.
        stacks: The stacks of one environment; all are built into one directory.

    Raises:
        DeployFailed: sam ended with an error.
        DiskFull: There was not enough space for the artefacts.
    """
    stacks = tuple(stacks)
    (folder,) = {stack.built.parent for stack in stacks}
    folder.parent.mkdir(parents=True, exist_ok=True)
    recipe = _recipe(stacks)
    file = folder.parent / "artefacts.json"
    file.write_text(json.dumps(recipe, indent=2))
    sam_build(workspace, file, folder)
    finish(workspace, folder, recipe["Resources"])
    # zlib computes without the interpreter's lock.
    with ThreadPoolExecutor() as pool:
        list(pool.map(zip_folder, map(folder.joinpath, recipe["Resources"])))
    for stack in stacks:
        stack.built.write_text(_with_artefacts(stack.template), "utf-8")


def code_roots(template: Path) -> set[Path]:
    """Return the folders that a template ships: those of its functions and its layer."""
    found = _CODE.finditer(template.read_text("utf-8"))
    return {(template.parent / one["root"]).resolve() for one in found}


def artefact(root: Path) -> str:
    """Return the name of the artefact built from a code root."""
    return root.name.capitalize()


def _with_artefacts(template: Path) -> str:
    def built(found: re.Match[str]) -> str:
        return f"{found['key']}{artefact((template.parent / found['root']).resolve())}.zip"

    return _CODE.sub(built, template.read_text("utf-8"))


def _recipe(stacks: Iterable[Deployment]) -> Mapping[str, Any]:
    """Return a template for `sam build` alone, with one resource for each code root."""
    resources = {}
    for stack in stacks:
        document = read_template(stack.template)
        architecture = stack.parameters["Architecture"]
        for root, resource in _code_of(document, stack.template.parent):
            layer = resource["Type"] == "AWS::Serverless::LayerVersion"
            resources[artefact(root)] = {
                "Type": resource["Type"],
                **(
                    _layer(resource, root, architecture)
                    if layer
                    else _function(document, resource, root, architecture)
                ),
            }
    return {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}


def _code_of(document: Mapping[str, Any], folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for resource in document["Resources"].values():
        properties = resource.get("Properties", {})
        for key in ("CodeUri", "ContentUri"):
            if key in properties:
                yield (folder / properties[key]).resolve(), resource


def _layer(resource: dict[str, Any], root: Path, architecture: str) -> dict[str, Any]:
    runtimes = resource["Properties"]["CompatibleRuntimes"]
    return {
        "Metadata": resource["Metadata"] | {"BuildArchitecture": architecture},
        "Properties": {
            "ContentUri": str(root),
            "CompatibleRuntimes": runtimes,
            "CompatibleArchitectures": [architecture],
        },
    }


def _function(
    document: Mapping[str, Any], resource: dict[str, Any], root: Path, architecture: str
) -> dict[str, Any]:
    return {
        "Properties": {
            "CodeUri": str(root),
            "Handler": resource["Properties"]["Handler"],
            "Runtime": document["Globals"]["Function"]["Runtime"],
            "Architectures": [architecture],
        },
    }


if __name__ == "__main__":
    build(here(), deployments(here(), sys.argv[1]))
