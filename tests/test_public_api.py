"""Every public name is exported, exists and says what it is."""

import doctest
import importlib
import inspect
import pkgutil
import warnings

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
    package = importlib.import_module("combmotif.effect")
    functions = {name: getattr(package, name) for name in package.__all__ if inspect.isfunction(getattr(package, name))}
    assert {"interaction", "measure_pair", "contribution", "clamp"} <= set(functions)
    long = {name: len(inspect.signature(function).parameters) for name, function in functions.items()}
    assert {name: count for name, count in long.items() if count > 8} == {}


FUNCTIONS = [name for name in combmotif.__all__ if inspect.isfunction(getattr(combmotif, name))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_the_package_offers_is_documented_with_an_example_that_runs(name):
    function = getattr(combmotif, name)
    text = inspect.getdoc(function)
    heads = ("Parameters", "Returns", "Raises", "Examples")
    assert [head for head in heads if f"\n{head}\n{'-' * len(head)}\n" not in text] == []
    told = [line.split(" : ")[0].strip("* ") for line in text.splitlines() if " : " in line or line.startswith("**")]
    told = {one for names in told for one in names.split(", ")}
    assert set(inspect.signature(function).parameters) - told == set()
    (example,) = doctest.DocTestFinder(recurse=False).find(function, name)
    said: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert "".join(said) == ""
