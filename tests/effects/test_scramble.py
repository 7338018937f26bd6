"""Scrambles keep what they must and destroy what they must."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.effects.frame import codon_phase, translate
from combmotif.effects.pattern import as_pattern
from combmotif.effects.scramble import MODES, draw_replacements
from combmotif.sequence.alphabet import decode, encode


def scramble(word: str, a: str, b: str, start_a: int, start_b: int, *, mode="shuffle", avoid=(), draws=64, copies=1):
    return draw_replacements(
        [encode(word)] * copies,
        [(np.full(copies, start_a), as_pattern(a)), (np.full(copies, start_b), as_pattern(b))],
        draws=draws,
        mode=mode,
        frequencies=np.array([0.4, 0.1, 0.1, 0.4]),
        generators=[np.random.default_rng(i) for i in range(copies)],
        avoid=[as_pattern(w) for w in avoid],
    )


def versions(word: str, drawn, start_a: int, start_b: int):
    """Yield the single and double edits of every draw as strings."""
    for a, b in zip(drawn.edits[0][0], drawn.edits[1][0], strict=True):
        for edits in (((start_a, a),), ((start_b, b),), ((start_a, a), (start_b, b))):
            codes = encode(word)
            for start, edit in edits:
                codes[start : start + len(edit)] = edit
            yield edits, decode(codes)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "synonymous"])
@pytest.mark.parametrize("gap", [0, 1, 9])
def test_no_version_holds_either_motif_at_an_edited_segment_or_a_new_motif_to_avoid(mode, gap):
    word = "CCAUACC" + "GGAC" + "CAUACCAGC"[:gap] + "UGUA" + "UGCCAUAAUC"
    start_a, start_b = 7, 11 + gap
    drawn = scramble(word, "GGAC", "UGUA", start_a, start_b, mode=mode, avoid=("AUG", "CCC"))
    assert not drawn.failed.any()
    for edits, edited in versions(word, drawn, start_a, start_b):
        touched = [(start, start + len(edit)) for start, edit in edits]
        for motif in ("GGAC", "UGUA", "AUG", "CCC"):
            for at in range(len(edited) - len(motif) + 1):
                overlaps = any(at < end and at + len(motif) > start for start, end in touched)
                old = word[at : at + len(motif)] == motif and motif in ("AUG", "CCC")
                assert not (overlaps and not old and edited[at : at + len(motif)] == motif), (edited, motif)


def test_shuffles_keep_the_letters_and_are_uniform_over_what_is_allowed():
    drawn = scramble("CCCCCCAAGGCCCCCCUUCCCC", "AAGG", "UU", 6, 16, mode="shuffle", draws=5000)
    words, counts = np.unique([decode(d) for d in drawn.edits[0][0]], return_counts=True)
    assert set(words) == {"AGAG", "AGGA", "GAAG", "GAGA", "GGAA"}
    assert np.ptp(counts) < 0.2 * counts.mean()


def test_a_homopolymer_falls_back_to_the_background_and_says_so():
    drawn = scramble("ACGUUUUUUACGACGGACAC", "UUUUUU", "GGAC", 3, 14)
    assert drawn.fallback.tolist() == [[True, False]]
    assert not drawn.failed.any()
    assert (drawn.edits[0][0] == 0).mean() > 0.2
    assert sorted(decode(drawn.edits[1][0, 0])) == sorted("GGAC")
    assert 0 < drawn.rejected < 1


def test_background_frequencies_are_used():
    word = "AGAGCCCCAGAGAGAGAGAGCCCCAGAG"
    drawn = scramble(word, "CCCC", "CCCC", 4, 20, mode="background", draws=5000)
    assert np.bincount(drawn.edits[0].ravel(), minlength=4) / drawn.edits[0].size == pytest.approx(
        [0.4, 0.1, 0.1, 0.4], abs=0.015
    )
    even = scramble(word, "CCCC", "CCCC", 4, 20, mode="uniform", draws=5000)
    assert np.bincount(even.edits[0].ravel(), minlength=4) / even.edits[0].size == pytest.approx(
        np.full(4, 0.25), abs=0.015
    )


def test_dinucleotide_mode_keeps_the_pairs_of_the_whole_sequence():
    word, start = "ACACUGAGUCGUCUGACAGUCAGG" + "A" * 10 + "CCCCC", 4
    a = word[start : start + 12]
    drawn = scramble(word, a, "CCCCC", start, len(word) - 5, mode="dinucleotide")

    def count(text):
        return sorted(text[i : i + 2] for i in range(len(text) - 1))

    assert drawn.fallback.tolist() == [[False, True]]
    for row in drawn.edits[0][0]:
        edited = word[:start] + decode(row) + word[start + 12 :]
        assert count(edited) == count(word)
        assert edited != word


def test_a_motif_that_matches_everything_cannot_be_scrambled():
    drawn = scramble("ACGUACGUACGUACGUACGU", "NNNN", "ACGU", 0, 12, draws=4)
    assert drawn.failed.all()


def test_draws_belong_to_the_placement_not_to_its_company():
    word = "CCAUACCGGACCAUACCUGUAUGCC"
    alone = scramble(word, "GGAC", "UGUA", 7, 17)
    company = scramble(word, "GGAC", "UGUA", 7, 17, copies=3)
    assert (alone.edits[0][0] == company.edits[0][0]).all()
    assert (company.edits[0][0] != company.edits[0][1]).any()


def test_an_unknown_mode_is_named():
    with pytest.raises(
        ValueError, match="mode: expected one of shuffle, dinucleotide, background, uniform, synonymous, found 'x'"
    ):
        scramble("ACGU", "A", "C", 0, 1, mode="x")


def coding(word: str, start: int, a: str, at_a: int, b: str, at_b: int, **options):
    """Scramble synonymously in a coding region from `start` to the end; returns the phases as well."""
    track = np.zeros(len(word))
    track[start::3] = 1
    phase = codon_phase(track)
    options = {"draws": 64, "mode": "synonymous", "frequencies": np.full(4, 0.25)} | options
    drawn = draw_replacements(
        [encode(word)], [(np.array([at_a]), as_pattern(a)), (np.array([at_b]), as_pattern(b))],
        generators=[np.random.default_rng(0)], phases=[phase], **options,
    )  # fmt: skip
    return drawn, phase


def protein(word: str, phase: np.ndarray) -> list[int]:
    first = np.flatnonzero(phase == 0)
    return translate(encode(word)[first[:, None] + np.arange(3)]).tolist()


def test_synonymous_draws_keep_the_protein_and_destroy_the_motifs():
    word = "CC" + "CUUAGACGUUCUCUAGGAGCACGUUUACUC"  # codons from 2 on
    drawn, phase = coding(word, 2, "UUAGAC", 3, "CUAGGAG", 14)
    assert not drawn.failed.any()
    assert not drawn.fallback.any()
    seen = set()
    for _, edited in versions(word, drawn, 3, 14):
        assert protein(edited, phase) == protein(word, phase)
        seen.add(edited)
    assert len(seen) > 10


def test_synonymous_edits_that_share_a_codon_keep_the_protein_together():
    # Each of C -> A at the first and A -> C at the third base of CGA (Arg) is silent; both make AGC (Ser).
    word = "GCC" * 3 + "GCCCGAGCC" + "GCC" * 3
    drawn, phase = coding(word, 0, "CCC", 10, "AGCC", 14, draws=32)
    assert not drawn.failed.any()
    changed = [edited for _, edited in versions(word, drawn, 10, 14)]
    assert all(protein(edited, phase) == protein(word, phase) for edited in changed)
    assert any(edited[12:15] == "AGA" for edited in changed)


def test_a_coding_site_without_a_synonym_fails_and_does_not_fall_back():
    drawn, _ = coding("GCCAUGUGGGCCGCCCUAGCC", 0, "AUGUGG", 3, "CUA", 15)
    assert drawn.failed.all()
    assert not drawn.fallback.any()


def test_bases_outside_the_coding_region_are_permuted():
    word = "ACGUUACCAUGG" + "GCCCUAGCC"
    drawn, phase = coding(word, 12, "GUUACC", 2, "CUA", 15)
    assert not drawn.failed.any()
    for a in drawn.edits[0][0]:
        assert sorted(decode(a)) == sorted("GUUACC")
    assert {decode(b) for b in drawn.edits[1][0]} <= {"CUC", "CUG", "CUU", "UUA", "UUG"}
    assert (phase[:12] == -1).all()


def test_no_stop_codon_is_made_in_frame():
    word, track = "GCC" * 4 + "GAAUGCAUC" + "GCC" * 4, np.zeros(33)
    track[::3] = 1

    def stops(**options):
        placed = [(np.array([12]), as_pattern("GAAUGC")), (np.array([18]), as_pattern("AUC"))]
        drawn = draw_replacements(
            [encode(word)], placed, draws=500,
            mode="uniform", frequencies=np.full(4, 0.25), generators=[np.random.default_rng(0)],
            **options,
        )  # fmt: skip
        found = [protein(edited, codon_phase(track)) for _, edited in versions(word, drawn, 12, 18)]
        return sum(0 in sequence for sequence in found)  # "*" sorts first

    assert stops() > 0
    assert stops(phases=[codon_phase(track)]) == 0


def test_three_sites_are_clean_in_every_combination():
    word = "CCAUACC" + "GGAC" + "C" + "UGUA" + "GGCCA" + "CUUC" + "AUAAUC"
    starts = [7, 12, 21]
    placed = [
        (np.array([start]), as_pattern(site)) for start, site in zip(starts, ("GGAC", "UGUA", "CUUC"), strict=True)
    ]
    drawn = draw_replacements(
        [encode(word)], placed, draws=50, mode="uniform", frequencies=np.full(4, 0.25),
        generators=[np.random.default_rng(0)],
    )  # fmt: skip
    for edits in zip(*(edit[0] for edit in drawn.edits), strict=True):
        for chosen in range(1, 8):
            codes = encode(word)
            for site in range(3):
                if chosen >> site & 1:
                    codes[starts[site] : starts[site] + 4] = edits[site]
            edited = decode(codes)
            assert [motif in edited for motif in ("GGAC", "UGUA", "CUUC")] == [not chosen >> s & 1 for s in range(3)]


def test_one_site_alone_and_one_draw_of_it_are_enough():
    """Most permutations of AUGA hold AUG or make UGA or AGA; with one draw wanted it is still a permutation."""
    codes = [encode("CCCCCAUGACCCCC")] * 20
    patterns = [as_pattern(word) for word in ("UGA", "GAU", "AAU")]
    found = draw_replacements(
        codes,
        [(np.full(20, 5), as_pattern("AUGA"))],
        draws=1,
        mode="shuffle",
        frequencies=np.full(4, 0.25),
        generators=[np.random.default_rng(i) for i in range(20)],
        avoid=patterns,
    )
    (edits,) = found.edits
    assert edits.shape == (20, 1, 4)
    assert not found.fallback.any()
    assert not found.failed.any()
    assert (np.sort(edits[:, 0]) == np.sort(encode("AUGA"))).all()
    assert not any(pattern.matches(edits[:, 0]).any() for pattern in patterns)
