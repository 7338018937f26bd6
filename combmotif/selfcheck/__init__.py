"""Neurons whose motifs are known, and how well methods find them."""
