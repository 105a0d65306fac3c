"""Prepares artefacts for deployment after `sam build`, so that they start fast."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from civic.stack.bytecode import compile_folder
from civic.stack.service_models import keep_used_models
from civic.stack.workspace import Workspace

TASK, LAYERS = "/var/task", "/opt"
"""Where Lambda unpacks a function, and its layers."""


def finish(workspace: Workspace, folder: Path, resources: Mapping[str, Mapping[str, Any]]) -> None:
    """Remove from each artefact what no function uses, and add the bytecode of its modules.

    Args:
        workspace: The checkout.
        folder: The output of `sam build`, with a folder for each artefact.
        resources: The functions and layers that were built, as a template describes them.

    Raises:
        DeployFailed: An artefact is not as expected, or a module does not compile.
    """
    for name, resource in resources.items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            (runtime,) = properties["CompatibleRuntimes"]
            deployed = LAYERS
            keep_used_models(folder / name)
        else:
            runtime, deployed = properties["Runtime"], TASK
        # The interpreter of that name, which sam builds with, is beside sam.
        compile_folder(workspace.sam.with_name(runtime), folder / name, deployed)
