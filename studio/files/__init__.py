"""Projects, presets and runs on disk: read, write, migrate, recover. Opening a file runs no code in it."""
