"""Puts resources/ and presets/ into a built wheel, as studio/_resources and studio/_presets.

A checkout keeps both at the top, where people look for them; ``studio/places.py`` finds either. Read by
setuptools through ``[tool.setuptools.cmdclass]`` in pyproject.toml.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools.command.build_py import build_py

SHIPPED = ("resources", "presets")
HERE = Path(__file__).resolve().parent.parent


class BuildWithShippedFiles(build_py):
    """``build_py`` that also copies the folders that ship with the program; an editable install copies nothing."""

    def run(self) -> None:
        """Builds the package, then lays the folders inside it."""
        super().run()
        if self.editable_mode:
            return
        for name in SHIPPED:
            target = Path(self.build_lib) / "studio" / f"_{name}"
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(HERE / name, target)

    def get_source_files(self) -> list[str]:
        """What a source archive must hold, these folders and this file among it."""
        shipped = [
            path.relative_to(HERE).as_posix()
            for name in SHIPPED
            for path in sorted((HERE / name).rglob("*"))
            if path.is_file()
        ]
        return [*super().get_source_files(), *shipped, "packaging/wheel.py"]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """What was built, the copied files among it."""
        copied = [
            str(path)
            for name in SHIPPED
            for path in (Path(self.build_lib) / "studio" / f"_{name}").rglob("*")
            if path.is_file()
        ]
        return [*super().get_outputs(include_bytecode), *copied]
