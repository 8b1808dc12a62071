"""One file per way to build training examples from documents."""
