"""Put `resources/` (cards, weights, motif lists) inside the built package, as `combmotif/resources`."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithResources(build_py):
    """Copy the repository's resources into the wheel; an editable install reads them where they are."""

    def run(self):
        super().run()
        source = ROOT / "resources"
        if self.editable_mode or not source.is_dir():
            return
        target = Path(self.build_lib) / "combmotif" / "resources"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))


setup(cmdclass={"build_py": BuildWithResources})
