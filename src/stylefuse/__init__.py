"""StyleFuse: restyle a photo in the manner of a set of paintings, and fuse several pictures into one."""

__version__ = "0.1.0"
