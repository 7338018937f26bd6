"""Known elements, and which of them a motif resembles."""
