"""One file per benchmark: `python -m benchmarks NAME`; peers stand side by side in one run."""
