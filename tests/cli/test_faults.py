"""Accidents and attackers at the command line: nothing lost, no code run, one sentence."""

import json
import os
import shutil
import subprocess
import sys
import warnings

import pytest

from combmotif.config import load_config
from combmotif.runs import run

CARD = "kind: python\nfactory: {factory}\narguments: {arguments}\n"


def everything(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def project(tmp_path):
    """A folder of the user's, with files that have the names of ours."""
    names = [
        "samples/patient1/reads.fastq", "tasks/todo.txt", "attributions/mine.npz", "data/thesis.tmp", "matches.tsv",
        "motifs/modisco.meme", "report.html", "compare.html", "training.json", "model/model.yaml", "hexamers.tsv",
        "output-0.npz", "logos-conv1.svg", "calibration.tsv", "summary.tsv", "metrics.json",
    ]  # fmt: skip
    for name in names:
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    return tmp_path / "project"


@pytest.fixture(scope="module")
def finished(write_own_net, tmp_path_factory):
    home = tmp_path_factory.mktemp("finished")
    quick = ("sample.generations=3", "sample.population=16", "discover.min_sites=5", "seed=1")
    return run(load_config(write_own_net(home), overrides=quick), home / "run", workers=1).folder


@pytest.fixture
def run_folder(finished, tmp_path):
    """A finished run of the user's own net."""
    return shutil.copytree(finished, tmp_path / "run")


@pytest.mark.slow
def test_no_command_touches_a_folder_of_the_user(refused, cli, own_net, run_folder, project, tmp_path):
    before = everything(project)
    (tmp_path / "a.fa").write_text(">a\n" + "ACGU" * 12 + "AC\n")
    (tmp_path / "train.yaml").write_text(
        "kind: hexamers\nsequences: {kind: planted, count: 50}\n"
        "outcomes: [{name: a, regions: {r: [0, 5]}}, {name: b}]\n"
    )
    for out in ("project", project):
        for command in (
            ("run", own_net),
            ("run", own_net, "--replace"),
            ("compare", run_folder, f"b={run_folder}", "--draws", 0),
            ("attribute", "--model", "mrl", "--fasta", "a.fa"),
            ("train", "train.yaml"),
            ("calibrate", "--quick"),
            ("figures", run_folder),
        ):
            assert "expected a new or empty folder" in refused(*command, "--out", out), command
    assert everything(project) == before


def test_files_beside_the_output_are_not_inputs(refused, tmp_path):
    for name, command in (
        ("a.left_out.tsv", "predict --model mrl --table {} --out a.tsv"),
        ("a.fa.tsv", "dataset utrs --annotation {} --fasta g.fa --out a.fa"),
        ("a.tsv.skipped.tsv", "dataset variants --vcf {} --fasta g.fa --out a.tsv"),
    ):
        (tmp_path / name).write_text("mine")
        said = refused(*command.format(name).split())
        assert f"with {name} beside it: expected another file than the input" in said
        assert (tmp_path / name).read_text() == "mine"


def test_vectors_and_scores_keep_names_and_endings(cli, refused, tmp_path):
    names = ("..", ".", "a/../b", "a//b", "=x", "a/b")
    (tmp_path / "a.fa").write_text("".join(f">{name}\n{'ACGUA' * 10}\n" for name in names))
    embed = ("embed", "--model", "kmer:2", "--fasta", "a.fa")
    assert "--out: expected a name that ends in .h5" in refused(*embed, "--out", "o.txt")
    assert "pool: expected mean, max, first, cls or center:W" in refused(*embed, "--out", "o.h5", "--pool", "x")
    assert "--overlap is of the parts of --chunk" in cli(*embed, "--out", "o.h5", "--overlap", 5).stderr
    score = ("score", "--model", "mrl", "--fasta", "a.fa", "--mode", "ism")
    assert "--output: expected a number from 0" in cli(*score, "--out", "o.tsv", "--output", "\u00b2").stderr
    result = cli(*score, "--out", "o.tsv")
    assert result.exit_code == 0, result.output
    assert "4 sequences were skipped, first '..': a part of its name is empty, . or .." in result.stderr
    table = [line.split("\t")[0] for line in (tmp_path / "o.tsv").read_text().splitlines()[1:]]
    assert table == ["'=x"] * 50 + ["a/b"] * 50  # a spreadsheet would run =x


def test_runs_to_compare_have_names(refused, run_folder):
    for given in (f"={run_folder}", "b="):
        said = refused("compare", run_folder, given, "--out", "o", "--draws", 0)
        assert f"runs: expected NAME=FOLDER, or a folder, found '{given}'" in said


@pytest.mark.parametrize("command", ["run own.yaml", "train own.yaml", "compare a b", "figures run", "fetch hal"])
def test_an_empty_name_is_no_folder(cli, own_net, command):
    option = "--to" if command.startswith("fetch") else "--out"
    result = cli(*command.split(), option, "")
    assert result.exit_code == 2
    assert "expected a path, found nothing" in result.stderr


def test_a_published_file_does_not_replace_another(cli, tmp_path):
    from combmotif.models.published import PUBLISHED_WEIGHTS

    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / PUBLISHED_WEIGHTS["hal"].file
    path.write_text("mine")
    result = cli("fetch", "hal", "--to", "mine")
    assert result.exit_code == 2
    assert "is there already and is not the published file" in result.stderr
    assert path.read_text() == "mine"


def test_an_input_is_not_written_over(refused, tmp_path):
    (tmp_path / "a.fa").write_text(">a\n" + "ACGU" * 12 + "AC\n")
    (tmp_path / "b.tsv").symlink_to(tmp_path / "a.fa")
    for out in ("a.fa", "b.tsv", "./a.fa"):
        assert "expected another file than the input" in refused(
            "predict", "--model", "mrl", "--fasta", "a.fa", "--out", out
        )
    assert (tmp_path / "a.fa").read_text().startswith(">a\n")


@pytest.mark.parametrize(
    ("beside", "command"),
    [
        ("u.fa.tsv", "dataset utrs --annotation g.bed --fasta g.fa --out u.fa"),
        ("u.fa.skipped.tsv", "dataset utrs --annotation g.bed --fasta g.fa --out u.fa"),
        ("v.tsv.skipped.tsv", "dataset variants --vcf v.vcf --fasta g.fa --out v.tsv"),
        ("m.left_out.tsv", "match q.meme --out m.tsv --shuffles 0"),
        ("p.left_out.tsv", "predict --model mrl --fasta a.fa --annotation t.bed --skip-invalid --out p.tsv"),
    ],
)
def test_a_table_written_beside_another_replaces_only_its_own(cli, refused, tmp_path, beside, command):
    genome = "ACGU" * 40
    (tmp_path / "g.fa").write_text(f">1\n{genome.replace('U', 'T')}\n")
    (tmp_path / "g.bed").write_text("1\t10\t60\tx\t0\t+\n1\t500\t600\ty\t0\t+\n")
    (tmp_path / "t.bed").write_text("1\t0\t50\tx\t0\t+\t0\t48\t0\t1\t50\t0\n")
    (tmp_path / "v.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n1\t1\ta\tA\tC\n1\t2\tb\tA\tC\n")
    rows = "".join(f"{row}\n" for row in ["1 0 0 0"] * 6)
    (tmp_path / "q.meme").write_text(
        f"MEME version 4\n\nALPHABET= ACGU\n\nMOTIF q\nletter-probability matrix: w= 6\n{rows}"
    )
    (tmp_path / "a.fa").write_text(f">x\n{genome[:50]}\n>y\n{genome[:50]}\n")
    (tmp_path / beside).write_text("mine\n")
    out = command.split("--out ")[1].split()[0]
    assert f"{beside}: is there already and no table of an earlier call" in refused(*command.split())
    assert (tmp_path / beside).read_text() == "mine\n"
    assert not (tmp_path / out).exists()
    (tmp_path / beside).unlink()
    for _ in range(2):  # the second time over its own
        result = cli(*command.split())
        assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_a_report_that_is_another_s_stays(refused, cli, run_folder):
    (run_folder / ".combmotif").unlink()  # as in a folder that an earlier version made
    assert cli("report", run_folder).exit_code == 0
    (run_folder / "report.html").write_text("mine")
    assert "is there already and is no report of combmotif" in refused("report", run_folder)
    assert (run_folder / "report.html").read_text() == "mine"
    assert not list(run_folder.glob("*.tmp"))


FACTORIES = [
    ("os:system", "{command: touch PWNED}"),
    ("subprocess:run", "{args: [touch, PWNED]}"),
    ("evil.py:build", "{}"),
    ("evil:build", "{}"),
    ("evil.py:system", "{command: touch PWNED}"),
]
EVIL = "import pathlib\nfrom os import system\npathlib.Path('PWNED').touch()\ndef build(): pass\n"


@pytest.mark.parametrize(("factory", "arguments"), FACTORIES)
def test_no_code_of_a_card_runs_without_leave(refused, tmp_path, factory, arguments):
    (tmp_path / "evil.py").write_text(EVIL)
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "evil.py").write_text(EVIL)
    (tmp_path / "card" / "model.yaml").write_text(CARD.format(factory=factory, arguments=arguments))
    (tmp_path / "a.fa").write_text(">a\nACGU\n")
    (tmp_path / "c.yaml").write_text(
        "model: {card: card}\nsequences: {kind: random, count: 9, length: 30}\nneurons: {layer: '0'}\n"
    )
    (tmp_path / "train.yaml").write_text("teachers: [{card: card}]\nsequences: {kind: random, count: 9}\n")
    for command in (
        "inspect card",
        "inspect card/model.yaml",
        "inspect c.yaml",
        "predict --model card --fasta a.fa --out o.tsv",
        "attribute --model card --fasta a.fa --out o",
        "evaluate-model card --table a.tsv --label x",
        "init new.yaml --model card",
        "plan c.yaml",
        "run c.yaml --out o",
    ):
        assert f"Python code that would have to run (factory: {factory})" in refused(*command.split()), command
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize(("factory", "arguments"), [FACTORIES[0], FACTORIES[1], ("antigravity:fly", "{}")])
def test_python_s_own_functions_are_no_nets_even_with_leave(refused, tmp_path, factory, arguments):
    (tmp_path / "model.yaml").write_text(CARD.format(factory=factory, arguments=arguments))
    assert "of Python's own library" in refused("inspect", tmp_path, "--trust")
    (tmp_path / "net.py").write_text("from os import system\n")
    (tmp_path / "model.yaml").write_text(CARD.format(factory="net.py:system", arguments="{command: touch PWNED}"))
    assert "found 'system' of Python's own library" in refused("inspect", tmp_path, "--trust")
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.slow
def test_leave_lets_the_code_run_and_is_not_written_down(cli, own_net, run_folder, tmp_path):
    (tmp_path / "model.yaml").write_text("kind: python\nfactory: net.py:build\n")
    assert cli("inspect", "model.yaml", "--trust").exit_code == 0
    assert cli("init", "new.yaml", "--model", "model.yaml", "--trust").exit_code == 0
    assert "trust: true" in (tmp_path / "new.yaml").read_text()
    result = cli("plan", "new.yaml", "--no-measure")  # her own config says so
    assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_comparing_a_folder_runs_nothing_of_it(cli, refused, run_folder, tmp_path):
    record = json.loads((run_folder / "run.json").read_text())
    arguments = ("compare", f"a={run_folder}", f"b={run_folder}", "--out", "cmp", "--sequences", 20, "--draws", 2)
    said = refused(*arguments)
    assert "Python code that its run.json names would have to run" in said
    assert "--draws 0" in said
    for model in (
        {"kind": "python", "factory": "os:system", "kwargs": {"command": "touch PWNED"}},
        {"kind": "python", "factory": str(tmp_path / "evil.py") + ":build"},
        {"card": str(tmp_path / "card"), "trust": True},
    ):
        (tmp_path / "evil.py").write_text(EVIL)
        (tmp_path / "card").mkdir(exist_ok=True)
        (tmp_path / "card" / "model.yaml").write_text(CARD.format(factory="../evil.py:build", arguments="{}"))
        record["config"]["model"] = model
        (run_folder / "run.json").write_text(json.dumps(record))
        assert "would have to run" in refused(*arguments)
        for command in (("status", run_folder), ("report", run_folder), (*arguments[:-1], 0)):
            assert cli(*command).exit_code == 0
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize("device", ["cpuu", "gpu", "cuda:99", ""])
def test_a_device_that_there_is_not(refused, device):
    assert "device: expected auto, cpu, cuda or mps" in refused("inspect", "mrl", "--device", device)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("sequences.count=1000000000000", "expected a number less than or equal to 1000000000"),
        ("sequences={kind: random, count: 1000000000, length: 1000}", "expected count times length of at most"),
        ("sample.population=1000000000000", "sample.population: expected"),
        ("neurons.select=!!python/object/apply:os.system [touch PWNED]", "found the tag"),
        ("neurons.select=!!timestamp x", "does not fit its value"),
        ("neurons.select=" + "[" * 1500 + "]" * 1500, "expected at most 64 lists or sections in each other"),
        ("seed=" + "9" * 5000, "not valid YAML"),
        ("contribution={margin: .nan}", "contribution.margin: expected a number greater than 0"),
        (
            "neurons.select={a: &a [x,x,x,x,x,x,x,x,x], "
            + ", ".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]" for a, b in ("ab", "bc", "cd", "de", "ef", "fg", "gh"))
            + "}",
            "its aliases (*) stand for more than",
        ),
        ("neurons.select=&a [*a]", "its aliases (*) stand for more than"),
    ],
)
def test_what_would_fill_the_memory_or_run_code(refused, own_net, tmp_path, override, said):
    assert said in refused("plan", own_net, "--no-measure", "--set", override)
    assert not (tmp_path / "PWNED").exists()


