"""The service: audio from a source, through the models, to the sinks."""
