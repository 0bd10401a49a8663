"""What callers may ask of the board, whatever interface they come by."""
