"""One watched aspect per file."""
