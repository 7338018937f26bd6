"""Models of all kinds, asked alike: what they are capable of, and a self-test."""
