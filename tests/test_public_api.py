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


@pytest.mark.parametrize("name", PACKAGES)
def test_no_exported_function_hides_a_module_of_its_own_name(name):
    package = importlib.import_module(name)
    modules = {info.name for info in pkgutil.iter_modules(package.__path__)}
    hidden = [one for one in getattr(package, "__all__", []) if one in modules and callable(getattr(package, one))]
    assert hidden == []


def test_functions_of_effects_take_at_most_eight_arguments():
    package = importlib.import_module("combmotif.effects")
    functions = {name: getattr(package, name) for name in package.__all__ if inspect.isfunction(getattr(package, name))}
    assert {"interaction", "measure_pair", "contribution", "clamp"} <= set(functions)
    long = {name: len(inspect.signature(function).parameters) for name, function in functions.items()}
    assert {name: count for name, count in long.items() if count > 8} == {}
