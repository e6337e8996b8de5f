"""Layers that the user writes: the editor of their text, trust, and questions to a worker."""
