"""Work on the frames of a video clip: read, find cuts, paint, keep neighbouring frames alike, write; no model of ours.

`transform_video` (transform.py) does all of it with any function that paints a frame; `serving/video.py` calls it with
the tasks of a loaded model. PyAV, the extra `video`, is imported when a clip is opened.
"""
