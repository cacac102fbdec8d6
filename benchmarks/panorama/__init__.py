"""Panoramas beside those of OpenCV."""
