"""Jobs on clips: receive a clip, queue it, run tasks on it in a process of its own, and serve the result."""
