"""HEIF, the photo format of iPhones: read by pillow-heif if it is installed (the extra `heif`)."""


def register() -> bool:
    """Register the HEIF decoder with Pillow; return whether there is one.

    Thumbnails, depth and other auxiliary pictures are not read. The decoder rotates pictures upright, sets the EXIF
    orientation accordingly, and has its own limits on sizes and numbers of parts.
    """
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True
