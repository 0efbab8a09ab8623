"""What a model costs, beside what others cost in the same run."""
