"""What trees of boxes of directions have in common, for inputs on a line and in more dimensions."""
