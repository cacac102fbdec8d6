"""Parameters of `add_style`; conf/base/parameters_add_style.yml gives the reasons."""

from stylefuse.pipelines.parameters import Parameters
from stylefuse.tasks.stylize.add_style.options import AddStyleOptions


class AddStyleParameters(Parameters):
    """style: name; pictures: folder; model: folder or registered, None: the default one; training: see there."""

    style: str | None
    pictures: str | None
    model: str | None
    restart: bool
    training: AddStyleOptions
