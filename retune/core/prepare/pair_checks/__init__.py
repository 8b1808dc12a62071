"""The checks of prompt and completion, one file each: `ORDER` says when, `look` returns findings with repairs."""
