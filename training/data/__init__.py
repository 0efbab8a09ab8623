"""Data sets: one reader, one file; all of them give `Clip`s."""
