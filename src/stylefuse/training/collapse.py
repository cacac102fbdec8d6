"""Detect a critic that has become too strong: the generator learns nothing from it any more."""

# Steps in a row. Shorter runs occur by chance in small batches.
PATIENCE = 200
_LEAST_LOSS, _WINS = 0.01, 0.999


class CollapseWatch:
    """Watches the losses of each step and warns once. A resumed training starts to count again.

    collapsed: whether it has warned.
    """

    def __init__(self) -> None:
        self._rows = {"critic": 0, "critic_win_rate": 0}
        self.collapsed = False

    def notice(self, losses: dict[str, float]) -> str | None:
        """Return a warning after this step, or None.

        Args:
            losses: with "critic", D's loss, and "critic_win_rate", the share of pairs in which the painting scores
                above the restyled photo.
        """
        won = {"critic": losses["critic"] < _LEAST_LOSS, "critic_win_rate": losses["critic_win_rate"] > _WINS}
        self._rows = {name: self._rows[name] + 1 if won[name] else 0 for name in won}
        if self.collapsed or max(self._rows.values()) < PATIENCE:
            return None
        self.collapsed = True
        signs = {"critic": f"its loss is below {_LEAST_LOSS}", "critic_win_rate": "it wins every comparison"}
        observed = " and ".join(signs[name] for name, row in self._rows.items() if row >= PATIENCE)
        return (
            f"the critic has collapsed: {observed} for {PATIENCE} steps, so the generator learns little; "
            "lower critic_rate, or raise weights.gradient_penalty or the number of paintings"
        )
