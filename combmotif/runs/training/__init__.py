"""What `combmotif train` does: data in, weights, card and scores out."""