NETS = """
import torch
from torch import nn


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.lin = nn.Conv1d(4, 3, 6), nn.Linear(3, 1)

    def forward(self, x):
        return self.lin(self.conv(x).relu().amax(-1))


class Inplace(Base):
    def forward(self, x):
        x.mul_(0.5)
        return super().forward(x)


class Raises(Base):
    def forward(self, x):
        assert x.shape[0] < 3, "small batches alone"
        return super().forward(x)


class Odd(Base):
    def forward(self, x):
        if x.shape[2] % 2:
            raise KeyError("odd")
        return super().forward(x)


class Noise(Base):
    def forward(self, x):
        return super().forward(x) + torch.randn(len(x), 1)


class Batch(Base):
    def forward(self, x):
        y = super().forward(x)
        return y - y.mean(0)


class NanStart(Base):
    def forward(self, x):
        y = super().forward(x)
        return torch.where(x[:, 0, :1] > 0.5, torch.full_like(y, float("nan")), y)


class Text(Base):
    def forward(self, x):
        return "text"
"""


@pytest.fixture
def net(tmp_path):
    """Give a config of one of the nets above."""
    (tmp_path / "nets.py").write_text(NETS)

    def net(name):
        path = tmp_path / f"{name}.yaml"
        path.write_text(
            f"model: {{kind: python, factory: 'nets.py:{name}'}}\n"
            "sequences: {kind: random, count: 80, length: 31}\nneurons: {layer: conv, select: 0}\n"
            "sample: {population: 16, generations: 3}\ndiscover: {min_sites: 5}\n"
            "contribution: {}\ninteraction: {pairs: [[AU, CG]], scrambles: 4, max_sequences: 20}\n"
        )
        return path

    return net


