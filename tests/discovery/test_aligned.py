"""The default demixing on a neuron that either of two words excites."""

import numpy as np

from combmotif.discovery import demix_neuron
from combmotif.discovery.aligned import needed
from combmotif.discovery.drafts import Choice, Draft, Found


def test_alternatives_come_apart_and_the_one_with_the_larger_share_comes_first(planted, enumerated):
    probe = planted(["TGTACG", "CCAGAT"], [{0: 1.0, 1: 1.0}, {0: 1.0}], width=2)
    motifs = demix_neuron(probe, enumerated(probe)).motifs
    words = [motif.consensus("rna") for motif in motifs]
    assert any("UGUACG" in word for word in words), words
    assert any("CCAGAU" in word for word in words), words
    ranks = [(-motif.max_activation, -motif.share) for motif in motifs]
    assert ranks == sorted(ranks)
    assert [motif.id.rpartition(".m")[2] for motif in motifs] == [str(i + 1) for i in range(len(motifs))]


def test_a_weak_motif_that_never_comes_alone_is_left_out():
    draft, found = Draft((np.ones((4, 4)),), {0: 1.0}), Found(np.zeros(4), np.zeros((4, 1), int))
    often, within = (
        Choice(draft, found, np.array(carried)) for carried in ([True] * 3 + [False], [True] + [False] * 3)
    )
    alone = Choice(draft, found, np.array([False, False, False, True]))
    weights = np.array([1.0, 1.0, 1.0, 0.5])
    assert needed([often, within, alone], [False] * 3, weights) == [often, alone]
    assert needed([often, within, alone], [True] * 3, weights) == [often, within, alone]
