"""Rotation that makes a picture upright, from its EXIF."""

from PIL import Image

# EXIF orientation → transposition that makes the stored pixels upright (EXIF 2.3, tag 0x0112; 1 is upright).
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright_turn(image: Image.Image) -> Image.Transpose | None:
    """Return the transposition that makes the pixels upright, or None. Load the picture first: Pillow rotates TIFF."""
    try:
        return _UPRIGHT.get(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF must not reject intact pixels; the default is upright
        return None
