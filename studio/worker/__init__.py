"""The process that knows torch: trains a run folder, or answers the window's requests."""
