"""Sites of motifs on sequences."""
