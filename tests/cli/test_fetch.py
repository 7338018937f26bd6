from dataclasses import replace

from combmotif.models import fetch


def test_licence_and_place_are_shown(cli, tmp_path, monkeypatch):
    (tmp_path / "source").write_bytes(b"abc")
    monkeypatch.setitem(
        fetch.PUBLISHED, "hal", replace(fetch.PUBLISHED["hal"], md5=fetch.md5_of(tmp_path / "source"), size=3)
    )
    arguments = ("fetch", "hal", "--to", tmp_path / "to", "--url", (tmp_path / "source").as_uri())
    result = cli(*arguments)
    assert result.exit_code == 0, result.output
    assert "Licence: MIT (kipoi/models). Cite: Rosenberg et al., Cell 2015" in result.stdout
    assert result.stdout.endswith(f"HAL_mer_scores.npz: {tmp_path / 'to' / 'HAL_mer_scores.npz'}\n")


def test_refusals(refused, tmp_path):
    assert refused("fetch", "hall") == "name: nothing is published as 'hall'; did you mean 'hal'?"
