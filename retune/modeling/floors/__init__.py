"""One file per floor: the simple thing that a tuned model must beat on the same test rows."""
