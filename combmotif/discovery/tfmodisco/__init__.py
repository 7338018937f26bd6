"""TF-MoDISco: motifs from attributions."""
