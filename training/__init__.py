"""PyTorch: recordings to trained networks, and the measures of how good they are."""
