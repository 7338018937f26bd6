"""Real sequences against their dinucleotide shuffles: does a model prefer what evolution has kept? No labels needed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from combmotif.config.evaluation import ShufflesSection
from combmotif.core.seeding import named_generator
from combmotif.evaluation.adapters.base import Adapter
from combmotif.evaluation.tasks.base import ScoreColumn, Task, Truth
from combmotif.sequence.shuffle import dinucleotide_shuffle
from combmotif.sequence.tables import read_fasta
from combmotif.training.overlap import overlap_groups


class ShufflesTask(Task):
    """Compare the likelihood of every sequence with that of shuffles that keep its dinucleotides."""

    def __init__(self, section: ShufflesSection, *, seed: int = 0) -> None:
        super().__init__(kind="shuffles")
        self.take_places(section.places)
        sequences = read_fasta(section.fasta)
        if section.limit is not None:
            sequences = sequences.subset(range(min(section.limit, len(sequences))))
        self.draws = section.draws
        self.names, self.codes = [], []
        for name, code in zip(sequences.names, sequences.codes, strict=True):
            if (np.asarray(code) < 4).sum() < 10:
                self.skipped.append((name, "fewer than 10 known bases"))
                continue
            self.names.append(name)
            self.codes.append(code)
        if not self.codes:
            raise ValueError(f"{section.fasta}: expected sequences of at least 10 known bases, found none")
        self.shuffled = [
            row
            for name, code in zip(self.names, self.codes, strict=True)
            for row in dinucleotide_shuffle(code, self.draws, named_generator(seed, "shuffles", name))
        ]
        groups = overlap_groups(self.codes, k=section.overlap)
        self.items = pd.DataFrame({"item": self.names, "group": groups, "length": [len(c) for c in self.codes]})
        self.truths = [Truth("real above shuffled", np.ones(len(self.codes)), groups, "paired")]

    def score(self, adapter: Adapter) -> list[ScoreColumn]:
        """Score by the difference in log likelihood per base; of predictors by that of each output."""
        if adapter.by_name:
            adapter.require("causal")  # a file has no results for shuffles
        truth = self.truths[0].name
        again = [name for name in self.names for _ in range(self.draws)]
        if "likelihood" in adapter.capabilities:
            real = adapter.log_likelihood(self.codes, names=self.names)
            other = adapter.log_likelihood(self.shuffled, names=again).reshape(len(real), self.draws).mean(1)
            return [ScoreColumn("likelihood", truth, real - other)]
        adapter.require("predict")
        predicted = adapter.predict(self.codes, names=self.names)
        shuffled = adapter.predict(self.shuffled, names=again)
        apart = predicted - shuffled.reshape(len(predicted), self.draws, -1).mean(1)
        return [ScoreColumn(name, truth, apart[:, i]) for i, name in enumerate(adapter.outputs)]
