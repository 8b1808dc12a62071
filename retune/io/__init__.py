"""Files, locks, clients and workers."""
