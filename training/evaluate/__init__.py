"""What a model is worth: accuracy of clips, misses and false accepts of streams, each with its interval."""
