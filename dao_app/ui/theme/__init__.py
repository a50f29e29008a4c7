"""How everything looks: tokens, fonts, icons, style sheet and painted glyphs."""
