from .pipeline import create_pipeline, create_style_pipeline

__all__ = ["create_pipeline", "create_style_pipeline"]
