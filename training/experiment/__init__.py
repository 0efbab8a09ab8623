"""Experiments: does a published method gain anything here? One, one file; each resumes and writes its own page."""
