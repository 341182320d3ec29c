"""Units beyond those that live: `dead` ones, and the `leeway` that kinks give to one of them."""
