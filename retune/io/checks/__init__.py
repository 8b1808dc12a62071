"""What a run needs, one file per check: `QUICK` says whether every run asks it first, `examine` returns findings."""
