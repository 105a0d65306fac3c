"""Compiles `checkpoints.vy`: `make contract` writes the file that `civic-monitor anchor` reads.

With `--check` it writes nothing, and fails if the committed file differs.
"""

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from eth_utils import keccak
from vyper import compile_code
from vyper.version import version

SOURCE = Path(__file__).parents[1] / "src/monitor/civic/monitor/anchor/checkpoints.vy"
COMPILED = SOURCE.with_suffix(".json")


def compiled() -> str:
    """Return the file for the contract as the compiler produces it."""
    source = SOURCE.read_text()
    made: dict[str, Any] = compile_code(
        source,
        output_formats=["abi", "bytecode", "bytecode_runtime", "method_identifiers"],
    )
    written = {
        "abi": made["abi"],
        "compiler": f"vyper {version}",
        "creation": made["bytecode"].removeprefix("0x"),
        "runtime": made["bytecode_runtime"].removeprefix("0x"),
        "selectors": {
            name: f"{int(selector, 16):08x}"
            for name, selector in made["method_identifiers"].items()
        },
        "source_sha256": sha256(source.encode()).hexdigest(),
        "topics": {
            signature: keccak(text=signature).hex()
            for part in made["abi"]
            if part["type"] == "event"
            for signature in [_signature(part)]
        },
    }
    return json.dumps(written, indent=2, sort_keys=True) + "\n"


def _signature(event: dict[str, Any]) -> str:
    return f"{event['name']}({','.join(one['type'] for one in event['inputs'])})"


if __name__ == "__main__":
    if sys.argv[1:] != ["--check"]:
        COMPILED.write_text(compiled())
    elif compiled() != COMPILED.read_text():
        sys.exit(f"{COMPILED.name} differs from the compiler's output; run `make contract`")
