"""The ways to motifs of the motifs stage: each a generator of batches that returns what it discovered."""
