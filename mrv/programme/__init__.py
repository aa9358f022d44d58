"""Crediting programmes: one a file, each naming section and equation of every step."""
