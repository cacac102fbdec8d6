"""HEIF, the format of iPhones' photos, through pillow-heif where it is installed (the extra `heif`)."""


def register() -> bool:
    """Give Pillow its decoder of HEIF; returns whether there is one.

    Thumbnails, depth and other side pictures are left out. The decoder turns pictures upright, sets the
    orientation in EXIF to upright, and keeps its own limits on sizes and on numbers of parts.
    """
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True
