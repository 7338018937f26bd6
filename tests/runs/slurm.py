"""A SLURM of this machine alone, for tests and scripts/benchmarks/kills.py: daemons on loopback, ended afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("sbatch", "scancel", "squeue", "slurmctld", "slurmd", "munged")
CONF = """
ClusterName=combmotif
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=2
MinJobAge=30
SchedulerParameters=sched_interval=1,bf_interval=1
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/ctld.pid
SlurmdPidFile={folder}/d.pid
SlurmctldLogFile={folder}/ctld.log
SlurmdLogFile={folder}/d.log
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=60 State=UP OverSubscribe=NO
"""


def reason_not_to() -> str:
    """Why SLURM cannot be started here, or nothing."""
    if os.name != "posix" or os.geteuid() != 0:
        return "needs root to start SLURM's daemons"
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"SLURM is not installed ({', '.join(missing)} missing): apt-get install slurm-wlm munge" if missing else ""


@contextlib.contextmanager
def running_slurm(folder: Path, *, cpus: int = 8) -> Iterator[dict[str, str]]:
    """Start munged, slurmctld and slurmd; give the environment that finds them; end them, and what runs in jobs."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    folder.chmod(0o755)
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in (one, other)]
    conf = folder / "slurm.conf"
    conf.write_text(CONF.format(host=socket.gethostname().partition(".")[0], ports=ports, folder=folder, cpus=cpus))
    environment = {**os.environ, "SLURM_CONF": str(conf)}
    munge = ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket"]
    munge += [f"--pid-file={folder}/munge.pid", f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed"]
    commands = (munge, ["slurmctld", "-D", "-f", str(conf)], ["slurmd", "-D", "-f", str(conf)])
    daemons = []
    log = (folder / "daemons.log").open("wb")
    try:
        for command in commands:
            daemons.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True))
            time.sleep(0.5)
        _await_idle(environment, folder)
        yield environment
    finally:
        subprocess.run(["scancel", "--signal=KILL", "--full", "-u", "root"], env=environment, timeout=120, check=False)
        subprocess.run(["scancel", "-u", "root"], env=environment, timeout=120, check=False)
        _await_empty(environment)
        for daemon in reversed(daemons):
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(60)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        log.close()


def _await_idle(environment: dict[str, str], folder: Path) -> None:
    for _ in range(240):
        found = subprocess.run(
            ["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        if found.stdout.strip() == "idle":
            return
        time.sleep(0.5)
    raise RuntimeError(f"SLURM did not come up: {(folder / 'ctld.log').read_text()[-2000:]}")


def jobs(environment: dict[str, str]) -> list[str]:
    """Numbers of the jobs that run."""
    command = ["squeue", "-h", "-t", "RUNNING", "-o", "%A"]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return found.stdout.split()


def _await_empty(environment: dict[str, str]) -> None:
    for _ in range(240):
        found = subprocess.run(["squeue", "-h"], env=environment, capture_output=True, timeout=120, check=False)
        if not found.stdout.strip():
            return
        time.sleep(0.5)
