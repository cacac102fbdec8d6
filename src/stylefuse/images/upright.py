"""How a picture is turned upright, by what its EXIF says."""

from PIL import Image

# EXIF orientation → how to turn the stored pixels upright (EXIF 2.3, tag 0x0112; 1 is upright).
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
    """How to turn the stored pixels upright, if at all. Ask once they are loaded: Pillow turns TIFF by itself."""
    try:
        return _UPRIGHT.get(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF beside sound pixels: the standard's default is "upright"
        return None
