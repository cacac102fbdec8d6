"""Jobs on clips: a clip is sent, waits, is worked on in a process of its own, and its result is fetched."""
