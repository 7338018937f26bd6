"""Tables about motif files."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.core.tables import MOTIF_CLUSTERS, MOTIF_COMPARISON, MOTIF_LIST
from combmotif.motifs import Motif, MotifSet, word_ppm
from combmotif.motifs.overview import (
    cluster_motifs,
    compare_motifs,
    list_motifs,
)

FLAT = np.full((2, 4), 0.25)


def motifs(**words):
    return MotifSet(
        tuple(Motif(name, 100 * (word_ppm(w) if isinstance(w, str) else w), 100) for name, w in words.items())
    )


def test_list():
    table = list_motifs(motifs(pum="UGUANAUA", flat=FLAT), {"pum": "PUM1"})
    assert list(table) == MOTIF_LIST.names
    assert table[["motif", "name", "length", "sites", "consensus"]].to_numpy().tolist() == [
        ["pum", "PUM1", 8, 100, "UGUANAUA"], ["flat", "flat", 2, 100, "NN"],
    ]  # fmt: skip
    sharp = np.array([97.25, 1.25, 1.25, 1.25]) / 101  # 97 of 100 counts, and a quarter more of each letter
    assert table["information"].tolist() == pytest.approx([7 * (2 + (sharp * np.log2(sharp)).sum()), 0])


def test_compare_gives_the_column_on_which_the_other_begins():
    padded = np.concatenate([FLAT, word_ppm("UGUAAAUA"), FLAT])
    first = motifs(whole="UGUAAAUA", padded=padded, part="GUAAAU", flat=FLAT)
    second = motifs(other="GCGGCCGC", pum="UGUAAAUA", far=np.concatenate([FLAT, FLAT, word_ppm("CCAACC")]))
    table = compare_motifs(first, second, {"whole": "mine"}, {"pum": "PUM1"})
    assert list(table) == MOTIF_COMPARISON.names
    found = table.set_index("motif")
    assert found["best"].to_dict() == {"whole": "pum", "padded": "pum", "part": "pum", "flat": "other"}
    assert found["offset"].iloc[:3].to_dict() == {"whole": 0, "padded": 2, "part": -1}
    assert found["similarity"].iloc[:3].tolist() == pytest.approx([1, 1, np.sqrt(6 / 8)], abs=0.01)
    assert found.loc["flat", "similarity"] == 0
    assert found.loc["flat", "p_value"] == pytest.approx(1)
    assert (found["p_value"].iloc[:2] < 0.01).all()
    assert found.loc["whole", ["name", "best_name", "consensus", "best_consensus"]].tolist() == [
        "mine", "PUM1", "UGUAAAUA", "UGUAAAUA",
    ]  # fmt: skip
    behind = compare_motifs(motifs(far="CCAACC"), second, {}, {})
    assert behind[["best", "offset"]].to_numpy().tolist() == [["far", -4]]


def test_clusters_are_numbered_from_the_largest_and_named_by_their_genes():
    found = motifs(a="GCGGCCGC", b="UGCAUG", c="UGCAUGN", d="NUGCAUG", e="UGUAAAUA")
    table = cluster_motifs(found, {"b": "RBFOX1", "c": "RBFOX2", "d": "RBFOX1", "e": "PUM2"})
    assert list(table) == MOTIF_CLUSTERS.names
    assert table["motif"].tolist() == ["b", "c", "d", "a", "e"]
    assert table["cluster"].tolist() == [1, 1, 1, 2, 3]
    assert table["cluster_name"].tolist() == ["RBFOX1/2"] * 3 + ["a", "PUM2"]
    assert table["size"].tolist() == [3, 3, 3, 1, 1]
    assert table.groupby("cluster")["representative"].sum().tolist() == [1, 1, 1]
    apart = cluster_motifs(motifs(b="UGCAUG", c="UGCAUU"), {}, threshold=0.95)
    assert apart["cluster"].tolist() == [1, 2]
    assert cluster_motifs(motifs(b="UGCAUG", c="UGCAUU"), {}, threshold=0.6)["cluster"].tolist() == [1, 1]


def test_one_id_in_two_files_has_the_name_of_each() -> None:
    table = compare_motifs(motifs(M1="UGUAAAUA"), motifs(M1="UGUAAAUA"), {"M1": "mine"}, {"M1": "PUM2"})
    assert (table["name"][0], table["best_name"][0]) == ("mine", "PUM2")
