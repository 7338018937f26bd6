"""Try what accidents do: damaged inputs, processes killed in the middle, full disks, altered run folders.

    python scripts/benchmarks/robustness.py            # 3,000 inputs, 200 kills, 100 full disks
    python scripts/benchmarks/robustness.py --quick    # a small part of each, as in CI

Every case calls the command line in this process (kills and full disks in a fork of it) and counts: *told*, ended with
a sentence; *fine*, ended well; and what must not be: *tracebacks* (or a bug told as one, exit code 70), *hangs* (over
a minute of work, or ten of waiting), *wrong tables* (an altered result of a task, a checksummed or packed file was read
as if nothing had happened), *user's files* (anything but the output was changed). Prints one row per kind of case, the
first cases that failed, and ends with exit code 1 where there are any. `kill -USR1 PID` shows the table so far.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np
import torch
from safetensors.torch import load_file

from combmotif.cli import main as main_command
from combmotif.core.resources import resource_path

LIMIT = 60
RUN = """
model: {card: card}
sequences: {kind: table, path: good.tsv, name: name, label: rl, cluster: gene}
neurons: {layer: conv1, select: 0}
sample: {population: 16, generations: 4, keep: 100}
discover: {windows: 60, min_sites: 5}
match: {databases: [builtin], shuffles: 0, q: 0.9}
contribution: {outcome: both}
interaction: {pairs: [[AUG, UAA]], scrambles: 3, max_sequences: 20}
seed: 7
"""
TEXTS = {
    "a.meme": "MEME version 4\n\nALPHABET= ACGU\n\nMOTIF m1 first\nletter-probability matrix: alength= 4 w= 3\n"
    "1 0 0 0\n0 0.5 0.5 0\n0.1 0.2 0.3 0.4\n",
    "a.jaspar": ">MA1 one\nA [ 1 2 3 ]\nC [ 4 5 6 ]\nG [ 7 8 9 ]\nT [ 1 1 1 ]\n",
    "a.homer": ">ACG\tone\t5.0\n0.7\t0.1\t0.1\t0.1\n0.1\t0.7\t0.1\t0.1\n0.1\t0.1\t0.7\t0.1\n",
    "a.transfac": "ID one\nP0 A C G T\n01 1 2 3 4\n02 4 3 2 1\n03 9 0 0 1\nXX\n//\n",
    "words.yaml": "alphabet: rna\nentries:\n- {id: AUG, word: AUG, kind: codon}\n- {id: ARE, word: UAUUUAU}\n",
    "mirna.fa": ">hsa-let-7a-5p MIMAT0000062\nUGAGGUAGUAGGUUGUAUAGUU\n>hsa-miR-1-3p\nUGGAAUGUAAAGAAGUAUGUAU\n",
    "a.bed": "s0\t0\t50\ts0\t0\t+\t3\t33\t0\t2\t20,30,\t0,20,\n",
    "a.gtf": 's0\tx\texon\t1\t50\t.\t+\t.\tgene_id "g"; transcript_id "s0";\n'
    's0\tx\tCDS\t4\t33\t.\t+\t0\tgene_id "g"; transcript_id "s0";\n',
    "a.gff3": "s0\tx\tmRNA\t1\t50\t.\t+\t.\tID=s0\ns0\tx\tfive_prime_UTR\t1\t3\t.\t+\t.\tParent=s0\n"
    "s0\tx\tCDS\t4\t33\t.\t+\t0\tParent=s0\ns0\tx\tthree_prime_UTR\t34\t50\t.\t+\t.\tParent=s0\n##FASTA\n>x\nAC\n",
    "a.cb": ">one\n1 2 3 4\n4 3 2 1\n9 0 0 1\n",
    "pos.tsv": "Pos\tA\tC\tG\tU\n1\t1\t0\t0\t0\n2\t0\t0.5\t0.5\t0\n",
    "train.yaml": "kind: hexamers\nsequences: {kind: planted, count: 50}\n"
    "outcomes: [{name: a, regions: {r: [0, 5]}}, {name: b}]\n",
}
TOKENS = [
    b"nan", b"inf", b"-Inf", b"1e12", b"1000000000000", b"-1", b"", b"=1+1", b"\x00", b"\xff\xfe", b"\t", b"\n\n", b"'",
    b'"', b"[[[[", b"*a", b"!!python/none", b"\r", b"NA", b"../../x", b"9" * 400, "é−".encode(), b"{", b"null", b"N",
]  # fmt: skip

Mutation = Callable[[bytearray, random.Random], bytes]


def _flip(content: bytearray, rng: random.Random) -> bytes:
    for _ in range(rng.choice([1, 1, 3, 20])):
        if content:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def _cut(content: bytearray, rng: random.Random) -> bytes:
    return bytes(content[: rng.randrange(len(content) + 1)])


def _drop(content: bytearray, rng: random.Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    del content[start : start + rng.randrange(1, 1 + max(1, len(content) // 4))]
    return bytes(content)


def _again(content: bytearray, rng: random.Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    piece = content[start : start + rng.randrange(1, 200)]
    return bytes(content[:start] + piece * rng.choice([2, 50]) + content[start:])


def _token(content: bytearray, rng: random.Random) -> bytes:
    words = bytes(content).split(b" ") if b" " in content else bytes(content).split(b"\t")
    words[rng.randrange(len(words))] = rng.choice(TOKENS)
    return (b" " if b" " in content else b"\t").join(words)


def _insert(content: bytearray, rng: random.Random) -> bytes:
    place = rng.randrange(len(content) + 1)
    return bytes(content[:place]) + rng.choice(TOKENS) + bytes(content[place:])


def _lines(content: bytearray, rng: random.Random) -> bytes:
    lines = bytes(content).split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def _dress(content: bytearray, rng: random.Random) -> bytes:
    plain = bytes(content)
    return rng.choice([b"\xef\xbb\xbf" + plain, plain.replace(b"\n", b"\r\n"), gzip.compress(plain), b"", plain * 2])


MUTATIONS: list[Mutation] = [_flip, _flip, _cut, _drop, _again, _token, _insert, _lines, _dress]


class Overtime(BaseException):
    """A command took longer than it may."""


def _overtime(*_: object) -> None:
    raise Overtime


class Bench:
    """Counts of what happened, and the files it happens to."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.rng = random.Random(seed)
        self.rows: dict[str, Counter[str]] = {}
        self.failures: list[str] = []
        self.mine = folder / "mine"

    def call(self, *arguments: object) -> tuple[str, str]:
        """Run a command; return how it ended (fine, told, traceback, hang) and what it wrote to stderr."""
        out, err = io.StringIO(), io.StringIO()
        for number in (signal.SIGALRM, signal.SIGVTALRM):
            signal.signal(number, _overtime)
        signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)  # of work, whatever else the machine does
        signal.alarm(10 * LIMIT)  # and for one that waits
        code: object = 0
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                sys.argv = ["combmotif", *map(str, arguments)]
                main_command()
        except SystemExit as ended:
            code = ended.code
        except Overtime:
            return "hang", err.getvalue()
        except Exception as error:
            return "traceback", f"{type(error).__name__}: {error}"
        finally:
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        text = err.getvalue()
        if code == 70 or "Traceback (most recent" in text:
            return "traceback", text
        return ("fine" if code in (0, None) else "told"), text

    def count(self, kind: str, ended: str, said: str, case: str) -> None:
        """Add a case to its row."""
        self.rows.setdefault(kind, Counter())[ended] += 1
        if ended in ("traceback", "hang", "wrong", "touched"):
            self.failures.append(
                f"{kind}: {ended}: {case}: {said.strip().splitlines()[-1][:300] if said.strip() else ''}"
            )

    def check_mine(self, kind: str, before: str) -> None:
        """See that the files of the user are as they were."""
        if _digest(self.mine) != before:
            self.count(kind, "touched", "", "files of the user changed")


