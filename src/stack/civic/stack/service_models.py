"""Removes from the layer botocore's descriptions of services that no function calls.

To make its first client, botocore lists the folders of all 430 services that it describes and reads
one file with the endpoints of all of them; together this takes longer than making the client.
"""

import json
import shutil
from gzip import decompress
from pathlib import Path
from typing import Any

from civic.terminal.failures import DeployFailed

SERVICES = frozenset({"dynamodb", "dynamodbstreams", "events", "kms", "s3", "sqs"})
"""The services that `civic.runtime.clients` makes clients of, as botocore names them."""


def keep_used_models(layer: Path) -> None:
    """Remove the descriptions of unused services, and the documentation of the others.

    Args:
        layer: The built layer, which contains botocore.

    Raises:
        DeployFailed: botocore does not store its descriptions as expected.
    """
    data = layer / "python" / "botocore" / "data"
    folders = {folder.name: folder for folder in data.iterdir() if folder.is_dir()}
    if missing := SERVICES - folders.keys():
        raise DeployFailed(f"botocore has no description of {', '.join(sorted(missing))}")
    for name, folder in folders.items():
        if name not in SERVICES:
            shutil.rmtree(folder)
    _keep_endpoints(data / "endpoints.json", set(map(_shorten, data.glob("*/*/service-2.json*"))))


def _shorten(model: Path) -> str:
    """Rewrite a service's description without its documentation; return its endpoints' prefix."""
    packed = model.suffix == ".gz"
    content = model.read_bytes()
    document = json.loads(decompress(content) if packed else content)
    # Uncompressed: the deployment package is compressed as a whole.
    _write(model.with_suffix("") if packed else model, _without_documentation(document))
    if packed:
        model.unlink()
    prefix: str = document["metadata"]["endpointPrefix"]
    return prefix


def _without_documentation(node: Any) -> Any:
    if isinstance(node, dict):
        # Emptied, not removed: botocore expects it in some places. A member of a structure may have
        # this name too, but then it is not a string.
        return {
            key: ""
            if key == "documentation" and isinstance(value, str)
            else _without_documentation(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return list(map(_without_documentation, node))
    return node


def _keep_endpoints(file: Path, prefixes: set[str]) -> None:
    document = json.loads(file.read_bytes())
    for partition in document["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in prefixes}
    _write(file, document)


def _write(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document, separators=(",", ":")), "utf-8")
