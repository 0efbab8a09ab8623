"""What a stream of features is listened to for: one task, one file."""
