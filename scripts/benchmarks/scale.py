"""Scan many transcripts with many neurons in bounded memory: planned and measured CPU time and memory.

    python scripts/benchmarks/scale.py --workers 2

Makes a net of random weights (the blocks of Saluki on bases alone: seven convolutions of 64 neurons) and random
transcripts, asks `combmotif plan` what a scan of all neurons would take, does it by `combmotif run` in processes of
their own, and sets both side by side: seconds of CPU time of each stage, which do not depend on what else the machine
is at, beside those of the clock; the peak memory of the parent and of the largest worker, sites found and kept, size of
the folder. Sampling is left out: motifs are asked of one transcript (TF-MoDISco), so that what is measured is the scan
and what the parent makes of it. Exit code 1 where the parent takes more than --limit.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

NET = """
import torch
from combmotif.models.architectures.cnn_gru import CnnGru


def build():
    torch.manual_seed(0)
    return CnnGru(channels=4, blocks=6, width={width}, padding=0).eval()
"""
CONFIG = """
model: {{kind: python, factory: net.py:build, alphabet: rna}}
sequences: {{kind: random, count: {transcripts}, length: {length}}}
neurons: {{layer: all, select: all}}
attribution: {{method: gradient_input, limit: 1}}
discover: {{method: modisco}}
device: cpu
"""


def folder_mb(folder: Path) -> float:
    """Size of all files of a folder, in MiB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


@click.command()
@click.option("--neurons", default=448, show_default=True, help="Of all seven layers.")
@click.option("--transcripts", default=2000, show_default=True)
@click.option("--length", default=3000, show_default=True, help="Of a transcript, in nt.")
@click.option("--workers", default=2, show_default=True)
@click.option("--limit", default=3.0, show_default=True, help="GiB that the parent may take.")
def main(neurons: int, transcripts: int, length: int, workers: int, limit: float) -> None:
    """Print planned and measured figures as a table."""
    from combmotif.config import load_config
    from combmotif.runs.plan import plan

    with TemporaryDirectory(prefix="combmotif-scale-") as temporary:
        folder = Path(temporary)
        (folder / "net.py").write_text(NET.format(width=neurons // 7))
        (folder / "run.yaml").write_text(CONFIG.format(transcripts=transcripts, length=length))
        planned = plan(load_config(folder / "run.yaml"), folder / "out", workers=1)  # on one core: CPU time
        command = [sys.executable, "-m", "combmotif", "run", folder / "run.yaml", "--out", folder / "out", "--quiet"]
        begun = time.monotonic()
        done = subprocess.run([*command, "--workers", str(workers)], check=False)
        seconds = time.monotonic() - begun
        record = json.loads((folder / "out" / "run.json").read_text())
        memory = record["memory_mb"]
        click.echo(
            f"{planned.neurons} neurons, {planned.sequences:,} transcripts of {length:,} nt, {workers} workers\n"
        )
        click.echo("| | planned | measured | by the clock |\n|---|---:|---:|---:|")
        for stage in planned.stages:
            took = record["stages"][stage.stage]
            click.echo(
                f"| {stage.stage}, CPU s | {stage.seconds or 0:,.0f} | {took['cpu_seconds']:,.0f} "
                f"| {took['seconds']:,.0f} |"
            )
        used = sum(took.get("cpu_seconds", 0) for took in record["stages"].values())
        click.echo(f"| all, CPU s | {planned.seconds or 0:,.0f} | {used:,.0f} | {seconds:,.0f} |")
        click.echo(f"| parent, GiB | {(planned.parent_mb or 0) / 1024:.2f} | {memory['parent'] / 1024:.2f} | |")
        click.echo(f"| worker, GiB | {(planned.worker_mb or 0) / 1024:.2f} | {memory['worker'] / 1024:.2f} | |")
        click.echo(f"| folder, MiB | {planned.disk_mb or 0:,.0f} | {folder_mb(folder / 'out'):,.0f} | |\n")
        for said in [*record["stages"]["activations"].get("notes", []), *record["warnings"]]:
            click.echo(f"- {said}")
        if done.returncode or memory["parent"] > 1024 * limit:
            sys.exit(1)


if __name__ == "__main__":
    main()
