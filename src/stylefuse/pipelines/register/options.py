"""What may be turned in `register`."""

from typing import Self

from pydantic import Field, model_validator

from stylefuse.pipelines.parameters import Parameters


class Rule(Parameters):
    """One condition on the evaluation: exactly one of the three bounds."""

    metric: str  # dotted path into evaluation.json
    at_least: float | None = None
    at_most: float | None = None
    not_worse_than_champion_by: float | None = Field(None, ge=0)
    higher_is_better: bool = True  # read by not_worse_than_champion_by

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        bounds = (self.at_least, self.at_most, self.not_worse_than_champion_by)
        given = sum(bound is not None for bound in bounds)
        if given != 1:
            remedy = "give exactly one of at_least, at_most, not_worse_than_champion_by"
            raise ValueError(f"the rule on {self.metric!r} has {given} bounds: {remedy}")
        return self


class RegisterOptions(Parameters):
    """Options of the pipeline; see conf/base/parameters_register.yml."""

    name: str = Field(min_length=1, pattern=r"^[^/:]+$")  # what an MLflow registry takes as a name
    alias: str = Field(min_length=1)
    gate: tuple[Rule, ...]
