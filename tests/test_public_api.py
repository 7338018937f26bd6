"""Every public name is exported, exists and says what it is."""

import importlib
import inspect
import pkgutil

import pytest

import combmotif

PACKAGES = sorted(info.name for info in pkgutil.walk_packages(combmotif.__path__, "combmotif.") if info.ispkg)
MODULES = sorted(
    info.name for info in pkgutil.walk_packages(combmotif.__path__, "combmotif.") if "__main__" not in info.name
)


@pytest.mark.parametrize("name", PACKAGES)
def test_exported_names_exist_and_have_a_docstring(name):
    package = importlib.import_module(name)
    for exported in getattr(package, "__all__", []):
        value = getattr(package, exported)
        if callable(value) and not inspect.isbuiltin(value):
            assert inspect.getdoc(value), f"{name}.{exported} has no docstring"


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is(name):
    assert importlib.import_module(name).__doc__, f"{name} has no docstring"
