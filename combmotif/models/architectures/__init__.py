"""Network architectures that cards name."""
