"""The published prototype's statistics (CombMotif, Bioinformatics 2024), to compare with its tables."""
