"""Prepare data for a benchmark: untranslated regions, alignments, variants."""
