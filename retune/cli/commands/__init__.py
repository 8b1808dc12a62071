"""One file per command of `retune`: its function `main` is the command, its name is the file's."""
