"""The canvas: where networks are drawn."""

from studio.ui.canvas.minimap import Minimap
from studio.ui.canvas.tabs import GraphTabs
from studio.ui.canvas.view import CanvasView

__all__ = ["CanvasView", "GraphTabs", "Minimap"]
