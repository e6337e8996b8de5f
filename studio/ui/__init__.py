"""Everything that needs Qt: session, canvas, panels, actions, theme, window."""
