"""Every public name is exported, exists and says what it is."""

import doctest
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


def _functions():
    """Public functions of every module but the commands, by their full name."""
    for name in (one for one in MODULES if not one.startswith("combmotif.cli.")):
        for own, value in vars(importlib.import_module(name)).items():
            if not own.startswith("_") and inspect.isfunction(value) and value.__module__ == name:
                yield f"{name}.{own}", value


#: What takes more than eight arguments: the keys of a file or a model that is opened, and the sections of a run.
MANY = {
    "combmotif.api.insertions.epistasis",
    "combmotif.api.given.open_model",
    "combmotif.api.interpreter.interpret",
    "combmotif.evaluation.dataset.variants.variant_pairs",
    "combmotif.evaluation.dataset.write.write_orthologues",
    "combmotif.evaluation.dataset.write.write_variants",
    "combmotif.models.keras.load.load_keras_model",
    "combmotif.runs.runner.run",
    "combmotif.sequence.tables.read_table",
}


def test_functions_take_at_most_eight_arguments():
    counts = {name: len(inspect.signature(function).parameters) for name, function in _functions()}
    assert len(counts) > 500
    assert {name for name, count in counts.items() if count > 8} <= MANY


def test_the_model_comes_first_then_the_data_then_options_and_the_seed_last():
    models, data = {"model", "probe", "net", "module"}, {"codes", "sequences", "samples", "records"}
    wrong = []
    for name, function in _functions():
        parameters = inspect.signature(function).parameters.values()
        order = [one.name for one in parameters if one.kind != one.KEYWORD_ONLY]
        rank = {one: place for group, place in ((models, 0), (data, 1), ({"options"}, 2)) for one in group}
        ranks = [rank[one] for one in order if one in rank]
        seeded = "seed" in order and "int" in str(function.__annotations__["seed"])
        if ranks != sorted(ranks) or (seeded and order[-1] != "seed" and order[0] != "seed"):
            wrong.append(f"{name}({', '.join(order)})")
    assert wrong == []


def test_most_functions_that_packages_export_have_an_example():
    exported = {}
    for name in PACKAGES:
        package = importlib.import_module(name)
        values = (getattr(package, one) for one in getattr(package, "__all__", []))
        exported |= {f"{v.__module__}.{v.__name__}": v for v in values if inspect.isfunction(v)}
    without = sorted(name for name, value in exported.items() if "\nExamples\n---" not in (inspect.getdoc(value) or ""))
    assert len(exported) > 100
    assert len(without) < len(exported) / 2, without


FUNCTIONS = [name for name in combmotif.__all__ if inspect.isfunction(getattr(combmotif, name))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_the_package_offers_is_documented_with_an_example(name):
    function = getattr(combmotif, name)
    text = inspect.getdoc(function)
    heads = ("Parameters", "Returns", "Raises", "Examples")
    assert [head for head in heads if f"\n{head}\n{'-' * len(head)}\n" not in text] == []
    told = [line.split(" : ")[0].strip("* ") for line in text.splitlines() if " : " in line or line.startswith("**")]
    told = {one for names in told for one in names.split(", ")}
    assert set(inspect.signature(function).parameters) - told == set()
    (example,) = doctest.DocTestFinder(recurse=False).find(function, name)
    assert example.examples, "tests/test_examples.py runs them"
