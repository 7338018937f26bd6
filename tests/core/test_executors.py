import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest
import torch

from combmotif.core.executors import (
    InProcess,
    Limits,
    Processes,
    TasksLost,
    available_cores,
    make_executor,
    usual_workers,
)
from combmotif.core.executors.base import share_gpus


def scaled(state, payload):
    """Multiply a number by the state, slower the smaller it is, in one thread."""
    assert torch.get_num_threads() == 1
    torch.randn(200 // (payload + 1), 300) @ torch.randn(300, 300)
    torch.set_num_threads(2)  # as numba does when it starts its own
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


def die_at_one(_state, payload):
    """Kill the worker every time."""
    if payload[1] == 1:
        with (Path(payload[0]) / "tries").open("a") as file:
            file.write("x")
        os.kill(os.getpid(), signal.SIGKILL)


def hang_at_one(_state, payload):
    folder, number = payload
    if number == 1:
        time.sleep(600)
    (Path(folder) / f"done{number}").touch()


def end():
    os._exit(3)


class Odd(Exception):
    """Cannot be unpickled: it wants two arguments."""

    def __init__(self, first, second):
        super().__init__(f"{first} {second}")


def raise_odd(_state, _payload):
    raise Odd("two", "words")


def refuse_odd(_state, payload):
    if payload % 2:
        raise ValueError(f"{payload} is odd")
    return payload


@pytest.fixture(scope="module")
def two():
    with Processes(2) as executor:
        yield executor


@pytest.mark.parametrize("kind", [InProcess, pytest.param(Processes, marks=pytest.mark.slow)])
def test_results_stand_in_the_order_of_the_payloads_whoever_does_them(kind):
    threads = torch.get_num_threads()
    heard = []
    with kind(2, state=10, setup=ten) as executor:
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


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_first_failure_is_raised(workers):
    with make_executor(workers) as executor, pytest.raises(ValueError, match="1 is odd"):
        executor.run(refuse_odd, [0, 1, 2])


@pytest.mark.slow
def test_what_a_worker_cannot_set_up_is_told_in_its_words(tmp_path):
    with Processes(2, setup=partial(unable, str(tmp_path))) as executor, pytest.raises(ValueError, match="is gone"):
        executor.run(refuse_odd, [0, 2])
    assert str(os.getpid()) not in {path.name for path in tmp_path.iterdir()}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:a worker process was killed")
def test_tasks_of_a_worker_that_was_killed_are_begun_again(two, tmp_path):
    heard = []
    payloads = [(str(tmp_path), number) for number in range(4)]
    two.run(die_once, payloads, on_done=lambda payload, done: heard.append((payload, done)))
    places = [worker.place for worker in two._staff]  # one that takes the place of another has its number
    assert set(places) <= {0, 1}
    assert len(set(places)) == len(places)
    assert sorted(path.name for path in tmp_path.glob("done*")) == [f"done{number}" for number in range(4)]
    assert sorted(payload for payload, _ in heard) == payloads
    assert [done for _, done in heard] == [1, 2, 3, 4]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:a worker process was killed")
def test_a_task_that_kills_its_workers_is_lost_and_the_others_are_done(two, tmp_path):
    heard = []
    payloads = [(str(tmp_path), number) for number in range(6)]
    with pytest.raises(TasksLost, match=r"^1 of 6 tasks failed: .*, 1\); its worker died 3 times \(signal 9, as the"):
        two.run(die_at_one, payloads, on_done=lambda payload, done: heard.append(payload[1]))
    assert sorted(heard) == [0, 2, 3, 4, 5]
    assert (tmp_path / "tries").read_text() == "xxx"
    assert two.run(refuse_odd, [0, 2, 4]) == [0, 2, 4]  # and the executor goes on


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:a worker process took longer")
def test_a_task_that_hangs_is_ended(tmp_path):
    payloads = [(str(tmp_path), number) for number in range(3)]
    with Processes(2, limits=Limits(attempts=3, seconds=1)) as executor:  # the others may be slow twice
        with pytest.raises(TasksLost, match=r"1 of 3 tasks failed: .*; it took longer than 1 s 3 times"):
            executor.run(hang_at_one, payloads)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["done0", "done2"]


@pytest.mark.slow
def test_workers_that_die_before_they_begin_end_in_a_sentence():
    with (
        Processes(2, setup=end, limits=Limits(attempts=2)) as executor,
        pytest.raises(ValueError, match="died 2 times in a row before they began .* fewer --workers"),
    ):
        executor.run(refuse_odd, [0, 2])


@pytest.mark.slow
def test_what_cannot_be_sent_back_is_told_in_words(two):
    with pytest.raises(RuntimeError, match="Odd: two words"):
        two.run(raise_odd, [0, 1])


def test_workers_are_dealt_out_to_the_gpus_of_a_host(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    share_gpus(1)
    assert chosen == []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for number in range(5):
        share_gpus(number)
    assert chosen == [0, 1, 0, 1, 0]
    assert usual_workers(torch.device("cuda")) == 2
    assert usual_workers(torch.device("cpu")) == available_cores()
