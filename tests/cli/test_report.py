def test_a_folder_that_is_no_run(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty" in refused("report", "empty")
    assert "nowhere" in refused("report", "nowhere")
