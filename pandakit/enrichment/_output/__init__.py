"""How results look: as plain text and in a notebook."""