@pytest.mark.slow
def test_a_net_that_works_in_place_is_read_as_one_that_does_not(cli, net, tmp_path):
    for name in ("Base", "Inplace"):
        assert cli("run", net(name), "--out", name, "--workers", 1).exit_code == 0
    inplace = NETS.replace("x.mul_(0.5)", "x = x * 0.5")
    (tmp_path / "nets.py").write_text(inplace)
    assert cli("run", net("Inplace"), "--out", "Copied", "--workers", 1).exit_code == 0
    for table in ("motifs/neuronmotif.tsv", "activations.tsv", "contribution.tsv", "interactions.tsv"):
        assert (tmp_path / "Inplace" / table).read_bytes() == (tmp_path / "Copied" / table).read_bytes()
        assert (tmp_path / "Inplace" / table).read_bytes() != (tmp_path / "Base" / table).read_bytes()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Raises", "AssertionError"),
        ("Odd", "cannot read a sequence of 31 nt ('odd')"),
        ("Text", "expected a tensor of predictions, found str"),
    ],
)
def test_a_net_that_raises_is_told_in_a_sentence(refused, net, name, said):
    assert said in refused("run", net(name), "--out", "o", "--workers", 1, "--quiet")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"), [("Noise", "otherwise each time"), ("Batch", "otherwise beside other sequences")]
)
def test_a_net_that_does_not_repeat_is_told(cli, net, tmp_path, name, said):
    words = ("AACCGU", "GGGUCA", "UUAGAC", "CACACA", "GUUUGG", "AGAGAU")
    (tmp_path / "a.fa").write_text("".join(f">s{i}\n{word * 5}\n" for i, word in enumerate(words)))
    for command in (("predict", "--fasta", "a.fa", "--out", "p.tsv", "--model"), ("inspect",)):
        with pytest.warns(UserWarning, match=said):
            assert cli(*command, net(name)).exit_code == 0
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert cli(*command, net("Base")).exit_code == 0
    with pytest.warns(UserWarning, match=said):
        cli("run", net(name), "--out", "o", "--workers", 1)
    assert said in " ".join(json.loads((tmp_path / "o" / "run.json").read_text())["warnings"])


