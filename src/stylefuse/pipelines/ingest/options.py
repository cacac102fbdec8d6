"""Options of `ingest`; conf/base/parameters_ingest.yml gives the reason for each default."""

from pydantic import Field, model_validator

from stylefuse.pipelines.limits import FileLimits


class IngestOptions(FileLimits):
    """Options of ingest: sizes in pixels unless named otherwise, shares of 1."""

    short_side: int = Field(ge=32)
    trim_margins: bool
    test_share: float = Field(gt=0, lt=1)
    judge_share: float = Field(gt=0, lt=1)
    duplicate_distance: int = Field(ge=0, le=100)
    min_side: int = Field(ge=1)
    max_aspect: float = Field(ge=1)
    warn_below: int = Field(ge=0)
    workers: int | None = Field(ge=1)

    @model_validator(mode="after")
    def _check_that_train_is_not_empty(self) -> "IngestOptions":
        if self.test_share + self.judge_share >= 1:
            raise ValueError("test_share + judge_share must stay below 1: the generator learns from the rest")
        return self
