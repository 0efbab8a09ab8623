"""What sinks have in common: which records they want, what waits on the disk, when to try again."""
