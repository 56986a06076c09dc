"""Give the wheel the direct dependencies listed in requirements/runtime.in, so that they stand in one place."""

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class DependenciesFromRuntimeIn(MetadataHookInterface):
    """Fill project.dependencies from requirements/runtime.in."""

    def update(self, metadata: dict) -> None:
        """Set the dependencies; blank lines and comments are left out."""
        lines = (Path(self.root) / "requirements" / "runtime.in").read_text("utf-8").splitlines()
        metadata["dependencies"] = [line for line in lines if line.strip() and not line.startswith("#")]
