"""Files and pixels: decode and encode, colours, crops, alignment, and the store of training pictures."""
