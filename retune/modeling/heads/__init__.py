"""One file per head: what a task type trains on top of a base, and how it answers."""
