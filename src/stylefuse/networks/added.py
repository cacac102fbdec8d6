"""Styles added to a trained model: a row in each style table, kept apart from the model's own weights.

The weights of an added style are named "<network>/<tensor>", 1×… each: "generator/trunk.0.norm1.added_scale". The
model's own files stay as they are, so to remove the style is to remove its weights.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stylefuse.networks.weights import Weights

KIND, GENERATOR, STYLES = "added_style", "generator", "styles"
TABLES = ("scale", "shift", "palette", "edges")  # last parts of the names of style tables


class BaseModel(NamedTuple):
    """The networks of a model that have style tables, by name, with the styles that were added to it before."""

    networks: dict[str, Weights]
    added: list[Weights]

    @property
    def styles(self) -> list[str]:
        """Names of all rows, "photo" first."""
        return [*self.networks[GENERATOR].facts[STYLES], *(each.facts["style"] for each in self.added)]


def base_model(weights: Mapping[str, Weights], added: Sequence[Weights] = ()) -> BaseModel:
    """Select the networks of a model that have style tables."""
    networks = {name: each for name, each in weights.items() if STYLES in each.facts and _has_tables(each)}
    return BaseModel(networks, in_order(added))


def _has_tables(weights: Weights) -> bool:
    return any(name.rpartition(".")[2] in TABLES for name in weights.tensors)


def pack_added(style: str, tensors: Mapping[str, Any], base: BaseModel, **facts: Any) -> Weights:
    """Return the weights of an added style, bound to the networks that they were trained with.

    Args:
        tensors: 1×… each, named "<network>/<tensor>".
        base: the model without this style.
    """
    bound = {name: each.checksum() for name, each in base.networks.items()}
    about = {"kind": KIND, "style": style, "position": len(base.styles), "networks": bound}
    return Weights(dict(tensors), {**about, **facts})


def blank(style: str, base: BaseModel) -> Weights:
    """Return the weights of an added style with zeros in all its rows."""
    import torch

    from stylefuse.networks.generator import generator_of

    facts = base.networks[GENERATOR].facts
    wider = generator_of({**facts, STYLES: [*facts[STYLES], style], "added": 1})
    tensors = {f"{GENERATOR}/{key}": t for key, t in wider.state_dict().items() if "added_" in key}
    for name, network in base.networks.items():
        for key, table in network.tensors.items():
            above, dot, own = key.rpartition(".")
            if own in TABLES:
                tensors.setdefault(f"{name}/{above}{dot}added_{own}", torch.zeros(1, *table.shape[1:]))
    return pack_added(style, tensors, base)


def in_order(added: Sequence[Weights]) -> list[Weights]:
    """Sort added styles in the order in which they were added."""
    return sorted(added, key=lambda each: (each.facts["position"], each.facts["style"]))


def with_added(weights: Mapping[str, Weights], added: Sequence[Weights]) -> dict[str, Weights]:
    """Return a model's weights with the rows of added styles. Tensors that were there stay the same objects.

    Raises:
        ValueError: an added style belongs to other networks, or the model has a style of its name.
    """
    if not added:
        return dict(weights)
    import torch

    base = base_model(weights, added)
    for each in base.added:
        _check(each, base)
    joined = dict(weights)
    for name, network in base.networks.items():
        keys = [key for key in base.added[0].tensors if key.startswith(f"{name}/")]
        rows = {
            key.removeprefix(f"{name}/"): torch.cat([each.tensors[key].float() for each in base.added])
            for key in keys
        }
        facts = {**network.facts, STYLES: base.styles, "added": len(base.added)}
        joined[name] = Weights({**network.tensors, **rows}, facts)
    return joined


def _check(added: Weights, base: BaseModel) -> None:
    style = added.facts["style"]
    if base.styles.count(style) > 1:
        raise ValueError(f"the model has the style {style} twice: remove the one that was added")
    for name, network in base.networks.items():
        if added.facts["networks"].get(name) != network.checksum():
            raise ValueError(
                f"the added style {style} belongs to another {name} than the model's: add the style again "
                "(`stylefuse add-style`), or remove it (`stylefuse remove-style`)"
            )
