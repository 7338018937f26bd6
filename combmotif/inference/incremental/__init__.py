"""Predict edited sequences by working out again only what an edit changes."""
