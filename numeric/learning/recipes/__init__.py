"""What is run for the chapter: each recipe is a function without arguments whose result is data for a figure or a table."""
