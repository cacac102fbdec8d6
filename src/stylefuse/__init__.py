"""StyleFuse: restyle photos in the manner of your own paintings, fuse pictures, and more with the same model.

>>> import stylefuse
>>> model = stylefuse.load("models:/stylefuse@champion")  # without a name: the champion, or a ready-made model
>>> model.stylize("photo.jpg", style="brush", strength=0.8).save("brush.png")
>>> model.fuse(["near.jpg", "far.jpg"]).save("sharp.png")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stylefuse.model import Model, load

__version__ = "0.1.0"
__all__ = ["Model", "load"]


def __getattr__(name: str) -> Any:
    """Import the Python API on use: it brings in PyTorch, for which `kedro --help` should not wait."""
    if name in __all__:
        from stylefuse import model

        return getattr(model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
