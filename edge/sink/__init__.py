"""Where events go: one sink, one file. A sink is called with each event."""
