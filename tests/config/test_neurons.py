import pytest

from combmotif.config.neurons import parse_selection, select_neurons


@pytest.mark.parametrize(
    ("select", "neurons"),
    [
        ("all", list(range(16))),
        (5, [5]),
        ("5", [5]),
        ("0-3", [0, 1, 2, 3]),
        ("0-2, 7", [0, 1, 2, 7]),
        ([9, 0, "3-4", "4"], [0, 3, 4, 9]),
        ("15", [15]),
    ],
)
def test_selections(select, neurons):
    assert select_neurons(select, 16, "conv3") == neurons


@pytest.mark.parametrize("select", ["16", 16, "0-16", [3, "10-99"]])
def test_a_neuron_that_does_not_exist(select):
    with pytest.raises(ValueError, match=r"neurons.select: layer 'conv3' has 16 neurons, 0 to 15, found (16|99)"):
        select_neurons(select, 16, "conv3")


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("x", "found 'x'"),
        (-1, "found -1"),
        ([True], "found true"),
        ([], "at least one neuron"),
        ("9-3", "a range that goes up, found '9-3'; write 3-9"),
        ("1,,2", "found ''"),
        ([[1]], "expected all"),
    ],
)
def test_what_is_no_selection(select, message):
    with pytest.raises(ValueError, match=message):
        parse_selection(select)
