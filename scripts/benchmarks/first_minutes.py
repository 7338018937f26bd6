"""How long the first minutes take: from git clone to a report, and until the package and its commands answer.

python scripts/benchmarks/first_minutes.py             a clone into a temporary folder, its own .venv: minutes, 6 GB
python scripts/benchmarks/first_minutes.py --installed  only what starts at once, in the environment this runs in

Seconds of a core are what counts where other work goes on beside; the limits are of those.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 5  # of what takes a fraction of a second; the least counts, since other work can only add
RECORD = '{"stages": {"samples": {"status": "done", "tasks": 2}}, "planned": ["samples"], "config": {"model": {}}}'


def measure(command: list[str], folder: Path, *, repeats: int = 1) -> tuple[float, float]:
    """Run a command; least seconds of a core, and least seconds on the clock."""
    best = (float("inf"), float("inf"))
    for _ in range(repeats):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
        after, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = (min(best[0], cpu), min(best[1], clock))
    return best


def show(name: str, seconds: tuple[float, float], limit: float | None = None) -> bool:
    cpu, clock = seconds
    held = limit is None or cpu < limit
    told = "" if limit is None else f"< {limit:g}{'' if held else ' MISSED'}"
    print(f"| {name} | {cpu:.2f} | {clock:.2f} | {told} |", flush=True)
    return held


def starts(python: str, folder: Path) -> bool:
    """Measure what must answer at once."""
    run = folder / "run"
    run.mkdir(exist_ok=True)
    (run / "run.json").write_text(RECORD)
    commands = {
        "`import combmotif`": (["-c", "import combmotif"], 0.3),
        "`combmotif --help`": (["-m", "combmotif", "--help"], 0.3),
        "`combmotif status RUN`": (["-m", "combmotif", "status", str(run)], 0.5),
        "`combmotif.sample` found": (["-c", "import combmotif; combmotif.sample"], None),
    }
    held = [
        show(name, measure([python, *command], run, repeats=REPEATS), limit)  # beside no folder named as the package
        for name, (command, limit) in commands.items()
    ]
    return all(held)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--installed", action="store_true", help="leave out the clone and the quickstart")
    given = parser.parse_args()
    print("| | s of a core | s on the clock | limit |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.installed:
            os.environ["PYTHONPATH"] = str(ROOT)
            sys.exit(0 if starts(sys.executable, folder) else 1)
        clone = folder / "combmotif"
        show("`git clone`", measure(["git", "clone", "--quiet", str(ROOT), str(clone)], folder))
        show("`scripts/quickstart.sh`: install, interpret, report", measure(["bash", "scripts/quickstart.sh"], clone))
        assert (clone / "runs" / "mrl" / "report.html").is_file()
        show("the same again: nothing is done twice", measure(["bash", "scripts/quickstart.sh"], clone))
        sys.exit(0 if starts(str(clone / ".venv" / "bin" / "python"), folder) else 1)


if __name__ == "__main__":
    main()
