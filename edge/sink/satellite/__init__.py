"""What the Wyoming service is made of: its wire, its words, the hearing of a client's audio, its announcement."""