@pytest.mark.slow
def test_predictions_that_are_no_numbers_are_counted_and_named(cli, net, tmp_path):
    (tmp_path / "a.fa").write_text("".join(f">s{i}\n{'ACGU'[i % 4]}{'ACGU' * 8}\n" for i in range(10)))
    with pytest.warns(UserWarning, match=r"no finite prediction for 3 of 10 sequences \('s0', 's4', 's8'\)"):
        cli("predict", "--model", net("NanStart"), "--fasta", "a.fa", "--out", "p.tsv")
    result = cli("run", net("NanStart"), "--out", "o", "--workers", 1)
    assert result.exit_code == 0, result.output
    said = " ".join(json.loads((tmp_path / "o" / "run.json").read_text())["warnings"])
    assert "gave no finite prediction for" in said
    assert "placements of AU x CG have no finite prediction" in said
    rows = [line.split("\t") for line in (tmp_path / "o" / "interactions.tsv").read_text().splitlines()]
    pair = dict(zip(*rows, strict=True))
    assert float(pair["p_value"]) >= 0
    assert int(pair["sequences"]) >= 6
    assert pair["joint"] != ""


def test_a_terminal_that_cannot_show_a_sign(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-m", "combmotif", "status", "café−"]
    result = subprocess.run(command, env=environment, capture_output=True, check=False, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr == b"Error: caf\xe9?: expected a run folder (with a run.json), as 'combmotif run' makes it\n"


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")  # noqa: PTH110
def test_a_full_standard_output(tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        command = [sys.executable, "-m", "combmotif", "models"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, cwd=tmp_path)
    assert result.returncode == 2
    assert b"Traceback" not in result.stderr
    assert b"no space left on the disk" in result.stderr