def _digest(folder: Path, *, but: tuple[str, ...] = ()) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(but or ("\0",)):
            digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def results(folder: Path, *, record: bool = True) -> str:
    """Digest of everything a run gives; run.json holds seconds and what was computed again.

    Without ``record`` the list of files in ``.combmotif`` may differ: a name that damage took out of it is not put back
    where its file is not written again.
    """
    return _digest(folder, but=("run.json", "tasks/lock", *(() if record else (".combmotif",))))


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def make_inputs(folder: Path) -> None:
    """Write a small card, sequences in every form, motif files of every format, and a finished run."""
    (folder / "mine").mkdir()
    for name in ("thesis.tmp", "samples/reads.fastq", "report.html", "tasks/todo.txt"):
        (folder / "mine" / name).parent.mkdir(exist_ok=True)
        (folder / "mine" / name).write_text("mine")
    shutil.copytree(resource_path("models", "mrl"), folder / "card")
    rng = np.random.default_rng(0)
    letters = ["".join(rng.choice(list("ACGU"), 50)) for _ in range(60)]
    rows = [f"s{i}\t{text}\t{rng.normal():.3f}\tg{i // 2}" for i, text in enumerate(letters)]
    (folder / "good.tsv").write_text("name\tsequence\trl\tgene\n" + "\n".join(rows) + "\n")
    (folder / "good.csv").write_text((folder / "good.tsv").read_text().replace("\t", ","))
    (folder / "a.fa").write_text("".join(f">s{i}\n{text}\n" for i, text in enumerate(letters[:8])))
    for name in ("a.fa", "good.tsv"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes(), mtime=0))
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    import h5py

    with h5py.File(folder / "a.h5", "w") as file:
        file["sequence"] = np.eye(4, dtype=np.int8)[rng.integers(0, 4, (20, 50))]
        file["label"] = rng.normal(size=20)
    torch.save(load_file(folder / "card" / "weights.safetensors"), folder / "w.pth")
    (folder / "run.yaml").write_text(RUN)
    (folder / "fa.yaml").write_text(RUN.replace(RUN.splitlines()[2], "sequences: {kind: fasta, path: a.fa}"))
    (folder / "h5.yaml").write_text(RUN.replace(RUN.splitlines()[2], "sequences: {kind: hdf5, path: a.h5}"))
    for name in ("fa", "h5"):
        text = (folder / f"{name}.yaml").read_text().replace("outcome: both", "outcome: prediction")
        (folder / f"{name}.yaml").write_text(text)


