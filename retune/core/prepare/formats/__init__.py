"""The formats that are read, one file each: `read` makes rows of bytes, its name is the file's extension."""
