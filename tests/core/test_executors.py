import os
import signal
from functools import partial
from pathlib import Path

import pytest
import torch

from combmotif.core.executors import EXECUTORS, RETRIES, Executor, InProcess, Processes, make_executor


def scaled(state, payload):
    """Multiply a number by the state, slower the smaller it is, in one thread."""
    assert torch.get_num_threads() == 1
    torch.randn(200 // (payload + 1), 300) @ torch.randn(300, 300)
    return state * payload


def ten():
    return 10


def unable(folder):
    (Path(folder) / f"{os.getpid()}").touch()
    raise RuntimeError("the file is gone")


def die_once(_state, payload):
    """Write a file, unless this is the first time: then the worker is killed, as the system does."""
    folder, number = payload
    mark = Path(folder) / f"tried{number}"
    if number == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    (Path(folder) / f"done{number}").touch()


def die(_state, payload):
    """Kill the worker every time."""
    with (Path(payload[0]) / "tries").open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


def refuse_odd(_state, payload):
    if payload % 2:
        raise ValueError(f"{payload} is odd")
    return payload


@pytest.fixture
def two():
    with Processes(2) as executor:
        yield executor


@pytest.mark.parametrize("name", list(EXECUTORS))
def test_results_stand_in_the_order_of_the_payloads_whoever_does_them(name):
    threads = torch.get_num_threads()
    heard = []
    with EXECUTORS[name](2, state=10, setup=ten) as executor:
        found = executor.run(scaled, range(6), on_done=lambda payload, done: heard.append((payload, done)))
        assert executor.run(scaled, []) == []
        assert executor.run(scaled, [3]) == [30]
    assert found == [0, 10, 20, 30, 40, 50]
    assert sorted(payload for payload, _ in heard) == [*range(6)]
    assert [done for _, done in heard] == [1, 2, 3, 4, 5, 6]
    assert torch.get_num_threads() == threads


def test_the_number_of_workers_chooses_the_executor():
    assert type(make_executor(1)) is InProcess
    assert type(make_executor(3)) is Processes
    assert make_executor(3).workers == 3


def test_another_engine_is_one_entry(monkeypatch):
    class Backwards(Executor):
        def run(self, task, payloads, *, on_done=None):
            return [task(self.state, payload) for payload in reversed(payloads)][::-1]

    monkeypatch.setitem(EXECUTORS, "processes", Backwards)
    assert make_executor(2, state=2).run(lambda state, payload: state * payload, [1, 2]) == [2, 4]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_failure_is_raised(workers):
    with make_executor(workers) as executor, pytest.raises(ValueError, match="1 is odd"):
        executor.run(refuse_odd, [0, 1, 2])


def test_what_a_worker_cannot_set_up_is_told_in_its_words(tmp_path):
    with Processes(2, setup=partial(unable, str(tmp_path))) as executor, pytest.raises(ValueError, match="is gone"):
        executor.run(refuse_odd, [0, 2])
    assert str(os.getpid()) not in {path.name for path in tmp_path.iterdir()}


@pytest.mark.filterwarnings("ignore:a worker process was killed")
def test_tasks_of_a_worker_that_was_killed_are_begun_again(two, tmp_path):
    heard = []
    payloads = [(str(tmp_path), number) for number in range(4)]
    two.run(die_once, payloads, on_done=lambda payload, done: heard.append((payload, done)))
    assert sorted(path.name for path in tmp_path.glob("done*")) == [f"done{number}" for number in range(4)]
    assert sorted(payload for payload, _ in heard) == payloads
    assert [done for _, done in heard] == [1, 2, 3, 4]


@pytest.mark.filterwarnings("ignore:a worker process was killed")
def test_workers_that_are_killed_again_and_again_end_in_a_sentence(two, tmp_path):
    with pytest.raises(ValueError, match=f"worker processes were killed {RETRIES} times in a row.*fewer --workers"):
        two.run(die, [(str(tmp_path), number) for number in range(3)])
