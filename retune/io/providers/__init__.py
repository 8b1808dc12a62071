"""Services that tune models of their own on rows that are sent to them: one file each."""
