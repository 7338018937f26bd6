"""Windows per second of HAL's donor score: looked up, in a plain loop, as a torch module, as a convolution.

    OMP_NUM_THREADS=1 python scripts/benchmarks/hal.py [--table HAL_mer_scores.npz]

Without a table the effects are random numbers, which takes the same time. All ways run in this process, one thread, and
must agree; each is timed several times and the median counts. Seconds are CPU seconds of the process, so that other
programs on the machine disturb little; the wall clock is shown beside them.
"""

import argparse
import time

import numpy as np
import torch

from combmotif.models.architectures import hal
from combmotif.sequence import one_hot


def timed(function, repeats):
    """Median CPU and wall seconds of a call, after one to warm up."""
    function()
    cpu, wall = [], []
    for _ in range(repeats):
        begun_cpu, begun = time.process_time(), time.perf_counter()
        function()
        cpu.append(time.process_time() - begun_cpu)
        wall.append(time.perf_counter() - begun)
    return float(np.median(cpu)), float(np.median(wall))


def loop(codes, table):
    """Score one window after the other, one hexamer after the other."""
    effects = {hal.hexamer_word(number): row for number, row in enumerate(table.weights.tolist())}
    scores = []
    for row in codes:
        text = "".join("ACGT"[code] for code in row)
        total = 0.0
        for column, (start, stop) in enumerate(hal.SPANS):
            for place in range(start, stop):
                total += effects[text[place : place + 6]][column]
        scores.append(total)
    return np.array(scores)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", help="HAL_mer_scores.npz; default random effects")
    parser.add_argument("--windows", type=int, default=20_000, help="windows for the fast way; default 20000")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    table = hal.load_table(arguments.table) if arguments.table else hal.HexamerTable(random.normal(size=(4096, 8)))
    codes = random.integers(0, 4, (arguments.windows, hal.WINDOW)).astype(np.uint8)
    expected = hal.donor_score(codes, table)
    fast, full = hal.build_net(table), hal.build_net(table, form="convolution")

    def module(net, count, chunk):
        with torch.inference_mode():
            parts = [net(one_hot(codes[i : i + chunk])) for i in range(0, count, chunk)]
        return torch.cat(parts)[:, 0].numpy()

    def gradients(count, chunk):
        parts = []
        for start in range(0, count, chunk):
            x = one_hot(codes[start : start + chunk]).requires_grad_()
            value = fast(x)
            torch.autograd.grad(value.sum(), x)
            parts.append(value.detach())
        return torch.cat(parts)[:, 0].numpy()

    ways = [
        ("donor_score", len(codes), 15, lambda: hal.donor_score(codes, table)),
        ("mean_effect", 2000, 5, lambda: hal.mean_effect(codes[:2000], table)),
        ("plain loop over hexamers (Python)", 500, 3, lambda: loop(codes[:500], table)),
        ("torch module, one-hot and look-up", 2000, 5, lambda: module(fast, 2000, 500)),
        ("torch module, with the effects of all 480 substitutions", 200, 3, lambda: gradients(200, 50)),
        ("torch module, 4,096-channel convolution", 40, 3, lambda: module(full, 40, 10)),
    ]
    print(f"torch {torch.__version__}, numpy {np.__version__}, 1 thread")
    print(f"{'way':58s} {'windows':>8s} {'per CPU second':>15s} {'per second':>12s}")
    for name, count, repeats, function in ways:
        values = function()
        if name != "mean_effect":
            np.testing.assert_allclose(values, expected[:count], rtol=1e-4, atol=1e-4)
        cpu, wall = timed(function, repeats)
        print(f"{name:58s} {count:8,d} {count / cpu:15,.0f} {count / wall:12,.0f}")


if __name__ == "__main__":
    main()
