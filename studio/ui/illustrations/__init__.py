"""Pictures of what a layer does, painted from the node's own numbers, where a picture says more than words."""

from __future__ import annotations

from studio.ui.illustrations.chooser import Illustration, illustration

__all__ = ["Illustration", "illustration"]