def _cases() -> list[tuple[str, str, str, bool]]:
    """Kind, file, command, and whether a change that is not told is a wrong table."""
    cases = [
        ("FASTA", "a.fa", "predict --model card --fasta a.fa --out o.tsv", False),
        ("FASTA", "a.fa", "scan a.fa --motifs a.meme --out o.tsv --p 0.01 --quiet", False),
        ("FASTA", "a.fa", "plan fa.yaml --no-measure", False),
        ("FASTA", "a.fa", "attribute --model card --fasta a.fa --method gradient_input --out att", False),
        ("FASTA, gzipped", "a.fa.gz", "predict --model card --fasta a.fa.gz --out o.tsv", True),
        ("tables", "good.tsv", "plan run.yaml --no-measure", False),
        ("tables", "good.csv", "predict --model card --table good.csv --name name --out o.tsv", False),
        ("tables", "good.tsv", "evaluate-model card --table good.tsv --label rl", False),
        ("tables, gzipped", "good.tsv.gz", "predict --model card --table good.tsv.gz --out o.tsv", True),
        ("HDF5 sequences", "a.h5", "plan h5.yaml --no-measure", False),
        ("HDF5 sequences", "a.h5", "evaluate-model card --table a.h5 --label label", False),
    ]
    for name in ("a.bed", "a.gtf", "a.gff3"):
        cases.append(("annotation", name, f"predict --model card --fasta a.fa --annotation {name} --out o.tsv", False))
    for name in ("a.meme", "a.jaspar", "a.cb", "a.homer", "a.transfac", "pos.tsv", "mirna.fa", "words.yaml"):
        cases.append(("motif files", name, f"motifs list {name}", False))
    own = "run/motifs/neuronmotif"
    cases += [
        ("motif files", "a.meme", "match a.meme --database a.jaspar --out o.tsv --shuffles 0 --quiet", False),
        ("motif files", "a.jaspar", "match a.meme --database a.jaspar --out o.tsv --shuffles 0 --quiet", False),
        ("motif files", "a.transfac", "motifs convert a.transfac --out o.meme", False),
        ("motif files", "a.meme", "motifs cluster a.meme", False),
        ("motif files", f"{own}.tsv", f"motifs compare a.meme {own}.tsv", False),
        ("motif files, HDF5", f"{own}.h5", f"motifs list {own}.h5", False),
        ("motif files, HDF5", f"{own}.h5", f"motifs convert {own}.h5 --out o.h5", False),
        ("configs", "run.yaml", "plan run.yaml --no-measure", False),
        ("configs", "train.yaml", "train train.yaml --out trained", False),
        ("model cards", "card/model.yaml", "predict --model card --fasta a.fa --out o.tsv", False),
        ("model cards", "card/model.yaml", "inspect card", False),
        ("model cards", "card/model.yaml", "init o.yaml --model card", False),
        ("weights", "card/weights.safetensors", "predict --model card --fasta a.fa --out o.tsv", True),
        ("weights", "w.pth", "predict --model pth --fasta a.fa --out o.tsv", False),
    ]
    read = {
        "report run": ("run.json", "motifs/neuronmotif.tsv", "motifs/neuronmotif.h5", "matches.tsv", "sites.tsv.gz",
                       "interactions.tsv", "contribution.tsv", "neurons.tsv", "interaction_instances.tsv.gz",
                       ".combmotif"),
        "status run": ("run.json", ".combmotif", "tasks/checksums"),
        "compare run b=other --out cmp --draws 0 --quiet": ("run.json", "motifs/neuronmotif.tsv",
                                                            "motifs/neuronmotif.meme", "matches.tsv"),
        "figures run --only logos": ("motifs/neuronmotif.h5",),
    }  # fmt: skip
    for command, names in read.items():
        cases += [("run folders, read", f"run/{name}", command, False) for name in names]
    return cases


