"""Recognise sentences that ask for what no task does: facts about the world, a clip, a picture out of nothing."""

import re

from stylefuse.words.normalise import is_chinese
from stylefuse.words.scan import Token, text_of

_MAKES = re.compile(
    r"(?:create|generate|draw|invent|invert|design|compose|sketch|dream up|conjure(?: up)?|imagine|produce|make up"
    r"|(?:paint|make|draw|create|generate) (?:me|us)) (?:a|an|some|two|three|four|five|ten|\d+)\b"
)
_OWN = re.compile(
    r"\b(?:my|our|this|these|that|it|attached|uploaded|his|her|their|the)\b|我的?|咱|这|那张|照片|原图|上传|图[里片]|拍"
)
_DRAWS = re.compile(
    r"(?:画|生成|创作|设计|绘制|创造|编|虚构)(?:出)?(?:[一二三四五十几两]?[个只条匹座朵棵片位头轮间艘]|[一二三四五十几两][张幅])"
)
_NO_PHOTO = re.compile(
    r"(?:不用|没有|没|无需|不需要|不给|不靠)(?:任何)?(?:原图|照片|图片|底图|参考图)"
    r"|\b(?:without (?:a|any|using a)|no|no input|no source) (?:photo|picture|image)\b(?! of)"
    r"|\b(?:out of|from) (?:nothing|nowhere|thin air|scratch)\b"
)
_WORLD = re.compile(
    r"(?:was|did|does|has|had) (?!not\b|to\b)"
    r"|(?:is|are) (?:this|that|it|these|those|he|she|they) (?!possible|ok|okay|doable|feasible|enough|too|able)"
    r"|(?:who|whose|whom|when|where) (?:is|are|was|were|did|does|do|can|could|has|had|would)\b"
    r"|why (?!not|dont)|what(?:s| is| was| were| did| does| are| year| would| could| will)\b"
    r"|how (?:old|long|tall|far|come|many|much|did|was|were)\b"
)
_HOW_TO = re.compile(r"\bhow (?:do|to|can|could|should|would) (?:i|we|you)?|怎么|如何|怎样")
_THIS_PICTURE = re.compile(
    r"\b(?:this|that|these|those|my) (?:\w+ )?(?:photo|picture|image|shot|pic)s?\b|[这那]张|[这那]个?(?:照片|图|片)"
)
_OF_A_LOOK = re.compile(r"\blooks? (?:like|as)\b|\blook\b|\bif\b|\bstyle of\b")


def kinds_of(tokens: list[Token], clauses: list[list[Token]]) -> set[str]:
    """The kinds that a sentence is of: "world", "clip", "nothing", "how_to", "this_picture", "becomes"; that is,
    something is to become a style."""
    text = text_of(tokens)
    found = {
        "world": _is_about_the_world(clauses),
        "clip": _is_about_a_clip(clauses),
        "nothing": _is_from_nothing(tokens),
        "how_to": _HOW_TO.search(text) is not None,
        "this_picture": _THIS_PICTURE.search(text.replace("这张 ", "这张")) is not None,
        "becomes": any(becomes_a_style(clause) for clause in clauses),
    }
    return {kind for kind, is_found in found.items() if is_found}


def becomes_a_style(tokens: list[Token]) -> bool:
    """Whether a style follows "into", "as" or "like": of any verb before it, restyling is meant."""
    for place, token in enumerate(tokens):
        before = {word for each in tokens[max(0, place - 3) : place] for word in each.text.split()}
        if token.is_style and before & {"into", "as", "like"}:
            return True
    return False


def _is_about_the_world(clauses: list[list[Token]]) -> bool:
    """Whether a fact is asked for: "was Monet married", "what would a Monet cost"; not how a picture would look."""
    texts = [text_of(clause) for clause in clauses]
    return any(_WORLD.match(text) and not _OF_A_LOOK.search(text) for text in texts)


def _is_about_a_clip(clauses: list[list[Token]]) -> bool:
    """Whether a video is to be worked on; not a picture out of it: "a still from my video", "视频截图"."""
    return any(_is_clip(clause, place) for clause in clauses for place in range(len(clause)))


def _is_from_nothing(tokens: list[Token]) -> bool:
    """Whether a picture is asked for where there is no photo: "generate a castle like Monet", "画一匹水墨的马"."""
    text = text_of(tokens)
    joined = text.replace(" ", "") if is_chinese(text) else text
    if _NO_PHOTO.search(joined):
        return True
    if not (_MAKES.search(text) or _DRAWS.search(joined)) or _OWN.search(joined):
        return False
    return any(
        token.means("scene") or not (token.meanings or token.number or token.is_break) for token in tokens
    )


def _is_clip(clause: list[Token], place: int) -> bool:
    if not clause[place].means("clip"):
        return False
    before, after = clause[max(0, place - 4) : place], clause[place + 1 : place + 3]
    words = {word for token in before for word in token.text.split()}
    taken = bool(words & {"from", "of", "frame", "still"}) and not words & {"every", "each", "all"}
    return not taken and not any(
        token.text[0] in "里中的封帧截" or token.text in ("frame", "still") for token in after
    )
