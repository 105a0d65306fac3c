"""Checks the templates with cfn-lint, checkov and AWS's own IAM reference.

SAM's short forms hide the roles and policies they expand to, so the policy checks run on what
CloudFormation gets: the translated template. What checkov skips is listed, with the reason, in
`.checkov.yaml` or in the `Metadata` of the resource.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
from tools.statements import findings

from civic.stack.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
_PROGRAMS = Path(sys.executable).parent
_CHECKOV = ROOT / ".venvs" / "checkov" / "bin" / "checkov"
_PLACEHOLDER = "s3://placeholder/artefact"


class _NoManagedPolicies:
    """No managed policies, as the templates name none by its short name."""

    def load(self) -> dict[str, str]:
        """Return the known policies: none."""
        return {}


def translate(template: Path) -> dict[str, Any]:
    """Return a SAM template as plain CloudFormation, with default parameters.

    Args:
        template: A SAM template with local code.
    """
    # The translator needs a region for the partition in the ARNs it writes.
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    document = yaml_parse(template.read_text())
    resources = [document.get("Globals", {}).get("Function", {})]
    resources += [resource.get("Properties", {}) for resource in document["Resources"].values()]
    for properties in resources:
        for code in ("CodeUri", "ContentUri"):
            if isinstance(properties.get(code), str):
                properties[code] = _PLACEHOLDER
    defaults = {
        name: parameter["Default"]
        for name, parameter in document.get("Parameters", {}).items()
        if "Default" in parameter
    }
    translated: dict[str, Any] = transform(document, defaults, _NoManagedPolicies())
    return translated


def check(translated: dict[Path, dict[str, Any]], scratch: Path) -> bool:
    """Run cfn-lint and checkov once each for all templates; they print what they find.

    Returns:
        True if neither finds anything.
    """
    plain = []
    for template, document in translated.items():
        plain.append(scratch / f"{template.stem}.json")
        plain[-1].write_text(json.dumps(document, indent=2))
    commands: list[list[str | Path]] = [
        [_PROGRAMS / "cfn-lint", "--", *translated, *plain],
        [_CHECKOV, "--config-file", ROOT / ".checkov.yaml", "--file", *plain],
    ]
    # Both, so that one run shows everything, and in parallel, as each uses one processor.
    running = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    codes = [one.wait() for one in running]
    return not any(codes)


def main() -> int:
    """Check every template of the repository.

    Returns:
        0, or 1 if a checker found something.
    """
    templates = Workspace(ROOT).templates.values()
    translated = {template: translate(template) for template in templates}
    with tempfile.TemporaryDirectory() as scratch:
        clean = check(translated, Path(scratch))
    # Statements refer to other stacks, so all templates are checked together.
    found = list(findings({template.name: one for template, one in translated.items()}))
    for finding in found:
        sys.stderr.write(f"{finding}\n")
    return 0 if clean and not found else 1


if __name__ == "__main__":
    sys.exit(main())
