"""One panel a file; the window puts them into docks."""
