"""HAL's three functions against two independent implementations and the paper's own numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from combmotif.models.architectures import hal


@pytest.fixture(scope="module")
def table(data_dir):
    return hal.load_table(data_dir / "hal" / "HAL_mer_scores.npz")


@pytest.fixture(scope="module")
def exon_scores(data_dir):
    return hal.load_exon_scores(data_dir / "hal")


@pytest.fixture(scope="module")
def golden(data_dir):
    return pd.read_csv(data_dir / "hal" / "golden.csv", keep_default_na=False, dtype=str)


@pytest.fixture(scope="module")
def planted():
    random = np.random.default_rng(0)
    return hal.HexamerTable(random.normal(size=(4096, 8)))


def plain_donor_score(text, table):
    """Loop over hexamers, as the paper writes it."""
    return sum(
        table.effect(text[start : start + 6])[column]
        for column, (first, stop) in enumerate(hal.SPANS)
        for start in range(first, stop)
    )


def letters(codes):
    return "".join("ACGT"[code] for code in codes)


def test_checksums_of_the_published_table(table, exon_scores):
    assert table.weights.sum() == pytest.approx(584.3417645642339, abs=1e-9)
    columns = [-29.56318504798909, 55.129154011070916, 103.13433170025297, 106.06026770154898, 117.77215928420422]
    np.testing.assert_allclose(
        table.weights.sum(0), [*columns, 114.3351567248094, 79.06334366792305, 38.41053652241348], atol=1e-10
    )
    assert table.effect("CAGGTA")[2] == pytest.approx(4.125, abs=5e-4)
    assert table.effect("GTGAGT")[5] == pytest.approx(5.595, abs=5e-4)
    assert table.effect("GGUCGA")[6] == pytest.approx(-1.03, abs=5e-3)
    assert exon_scores.hexamers.sum() == pytest.approx(31.685935002504536, abs=1e-11)
    assert exon_scores.acceptor.sum() == pytest.approx(-3.934050425167028, abs=1e-12)
    order = table.weights.argsort(axis=0)
    donor, near = (order[:, hal.REGIONS.index(region)] for region in ("donor 0", "near exon"))
    assert [hal.hexamer_word(int(n)) for n in donor[:-3:-1]] == ["GTGAGT", "GTAAGT"]
    assert [hal.hexamer_word(int(n)) for n in near[[-1, 0]]] == ["GGGGAA", "CTGGGG"]


def test_the_mean_effect_of_every_golden_row(table, golden):
    checked = 0
    for row in golden.itertuples():
        if row.mm_error:
            with pytest.raises(ValueError, match="expected sequences of 160 nt, found (5|161) nt"):
                hal.mean_effect(row.sequence, table)
            continue
        assert abs(hal.mean_effect(row.sequence, table)[0] - float(row.mm_float64)) < 1e-12
        assert abs(hal.mean_effect(row.sequence.lower(), table)[0] - float(row.mm_float64)) < 1e-12
        checked += 1
    assert checked == 15


def test_the_donor_score_of_every_golden_row(table, golden):
    known = dict(zip(golden.name, golden.kipoi_score, strict=True))
    checked = 0
    for row in golden.itertuples():
        if row.length != "160":
            with pytest.raises(ValueError, match=f"of 160 nt, found {row.length} nt in sequence 0; cut"):
                hal.donor_score(row.sequence, table)
        elif row.name == "same_U":  # Kipoi refuses U; here it is T
            expected = float(known["consensus_donor_CAGGTAAGT"])
            assert abs(hal.donor_score(row.sequence, table)[0] - expected) < 1e-9
        elif row.kipoi_error:
            with pytest.raises(ValueError, match="expected the letters A C G T U, found N .* at position [0-9]+ of"):
                hal.donor_score(row.sequence, table)
        else:
            assert abs(hal.donor_score(row.sequence, table)[0] - float(row.kipoi_score)) < 1e-9
            assert abs(hal.donor_score(row.sequence.lower(), table)[0] - float(row.kipoi_score)) < 1e-9
            checked += 1
    assert checked == 10


def test_the_profiles_and_pairs_of_kipoi(table, data_dir):
    with np.load(data_dir / "hal" / "golden_kipoi_profiles.npz") as file:
        profiles = hal.donor_profile([str(s) for s in file["seqs"]], table)
        np.testing.assert_allclose(profiles, file["profiles"], atol=1e-12)
        np.testing.assert_allclose(profiles.sum(1), hal.donor_score([str(s) for s in file["seqs"]], table), atol=1e-12)
    with np.load(data_dir / "hal" / "golden_kipoi_pairs.npz") as file:
        pairs = [hal.donor_psi(str(a), str(b), table)[0] for a, b in file[_pair_key(file)]]
        np.testing.assert_allclose(pairs, file["psi"], atol=1e-12)


def _pair_key(file):
    return next(key for key in file if file[key].ndim == 2)


def test_the_donor_score_is_the_papers_loop(planted):
    codes = np.random.default_rng(1).integers(0, 4, (30, 160)).astype(np.uint8)
    expected = [plain_donor_score(letters(row), planted) for row in codes]
    np.testing.assert_allclose(hal.donor_score(codes, planted), expected, atol=1e-12)
    np.testing.assert_allclose(hal.donor_score(codes, planted, on_n="skip"), expected, atol=1e-12)
    assert hal.donor_score(codes[:0], planted).shape == (0,)
    np.testing.assert_array_equal(hal.donor_score(codes[0], planted), hal.donor_score(codes[:1], planted))


def test_n_is_skipped_where_that_is_asked_for(planted):
    codes = np.random.default_rng(2).integers(0, 4, (1, 160)).astype(np.uint8)
    full = hal.donor_score(codes, planted)[0]
    codes[0, 78] = 4
    text = letters(np.where(codes[0] == 4, 0, codes[0]))
    lost = [(c, p) for c, (a, b) in enumerate(hal.SPANS) for p in range(a, b) if p <= 78 <= p + 5]
    assert lost == [(2, 77), (3, 78)]  # 73-76 score nothing
    expected = plain_donor_score(text, planted) - sum(planted.effect(text[p : p + 6])[c] for c, p in lost)
    assert hal.donor_score(codes, planted, on_n="skip")[0] == pytest.approx(expected, abs=1e-12)
    assert expected != pytest.approx(full)
    with pytest.raises(ValueError, match="at position 79 of sequence 0; write on_n='skip'"):
        hal.donor_score(codes, planted)
    with pytest.raises(ValueError, match="on_n: expected raise or skip, found 'drop'"):
        hal.donor_score(codes, planted, on_n="drop")


def test_donor_and_mean_are_different_functions(table):
    codes = np.random.default_rng(20151022).integers(0, 4, (2000, 160)).astype(np.uint8)
    scores, means = hal.donor_score(codes, table), hal.mean_effect(codes, table)
    assert np.corrcoef(scores, means)[0, 1] == pytest.approx(-0.070, abs=5e-4)


def test_a_killed_donor(table, golden):
    text = golden.set_index("name").sequence["consensus_donor_CAGGTAAGT"]
    killed = text[:80] + "AT" + text[82:]
    assert hal.donor_score([text, killed], table) == pytest.approx([16.82, 0.21], abs=5e-3)
    assert hal.mean_effect([text, killed], table) == pytest.approx([0.01999, 0.01500], abs=5e-6)


@pytest.fixture(scope="module")
def variants(data_dir, table, exon_scores):
    """Measured exon variants of three genes, in percent, and what N11 predicts (factor 2, three donor columns)."""
    rows = pd.read_csv(data_dir / "hal" / "n11_predictions_factor2.csv")
    scores = [hal.exon_skipping(rows[c].tolist(), table, exon_scores) for c in ("REF_SEQ", "ALT_SEQ")]
    rows["mine"] = hal.variant_psi(rows.REF_PSI / 100, *scores, factor=2.0)
    rows["change"] = rows.mine - rows.REF_PSI / 100
    rows["three"] = hal.variant_psi(rows.REF_PSI / 100, *scores, factor=3.0)
    return rows


def test_n11_every_prediction(variants):
    assert len(variants) == 291
    np.testing.assert_allclose(variants.mine, variants.PSI_PRED, atol=1e-13)
    np.testing.assert_allclose(variants.change, variants.DPSI_PRED, atol=1e-13)


def test_n11_direction_of_large_changes(variants):
    known = variants.dropna(subset=["ALT_PSI"])
    measured = (known.ALT_PSI - known.REF_PSI) / 100
    for gene, count, accuracy in (("SMN1/2", 98, 0.897959183673), ("CFTR", 22, 0.863636363636), ("BRCA2", 19, 1.0)):
        chosen = (known.Gene == gene) & (measured.abs() > 0.05)
        right = np.sign(measured[chosen]) == np.sign(known.change[chosen])
        assert int(chosen.sum()) == count, gene
        assert right.mean() == pytest.approx(accuracy, abs=1e-11), gene


def test_n11_the_other_counts(variants):
    lengths = variants.ALT.fillna("").str.len() - variants.REF.fillna("").str.len()
    right = np.sign(variants.DPSI) == np.sign(variants.change)
    smn2 = variants.Gene == "SMN1/2"
    moved = smn2 & (variants.DPSI.abs() > 0)
    assert (int(right[moved].sum()), int(moved.sum())) == (111, 128)
    assert int((smn2 & (lengths == 0)).sum()) == 219
    assert right[smn2 & (lengths < 0)].mean() == 1.0
    assert int(right[smn2 & (lengths > 0)].sum()) == 3
    brca2 = variants.Gene == "BRCA2"
    strong = brca2 & (variants.DPSI.abs() > 0.1)
    assert (int(right[strong].sum()), int((~right[strong]).sum())) == (15, 0)
    reported = np.where(variants.DIR_DPSI == "UP", 1, -1) == np.sign(variants.change)
    assert int(reported[brca2].sum()) == 32


def test_n11_r_squared_of_smn2(variants):
    known = variants[(variants.Gene == "SMN1/2") & variants.ALT_PSI.notna()]
    assert len(known) == 130
    r = np.corrcoef(known.change, (known.ALT_PSI - known.REF_PSI) / 100)[0, 1]
    assert r**2 == pytest.approx(0.57243885527, abs=1e-10)


def test_n11_r_squared_with_the_best_factor(variants):
    known = variants[variants.ALT_PSI.notna()]
    r = np.corrcoef(known.three - known.REF_PSI / 100, (known.ALT_PSI - known.REF_PSI) / 100)[0, 1]
    assert r**2 == pytest.approx(0.60907, abs=5e-6)


def test_enhancers_score_above_silencers(data_dir, exon_scores):
    def scores(name):
        lines = (data_dir / "hal" / "cell-2015" / name).read_text().split()
        return np.array(
            [exon_scores.hexamers[hal.word_number(w)] for w in lines if len(w) == 6 and set(w) <= set("ACGT")]
        )

    enhancers, silencers = scores("ESEs_burge_science_2002.txt"), scores("ESS_burge_2004_cell.txt")
    assert (len(enhancers), len(silencers)) == (238, 279)
    assert enhancers.mean() == pytest.approx(0.0987, abs=5e-5)
    assert silencers.mean() == pytest.approx(-0.2092, abs=5e-5)
    above = (enhancers[:, None] > silencers).mean() + (enhancers[:, None] == silencers).mean() / 2
    assert above == pytest.approx(0.7209, abs=5e-5)


def test_exon_skipping_by_hand(planted):
    random = np.random.default_rng(3)
    exon_scores = hal.ExonScores(random.normal(size=4096), random.normal(size=64))
    text = letters(random.integers(0, 4, 40))
    expected = exon_scores.acceptor[hal.word_number(text[:3])]
    expected += sum(exon_scores.hexamers[hal.word_number(text[b : b + 6])] for b in range(40 - 14))
    parts = [planted.effect(text[31 + b : 37 + b])[2 + b] for b in range(4)]
    assert hal.exon_skipping(text, planted, exon_scores)[0] == pytest.approx(expected + sum(parts[:3]))
    assert hal.exon_skipping([text.lower()], planted, exon_scores, donor_columns=4)[0] == pytest.approx(
        expected + sum(parts)
    )
    assert np.isnan(hal.exon_skipping(text[:20] + "N" + text[21:], planted, exon_scores)[0])
    with pytest.raises(ValueError, match="at least 15 nt, found 14 nt in exon 0"):
        hal.exon_skipping("A" * 14, planted, exon_scores)
    with pytest.raises(ValueError, match="donor_columns: expected 3 or 4, found 5"):
        hal.exon_skipping(text, planted, exon_scores, donor_columns=5)


def test_variants():
    assert hal.apply_variant("ACGTACGT", 3, "GT", "A") == "ACAACGT"
    assert hal.apply_variant("ACGT", 2, "C", "") == "AGT"
    assert hal.variant_psi(0.5, np.array([0.0]), np.array([1.0]), factor=3.0)[0] == pytest.approx(expit(3.0))
    with pytest.raises(ValueError, match="psi: expected fractions"):
        hal.variant_psi(50.0, np.zeros(1), np.zeros(1))


def test_hexamer_numbers():
    codes = np.array([[0, 0, 0, 0, 0, 1, 3], [4, 0, 0, 0, 0, 0, 2], [3, 3, 3, 3, 3, 3, 4]], dtype=np.uint8)
    assert hal.hexamer_numbers(codes).tolist() == [[1, 7], [4096, 2], [4095, 4096]]
    assert hal.hexamer_numbers(codes[:, :5]).shape == (3, 0)
    assert hal.hexamer_word(7, alphabet="rna") == "AAAACU"
    assert hal.word_number("aaaacu") == 7
    with pytest.raises(ValueError, match="expected the letters A C G T U, found 'ANA'"):
        hal.word_number("ANA")
