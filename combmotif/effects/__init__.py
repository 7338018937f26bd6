"""Effects of neurons and motifs on the prediction, and how they are tested."""
