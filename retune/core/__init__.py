"""Values in, values out: no disk, no server, no clock."""
