"""Typed parameters: what a parameters file may hold, and nothing else."""

from pydantic import BaseModel, ConfigDict


class Parameters(BaseModel):
    """Base of every pipeline's options: frozen, and a key it does not know is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")
