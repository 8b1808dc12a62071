"""One file per kind of target: how what is to be learnt stands in a row, and which gates on labels apply to it."""
