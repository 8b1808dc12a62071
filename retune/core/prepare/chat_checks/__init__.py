"""The checks of a conversation, one file each: `LEVEL`, `MEANING`, and `faults`, which counts them in one row."""
