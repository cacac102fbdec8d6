"""Parameters of `register`: the name of the model, and the rules that decide whether it becomes champion."""

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from stylefuse.pipelines.parameters import Parameters

MAX_NAME = 256  # characters of a registered model's name


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

    name: str
    alias: str
    gate: tuple[Rule, ...]

    @field_validator("name")
    @classmethod
    def _a_name_that_can_be_served(cls, name: str) -> str:
        """Refuse before any work what MLflow refuses after it, or takes and cannot find again."""
        wrong = "".join(sorted({sign for sign in name if sign in "/:@?" or not sign.isprintable()}))
        if wrong:
            raise ValueError(
                f"a model's name cannot have {wrong!r} in it, since models:/<name>@<alias> names it"
            )
        if "'" in name and '"' in name:
            raise ValueError("a model's name cannot have both kinds of quotes: MLflow cannot search for it")
        if name != name.strip() or name in ("", ".", "..") or len(name) > MAX_NAME:
            raise ValueError(
                f"a model's name has 1 to {MAX_NAME} characters, none of them a space at its ends"
            )
        return name

    @field_validator("alias")
    @classmethod
    def _an_alias_of_mlflow(cls, alias: str) -> str:
        if not re.fullmatch(r"[\w\-]{1,255}", alias):
            raise ValueError("an alias is of letters, digits, _ and -")
        if alias.lower() == "latest" or re.fullmatch(r"[vV]\d+", alias):
            raise ValueError(f"MLflow keeps the alias {alias} for itself: choose another, e.g. champion")
        return alias
