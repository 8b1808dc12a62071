"""One file per document format; `retune.core.ingest_formats.Format` says what each has."""
