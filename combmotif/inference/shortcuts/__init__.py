"""Windows evaluated with less work: first convolutions looked up, the rest replayed."""
