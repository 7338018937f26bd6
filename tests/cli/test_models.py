def test_shipped_models_are_listed_with_what_is_missing(cli, monkeypatch):
    monkeypatch.delenv("COMBMOTIF_DATA", raising=False)
    result = cli("models")
    assert result.exit_code == 0
    assert "framepool: Mean ribosome load" in result.stdout
    assert "outputs: mrl_hek293t, mrl_t_cell, mrl_hepg2" in result.stdout
    command = "combmotif evaluate-model framepool --table $COMBMOTIF_DATA/mrl/egfp_unmod_random_test_10k.tsv.gz"
    assert result.stdout.count(command) == 1  # under the three numbers it gives
    assert "its weights 'utr_model_50.h5' are not there; they are published at" in result.stdout
