"""What a network is: sizes, tensor specs, nodes, graphs, blocks. Immutable; no Qt, no torch."""
