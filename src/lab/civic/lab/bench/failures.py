"""What stops a measurement."""

from civic.terminal.failures import CommandFailed


class MeasurementFailed(CommandFailed):
    """Something that is measured did not do what the figures assume."""