CASES = _cases()


def mutate_inputs(bench: Bench, total: int) -> None:
    """Damage one file at a time, and give it to the commands that read it."""
    folder, rng = bench.folder, bench.rng
    plain = {path: path.read_bytes() for path in {folder / file for _, file, _, _ in CASES}}
    base = {}
    for _, _, command, exact in CASES:
        if exact:
            base[command] = _answer(bench, command)
    run_before = _keep(folder / "run")
    for number in range(total):
        kind, file, command, exact = CASES[number % len(CASES)]
        path = folder / file
        mutation = rng.choice(MUTATIONS)
        path.write_bytes(mutation(bytearray(plain[path]), rng))
        before = _digest(bench.mine)
        ended, said = bench.call(*command.split())
        case = f"{command} after {mutation.__name__} (case {number})"
        changed = path.read_bytes() != plain[path]
        if (
            exact
            and ended == "fine"
            and changed
            and mutation is not _dress
            and _table(folder) not in (base[command], "")
        ):
            ended = "wrong"
        bench.count(kind, ended, said, case)
        bench.check_mine(kind, before)
        path.write_bytes(plain[path])
        for output in folder.glob("o.*"):
            output.unlink()
        if file.startswith("run/"):
            _restore(folder / "run", run_before)


def _answer(bench: Bench, command: str) -> str:
    ended, said = bench.call(*command.split())
    assert ended == "fine", said
    return _table(bench.folder)


def _table(folder: Path) -> str:
    path = folder / "o.tsv"
    text = path.read_text() if path.is_file() else ""
    path.unlink(missing_ok=True)
    return text


def _keep(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _restore(folder: Path, kept: dict[Path, bytes]) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
    for path, content in kept.items():
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)


def damage_runs(bench: Bench, total: int) -> None:
    """Damage files of a finished run, then go on with it: the results must be those of an undisturbed run."""
    folder = bench.folder / "run"
    kept, expected = _keep(folder), results(folder, record=False)
    for number in range(total):
        for path in bench.rng.sample(sorted(kept), bench.rng.choice([1, 1, 4])):
            if path.name != "lock":
                path.write_bytes(bench.rng.choice(MUTATIONS)(bytearray(kept[path]), bench.rng))
        before = _digest(bench.mine)
        ended, said = bench.call("run", "run.yaml", "--out", "run", "--workers", 1, "--quiet", "--replace")
        if ended == "fine" and results(folder, record=False) != expected:
            ended = "wrong"
        bench.count("run folders, gone on with", ended, said, f"case {number}")
        bench.check_mine("run folders, gone on with", before)
        _restore(folder, kept)


def _fork(action: Callable[[], None]) -> tuple[int, str]:
    """Do something in a copy of this process; its wait status and what it wrote."""
    sys.stdout.flush()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(write, 1)
        os.dup2(write, 2)
        try:
            action()
            os._exit(0)
        except BaseException as error:
            os.write(2, f"Traceback (most recent call last): {error!r}".encode())
            os._exit(1)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        said = stream.read().decode(errors="replace")
    return os.waitpid(child, 0)[1], said


def kill(bench: Bench, total: int) -> None:
    """Kill a run at a random renaming of a file, again and again in one folder; the end must be that of no kill."""
    expected = results(bench.folder / "run")
    moments = 0
    rename = Path.replace

    def dying(moment: int) -> None:
        done = [0]

        def replace(self: Path, target: Path) -> Path:
            done[0] += 1
            if done[0] == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return rename(self, target)

        Path.replace = replace  # type: ignore[method-assign]
        bench.call("run", "run.yaml", "--out", "killed", "--workers", 1, "--quiet")

    while moments < total:
        shutil.rmtree(bench.folder / "killed", ignore_errors=True)
        for _ in range(5):
            moment = bench.rng.randrange(1, 40)
            status, said = _fork(lambda moment=moment: dying(moment))  # type: ignore[misc]
            moments += 1
            ended = "traceback" if "Traceback" in said else "fine"
            bench.count("kills", ended, said, f"kill at {moment}, status {status}")
        ended, said = bench.call("run", "run.yaml", "--out", "killed", "--workers", 1, "--quiet")
        if ended != "fine" or results(bench.folder / "killed") != expected:
            bench.count("kills", "wrong" if ended == "fine" else ended, said, "the run that went on")


