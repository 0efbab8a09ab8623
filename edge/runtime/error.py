"""What a backend says of a model file it cannot run."""


class ModelFileError(Exception):
    """A model file that cannot be run; the text names the file and the remedy in one line."""
