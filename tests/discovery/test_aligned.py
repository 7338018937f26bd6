"""The default demixing on a neuron that either of two words excites."""

from combmotif.discovery import demix_neuron


def test_alternatives_come_apart_and_the_one_with_the_larger_share_comes_first(planted, enumerated):
    probe = planted(["TGTACG", "CCAGAT"], [{0: 1.0, 1: 1.0}, {0: 1.0}], width=2)
    motifs = demix_neuron(probe, enumerated(probe)).motifs
    words = [motif.consensus("rna") for motif in motifs]
    assert any("UGUACG" in word for word in words), words
    assert any("CCAGAU" in word for word in words), words
    ranks = [(-motif.max_activation, -motif.share) for motif in motifs]
    assert ranks == sorted(ranks)
    assert [motif.id.rpartition(".m")[2] for motif in motifs] == [str(i + 1) for i in range(len(motifs))]