FILLED = (  # what fills the disk: a run, or attributions, whose HDF5 file is the largest there is
    "run run.yaml --out full --workers 1 --quiet",
    "attribute --model card --table good.tsv --method gradient_input --out full",
)


def fill_disk(bench: Bench, total: int) -> None:
    """Let no file grow beyond a random size, as on a full disk; then go on with room."""
    full = bench.folder / "full"
    expected = {}
    for command in FILLED:
        shutil.rmtree(full, ignore_errors=True)
        bench.call(*command.split())
        expected[command] = results(full)

    def limited(command: str, size: int) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        ended, said = bench.call(*command.split())
        os.write(2, f"{ended} {said}".encode())

    for number in range(total):
        shutil.rmtree(full, ignore_errors=True)
        command = FILLED[number % 2]
        size = int(10 ** bench.rng.uniform(1, 5.6))
        status, said = _fork(lambda command=command, size=size: limited(command, size))  # type: ignore[misc]
        ended = "traceback" if said.startswith("traceback") or "Traceback" in said else said.partition(" ")[0]
        ended = ended if status == 0 and ended in ("fine", "told", "hang") else "traceback"
        bench.count("full disks", ended, said, f"{command}, {size} bytes (case {number}, status {status})")
        ended, said = bench.call(*command.split())
        if ended != "fine" or results(full) != expected[command]:
            bench.count("full disks", "wrong" if ended == "fine" else ended, said, f"{command}, with room again")


def table(bench: Bench) -> str:
    """Write the counts as a table in Markdown."""
    columns = ("fine", "told", "traceback", "hang", "wrong", "touched")
    heads = ("cases", "fine", "told in a sentence", "tracebacks", "hangs", "wrong tables", "user's files touched")
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    total: Counter[str] = Counter()
    for kind, row in bench.rows.items():
        total += row
        lines.append(f"| {kind} | {row.total():,} | {' | '.join(f'{row[name]:,}' for name in columns)} |")
    lines.append(f"| all | {total.total():,} | {' | '.join(f'{total[name]:,}' for name in columns)} |")
    return "\n".join(lines)


@click.command()
@click.option("--quick", is_flag=True, help="120 inputs, 5 kills, 4 full disks, 4 damaged runs.")
@click.option("--inputs", type=int, default=3000, show_default=True)
@click.option("--kills", type=int, default=200, show_default=True)
@click.option("--disks", type=int, default=100, show_default=True)
@click.option("--runs", type=int, default=200, show_default=True, help="Damaged run folders that are gone on with.")
@click.option("--seed", type=int, default=0, show_default=True)
def main(quick: bool, inputs: int, kills: int, disks: int, runs: int, seed: int) -> None:  # noqa: FBT001
    """Try damaged inputs, kills, full disks and damaged run folders."""
    if quick:
        inputs, kills, disks, runs = 120, 5, 4, 4
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="combmotif-robustness-") as temporary, _inside(Path(temporary)):
        folder = Path(temporary)
        make_inputs(folder)
        bench = Bench(folder, seed)
        signal.signal(signal.SIGUSR1, lambda *_: os.write(2, f"so far:\n{table(bench)}\n".encode()))
        for out in ("run", "other"):
            ended, said = bench.call("run", "run.yaml", "--out", out, "--workers", 1, "--quiet")
            assert ended == "fine", said
        (folder / "pth").mkdir()
        card = (folder / "card" / "model.yaml").read_text().replace("weights.safetensors", "../w.pth")
        kept = [line for line in card.splitlines(keepends=True) if not line.startswith("sha256")]
        (folder / "pth" / "model.yaml").write_text("".join(kept))
        mutate_inputs(bench, inputs)
        damage_runs(bench, runs)
        kill(bench, kills)
        fill_disk(bench, disks)
    click.echo(table(bench))
    for failure in bench.failures[:40]:
        click.echo(failure, err=True)
    if bench.failures:
        click.echo(json.dumps({"failures": len(bench.failures)}), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
