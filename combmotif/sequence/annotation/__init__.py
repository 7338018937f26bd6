"""Transcripts and their tracks, from BED12, GTF and GFF3."""
