from __future__ import annotations

from combmotif.sequence.names import unique_names


def test_a_name_that_stands_again_gets_the_first_free_number():
    assert unique_names(["a", "b"], "x.fa") == (("a", "b"), ())
    names, notes = unique_names(["a", "a", "b", "a", "a_2", "a_2"], "x.fa")
    assert names == ("a", "a_3", "b", "a_4", "a_2", "a_2_2")
    assert notes == ("x.fa: 3 records have a name that stood before, and another one here: the second 'a' is 'a_3'.",)
    assert unique_names(["a", "a"], "x.fa")[1][0].startswith("x.fa: 1 record has a name")
