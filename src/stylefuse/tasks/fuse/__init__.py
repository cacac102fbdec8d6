"""Fuse two to eight pictures of one scene into one."""
