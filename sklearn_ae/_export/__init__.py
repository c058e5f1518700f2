"""What is fitted, elsewhere: files without code, and other runtimes."""
