"""The tasks of a run on other processes and hosts."""
