import numpy as np
import pytest

from combmotif.discovery import DemixOptions, demix_neuron
from combmotif.sampling import Samples


def test_a_motif_shifted_by_a_pool_is_one_motif_with_two_offsets(planted, enumerated):
    probe = planted(["TGTACG"], [{0: 1.0}])
    samples = enumerated(probe)
    (motif,) = demix_neuron(probe, samples).motifs
    assert motif.id == "conv2:0.m1"
    assert motif.consensus("rna").strip("N") == "UGUACG"
    assert motif.consensus("dna").strip("N") == "TGTACG"
    assert len(motif.offsets) == 2
    assert np.ptp(motif.offsets) == 1
    assert motif.sites == len(samples)
    assert motif.share == pytest.approx(1)
    assert motif.max_activation == pytest.approx(1.5)
    assert motif.purity == pytest.approx(1)
    assert motif.start in (0, 1)
    assert (motif.layer, motif.neuron, motif.method) == ("conv2", 0, "neuronmotif")


def test_two_motifs_of_one_neuron(planted, enumerated):
    probe = planted(["TGTACG", "CCAGAT"], [{0: 1.0}, {0: 1.2}], pool=1)
    motifs = demix_neuron(probe, enumerated(probe), options=DemixOptions(min_sites=1)).motifs
    assert [motif.consensus("dna") for motif in motifs] == ["CCAGAT", "TGTACG"]  # the stronger first
    assert [motif.id for motif in motifs] == ["conv2:0.m1", "conv2:0.m2"]
    assert motifs[0].max_activation == pytest.approx(3 * 1.2 - 1.5)


def test_the_start_is_where_the_motif_stands(planted, enumerated):
    probe = planted(["NNTGTACG"], [{0: 1.0}], pool=1)
    (motif,) = demix_neuron(probe, enumerated(probe), options=DemixOptions(min_sites=1)).motifs
    informative = np.flatnonzero(motif.information > 0.5)
    assert motif.start + informative[0] == 2
    assert motif.start + informative[-1] == 7


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (0.5, ["TGTANNNNCCAG"]),  # 1.5 together, nothing alone
        (0.8, ["CCAG", "TGTA"]),  # 3.3 together, 0.9 alone
    ],
)
def test_words_are_one_motif_where_they_act_together_alone(planted, drawn, weight, expected):
    probe = planted(["TGTA", "CCAG"], [{0: weight}, {8: weight}], pool=1, width=9)

    def write(codes, random):
        for text, start in (("TGTA", 0), ("CCAG", 8)):
            codes[start : start + 4] = ["ACGT".index(letter) for letter in text]

    motifs = demix_neuron(probe, drawn(probe, 500, write)).motifs
    assert sorted(motif.consensus("dna") for motif in motifs) == expected
    assert sum(motif.share for motif in motifs) == pytest.approx(1, abs=0.05)


def test_windows_without_a_preference_give_no_motif(planted):
    probe = planted(["TGTACG"], [{0: 1.0}])
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (2000, 7)).astype(np.uint8)
    values = np.sort(random.random(2000).astype(np.float32) + 0.1)[::-1].copy()
    samples = Samples("conv2", 0, codes, values, "evolve")
    assert demix_neuron(probe, samples, method="layers", options=DemixOptions(purity=0, gain=float("inf"))).motifs == ()


def test_no_windows_no_motifs(planted):
    probe = planted(["TGTACG"], [{0: 1.0}])
    assert (
        demix_neuron(probe, Samples("conv2", 0, np.zeros((0, 7), np.uint8), np.zeros(0, np.float32), "x")).motifs == ()
    )
