"""Where in a completion a payload may stand, and what the words around it call it."""
