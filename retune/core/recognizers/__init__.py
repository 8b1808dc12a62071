"""One file per kind of personal data or secret."""
