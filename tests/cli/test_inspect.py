def test_layers_of_a_net(cli, own_net):
    result = cli("inspect", own_net, "--length", 30)
    assert result.exit_code == 0, result.output
    assert "net:build" in result.stdout
    assert "parameters: 163" in result.stdout  # 6*4*4+6 + 3*6*3+3 + 3+1
    rows = [line.replace("│", " ").split() for line in result.stdout.splitlines() if line.startswith("│")]
    assert rows == [["0", "6", "4", "1", "0", "102", "27", "0"], ["3", "3", "9", "2", "0", "57", "11", "0"]]


def test_a_card_shows_its_metrics(cli, own_net, tmp_path):
    (tmp_path / "model.yaml").write_text(
        "kind: python\nfactory: net.py:build\ndescription: A small net.\n"
        "metrics: [{name: squared correlation, value: 0.5, data: nothing much}]\n"
    )
    result = cli("inspect", tmp_path, "--trust")
    assert "A small net." in result.stdout
    assert "squared correlation: 0.5 on nothing much" in result.stdout


def test_unknown_target(refused):
    assert "there is no model card 'nope'" in refused("inspect", "nope")
