from tests.fakes.fixtures import aws, deployment, log_lines

__all__ = ["aws", "deployment", "log_lines"]
