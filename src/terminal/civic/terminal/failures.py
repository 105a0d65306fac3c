"""The failures that can stop a command, each with its own exit code and one clear line."""

import errno
from typing import ClassVar


class CommandFailed(Exception):
    """The command cannot go on; the message tells the operator what to do about it."""

    exit_code: ClassVar[int] = 1


class SettingInvalid(CommandFailed):
    """An option or environment variable has a value that is not valid."""

    exit_code = 2


class PortTaken(CommandFailed):
    """Another program listens on the port that is needed."""

    exit_code = 3


class DiskFull(CommandFailed):
    """The disk has too little space for the engine's state."""

    exit_code = 4


class EngineFailed(CommandFailed):
    """The embedded engine did not start, or is not running."""

    exit_code = 5


class DeployFailed(CommandFailed):
    """`sam build` or `sam deploy` refused the template."""

    exit_code = 6


class StackMissing(CommandFailed):
    """The target does not have this stack, or the stack does not have this output."""

    exit_code = 7


class SetupMissing(CommandFailed):
    """One of the environments that `make setup` creates is missing."""

    exit_code = 8


INTERRUPTED_EXIT_CODE = 130
"""What a shell reports for a command ended by Ctrl-C (128 + SIGINT)."""


def is_disk_full(error: OSError) -> bool:
    """Return whether an operating system error means that no space is left, or none is allowed."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
