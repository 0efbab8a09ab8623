"""What a compiled model takes, layer by layer: facts, what limits it, and a page to look at."""
