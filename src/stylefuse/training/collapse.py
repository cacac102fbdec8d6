"""A critic that has won: it tells every restyled photo at a glance, and G learns nothing from it any more."""

# Steps in a row; fewer happen by luck in small batches.
PATIENCE = 200
_LEAST_LOSS, _WINS = 0.01, 0.999


class CollapseWatch:
    """Looks at the losses of each step and speaks once. It changes nothing; a resumed training counts anew."""

    def __init__(self):
        self._rows = {"critic": 0, "critic_win_rate": 0}
        self._spoken = False

    def notice(self, losses: dict[str, float]) -> str | None:
        """What to tell the user after this step; None where there is nothing new to tell.

        Args:
            losses: with "critic", D's loss, and "critic_win_rate", the share of pairs in which the painting scores
                above the restyled photo.
        """
        won = {"critic": losses["critic"] < _LEAST_LOSS, "critic_win_rate": losses["critic_win_rate"] > _WINS}
        self._rows = {name: self._rows[name] + 1 if won[name] else 0 for name in won}
        if self._spoken or max(self._rows.values()) < PATIENCE:
            return None
        self._spoken = True
        signs = {"critic": f"its loss is below {_LEAST_LOSS}", "critic_win_rate": "it wins every comparison"}
        said = " and ".join(signs[name] for name, row in self._rows.items() if row >= PATIENCE)
        return (
            f"the critic has collapsed: {said} for {PATIENCE} steps, so the generator learns little; "
            "lower critic_rate, or raise weights.gradient_penalty or the number of paintings"
        )
