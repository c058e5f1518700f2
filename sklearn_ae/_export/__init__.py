"""What is fitted, elsewhere: files that hold no code."""
