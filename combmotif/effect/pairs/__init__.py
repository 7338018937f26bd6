"""How two motifs act together."""
