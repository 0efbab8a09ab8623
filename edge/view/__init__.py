"""What is shown of a picture with people in it: one view, one file, none listed."""
