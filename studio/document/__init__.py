"""What the user edits: documents, every edit as a pure function, history, journal. No Qt, no torch."""
