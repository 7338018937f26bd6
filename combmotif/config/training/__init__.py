"""The typed sections of what `combmotif train` reads."""
