"""How two or three motifs act together."""
