"""Fit predictors: one loop, and what regression, several tasks, long transcripts and hexamers add to it."""
