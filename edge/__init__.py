"""Nuthatch on the device: audio in, events out. Imports neither training nor converters, nor torch."""
