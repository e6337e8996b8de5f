"""Numbers that view and gestures share."""

from __future__ import annotations

CLICK_PX = 4  # a mouse that moved less than this has clicked
LAYER_MIME = "application/x-tsumiki-layer"
FRAGMENT_MIME = "application/x-tsumiki-fragment"
