"""Change: which scenes count, and the break of every pixel; one published method a file."""
