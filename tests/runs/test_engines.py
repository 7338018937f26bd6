import os
import signal
from pathlib import Path

import pytest

from combmotif.runs.context import load_context
from combmotif.runs.engines import RETRIES, Engine


def die_once(_context, payload):
    """Write a file, unless this is the first time: then the worker is killed, as the system does."""
    folder, number = payload
    mark = Path(folder) / f"tried{number}"
    if number == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    (Path(folder) / f"done{number}").touch()


def die(_context, payload):
    """Kill the worker every time."""
    with (Path(payload[0]) / "tries").open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def engine(config):
    engine = Engine(load_context(config()), 2)
    yield engine
    engine.close()


@pytest.mark.filterwarnings("ignore:a worker process was killed")
def test_tasks_of_a_worker_that_was_killed_are_begun_again(engine, tmp_path):
    heard = []
    payloads = [(str(tmp_path), number) for number in range(4)]
    engine.run(die_once, payloads, on_done=lambda payload, done: heard.append((payload, done)))
    assert sorted(path.name for path in tmp_path.glob("done*")) == [f"done{number}" for number in range(4)]
    assert sorted(payload for payload, _ in heard) == payloads
    assert [done for _, done in heard] == [1, 2, 3, 4]


@pytest.mark.filterwarnings("ignore:a worker process was killed")
def test_workers_that_are_killed_again_and_again_end_in_a_sentence(engine, tmp_path):
    with pytest.raises(ValueError, match=f"worker processes were killed {RETRIES} times in a row.*fewer --workers"):
        engine.run(die, [(str(tmp_path), number) for number in range(3)], on_done=lambda *_: None)
