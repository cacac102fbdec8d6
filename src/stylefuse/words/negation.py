"""Find what a sentence negates or refuses: "not Monet", "skip the oil", "ink in place of Monet"."""

from stylefuse.words.lexicon import DO, MOVEMENT, STYLE, VALUE
from stylefuse.words.scan import Token


def negations(tokens: list[Token]) -> list[bool]:
    """Whether each token is negated: by a "not" before it in its clause, which ends with the next word of content."""
    negated, result = False, []
    for token in tokens:
        if token.is_break or token.means("but") or token.means("then"):
            negated = False
        if token.means("neg") and not token.means(VALUE):
            negated = True
            result.append(False)
            continue
        result.append(negated)
        content = (
            STYLE,
            MOVEMENT,
            DO,
            VALUE,
            "name",
            "keep",
            "change",
            "up",
            "down",
            "adj_up",
            "adj_down",
            "more",
            "less",
        )
        if any(token.means(role) for role in content):
            negated = False
    styles = [place for place, token in enumerate(tokens) if token.is_style]
    for number, place in enumerate(styles):
        result[place] |= _is_refused(tokens, place, [*styles, len(tokens)][number + 1])
    return result


def runs(tokens: list[Token]) -> list[list[int]]:
    """Places of the tokens of each clause."""
    clauses: list[list[int]] = [[]]
    for place, token in enumerate(tokens):
        if token.is_break or any(token.means(role) for role in ("but", "then", "and")):
            clauses.append([])
        else:
            clauses[-1].append(place)
    return clauses


def _is_refused(tokens: list[Token], place: int, following: int) -> bool:
    """Whether words around a style say that another is wanted: "skip the oil", "水彩就算了", "swap Monet for ink".

    following: the place of the next style, or the number of tokens.
    """
    clause = next(each for each in runs(tokens) if place in each)
    before = [tokens[i] for i in clause if place - 6 < i < place]
    after = [tokens[i] for i in clause if place < i < min(following, place + 7)]
    styles = [i for i, each in enumerate(before) if each.means(STYLE)]
    before = before[styles[-1] + 1 :] if styles else before
    if any(each.means("refuse") for each in before) or any(each.means("refused") for each in after):
        return True
    after = [each for each in after if each.text not in _SAID_ASIDE]
    if after and after[0].means("neg") and (len(after) == 1 and not tokens[clause[-1]].means(STYLE)):
        return True
    if any(each.text in ("用", "拿", "use") for each in before[:-1]) and before[-1].means("replaces"):
        return True
    if following == len(tokens):
        return False
    between = tokens[place + 1 : following]
    swapped = any(each.means("swap_style") for each in before) and any(each.means("for") for each in between)
    return swapped or any(each.means("instead") and each.text not in ("now", "this time") for each in between)


_SAID_ASIDE = ("的", "哈", "了", "吧", "啦", "啊", "呢", "那种", "那个")  # "莫奈的不要哈"
