"""Time leave-one-group-out and nested grouped ridge against plain refits and scikit-learn's RidgeCV, in one run.

    python scripts/benchmarks/regression.py [--rows 30000] [--features 1024] [--groups 6600]

Rows of a group are near-duplicates, as variants of one segment are. Everything runs in one thread; CPU seconds.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from combmotif.evaluation.ridge import PENALTIES, leave_group_out_ridge, nested_ridge
from combmotif.evaluation.solvers import deal_folds


def data(rows: int, features: int, groups: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    group = np.sort(random.integers(0, groups, rows))
    centres = random.normal(size=(groups, features)).astype(np.float32)
    x = centres[group] + 0.2 * random.normal(size=(rows, features)).astype(np.float32)
    y = x @ random.normal(size=features) / np.sqrt(features) + random.normal(size=groups)[group] * 2
    return x.astype(float), y + random.normal(size=rows), group


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--features", type=int, default=1024)
    parser.add_argument("--groups", type=int, default=6600)
    parser.add_argument("--refits", type=int, default=5, help="groups that are refitted plainly, to compare")
    given = parser.parse_args()
    x, y, group = data(given.rows, given.features, given.groups)
    count = len(np.unique(group))
    print(f"{given.rows:,} rows, {given.features:,} features, {count:,} groups, {len(PENALTIES)} penalties")
    with threadpool_limits(1):
        began = time.process_time()
        found = leave_group_out_ridge(x, y, group)
        ours = time.process_time() - began
        print(f"leave-one-group-out, block downdates: {ours:.1f} s")

        scaled = (x - x.mean(0)) / x.std(0)
        began, largest = time.process_time(), 0.0
        for one in np.unique(group)[: given.refits]:
            test = group == one
            for place in (0, len(PENALTIES) - 1):
                refit = Ridge(alpha=PENALTIES[place]).fit(scaled[~test], y[~test]).predict(scaled[test])
                largest = max(largest, float(np.abs(refit - found[place, test]).max()))
        one_fit = (time.process_time() - began) / (2 * given.refits)
        plain = one_fit * count * len(PENALTIES)
        print(f"plain refits: {one_fit:.2f} s each, {plain / 3600:.1f} h for all; largest difference {largest:.1e}")
        print(f"  {plain / ours:,.0f} times as fast")

        folds = deal_folds(group, folds=10)
        began = time.process_time()
        nested_ridge(x, y, folds)
        nested = time.process_time() - began
        print(f"nested grouped ridge, 10 x 3 folds: {nested:.1f} s")

        train = folds != 0  # one of the ten outer fits of scikit-learn, which all take alike
        scaler = StandardScaler().fit(x[train])
        splits = list(GroupKFold(3).split(x[train], y[train], group[train]))
        began = time.process_time()
        RidgeCV(alphas=PENALTIES, cv=splits).fit(scaler.transform(x[train]), y[train])
        theirs = 10 * (time.process_time() - began)
        print(f"scikit-learn's RidgeCV, grouped, the same nesting: {theirs:.0f} s (one of ten fits timed)")
        print(f"  {theirs / nested:.1f} times as fast; leave-one-group-out {theirs / ours:.0f} times")


if __name__ == "__main__":
    main()
