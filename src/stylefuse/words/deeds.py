"""Find deeds that StyleFuse lacks by how a sentence is built: "mail the …", "把它印在…上", "a castle out of nothing".

The lexicon cannot list every deed. An order has a verb first, and after it what it is done to; a verb that the lexicon
lacks at that place is a deed that nobody here can do, also where a style is named beside it.
"""

import re

from stylefuse.words.lexicon import DO, VALUE
from stylefuse.words.normalise import is_chinese
from stylefuse.words.scan import Token

_POLITE = re.compile(
    r"(?:(?:please|pls|plz|kindly|hey|hi|hello|ok|okay|now|just|also|first|next|so|well|go|lets|let us|help me(?: to)?"
    r"|(?:can|could|would|will) (?:you|we|i)|(?:i|we)(?:d| would)? (?:want|need|like|love|wish)(?: you)? to"
    r"|id (?:like|love)(?: you)? to|try to|feel free to) )*"
)
_OBJECTS = frozenset(
    "the a an my our your his her their this that these those it them me us him all some every each both "
    "what how who which where".split()
)
# Words that begin a clause before "the" or "my", and are no orders.
_NO_ORDERS = frozenset(
    "because since when after while although though if unless until till whenever wherever as at by with without attached "
    "here today yesterday tomorrow tonight whether maybe perhaps despite during love loved hate adore wish think hope "
    "believe guess imagine suppose remember know thanks see look watch note mind of over under near behind about around "
    "like unlike per via both half not even only still let does do is are was were be beyond against inside outside above "
    "across along among amid past through throughout toward towards upon within honestly especially and or but than".split()
)
_LACKS = {"out", "scene", "act", "place"}
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
    r"(?:不用|没有|没|无需|不需要|不给|不靠)(?:任何)?(?:原图|照片|图片|底图|参考图)|\b(?:without (?:a|any|using a)|no|no input|no source) "
    r"(?:photo|picture|image)\b(?! of)|\b(?:out of|from) (?:nothing|nowhere|thin air|scratch)\b"
)
_WORLD = re.compile(
    r"(?:(?:was|did|does|has|had) (?!not\b|to\b)|(?:is|are) (?:this|that|it|these|those|he|she|they) (?!possible|ok|okay|doable"
    r"|feasible|enough|too|able)|(?:who|whose|whom|when|where) (?:is|are|was|were|did|does|do|can|could|has|had|would)\b"
    r"|why (?!not|dont)|what(?:s| is| was| were| did| does| are| year| would| could| will)\b|how (?:old|long|tall|far|come)\b"
    r"|how (?:many|much|did|was|were)\b)"
)
_HOW_TO = re.compile(r"\bhow (?:do|to|can|could|should|would) (?:i|we|you)?|怎么|如何|怎样")
_THIS_PICTURE = re.compile(
    r"\b(?:this|that|these|those|my) (?:\w+ )?(?:photo|picture|image|shot|pic)s?\b|[这那]张|[这那]个?(?:照片|图|片)"
)
_OF_A_LOOK = re.compile(r"\blooks? (?:like|as)\b|\blook\b|\bif\b|\bstyle of\b")


def lacking_deeds(clauses: list[list[Token]]) -> list[str]:
    """The verbs of orders that the lexicon lacks, as the sentence has them."""
    return [deed for clause in clauses for deed in _order(clause) or _disposal(clause)]


def is_about_the_world(clauses: list[list[Token]]) -> bool:
    """Whether a fact is asked for: "was Monet married", "what would a Monet cost"; not how a picture would look."""
    texts = [_text(clause) for clause in clauses]
    return any(_WORLD.match(text) and not _OF_A_LOOK.search(text) for text in texts)


def is_how_to(tokens: list[Token]) -> bool:
    """Whether a way to do something is asked for, which the pages may tell."""
    return _HOW_TO.search(_text(tokens)) is not None


def is_about_this_picture(tokens: list[Token]) -> bool:
    """Whether a picture is pointed at: "how many pixels does this photo have", "这张照片感光度多少"."""
    return _THIS_PICTURE.search(_text(tokens).replace("这张 ", "这张")) is not None


def is_about_a_clip(clauses: list[list[Token]]) -> bool:
    """Whether a video is to be worked on; not a picture out of it: "a still from my video", "视频截图"."""
    return any(_is_clip(clause, place) for clause in clauses for place in range(len(clause)))


def is_from_nothing(tokens: list[Token]) -> bool:
    """Whether a picture is asked for where there is no photo: "generate a castle like Monet", "画一匹水墨的马"."""
    text = _text(tokens)
    if _NO_PHOTO.search(text.replace(" ", "") if is_chinese(text) else text):
        return True
    joined = text.replace(" ", "") if is_chinese(text) else text
    if not (_MAKES.search(text) or _DRAWS.search(joined)) or _OWN.search(joined):
        return False
    return any(
        token.means("scene") or not (token.meanings or token.number or token.is_break) for token in tokens
    )


def _text(tokens: list[Token]) -> str:
    return " ".join(token.text for token in tokens)


def _order(clause: list[Token]) -> list[str]:
    """The verb of an order that the lexicon lacks: "mail the Monet picture to Anna"."""
    start, place = _POLITE.match(_text(clause)).end(), 0  # type: ignore[union-attr]  # it also matches nothing
    while place < len(clause) and start > 0:
        start -= len(clause[place].text) + 1
        place += 1
    if place + 1 >= len(clause):
        return []
    verb, following = clause[place], clause[place + 1 :]
    if verb.number or following[0].text.split()[0] not in _OBJECTS or _is_of_amount(following):
        return []
    if verb.means("act") and not any(each.is_style or each.number for each in following[:4]):
        named = next((each for each in following if not each.means("filler")), None)
        unknown = named is not None and not (named.meanings or named.number)
        return [f"{verb.text} {named.text}"] if unknown and named else []
    if not verb.meanings:
        if not verb.text.isascii() or verb.text in _NO_ORDERS or verb.text.endswith(("ed", "ing", "ly", "s")):
            return []
        return [] if _becomes_a_style(following) else [verb.text]
    return [verb.text] if _is_lacking(verb) else []


def _is_of_amount(tokens: list[Token]) -> bool:
    """Whether a style is followed by how much of it there is to be: of any verb before it, its strength is meant."""
    place = next((i for i, token in enumerate(tokens) if token.is_style), len(tokens))
    return any(token.number or token.means(VALUE) or token.means("more") for token in tokens[place + 1 :])


def _is_lacking(token: Token) -> bool:
    roles = {each.role for each in token.meanings} - {"pictures", "filler"}
    return bool(roles) and roles <= _LACKS


def _becomes_a_style(tokens: list[Token]) -> bool:
    """Whether a style follows "into", "as" or "like": of any verb before it, restyling is meant."""
    for place, token in enumerate(tokens):
        before = {word for each in tokens[max(0, place - 3) : place] for word in each.text.split()}
        if token.is_style and before & {"into", "as", "like"}:
            return True
    return False


_DONE_HERE = (
    DO,
    "weak",
    VALUE,
    "keep",
    "change",
    "more",
    "less",
    "up",
    "down",
    "adj_up",
    "adj_down",
    "clear",
    "mend",
)
_DONE_HERE += (
    "mix",
    "mix_or_do",
    "instead",
    "halve",
    "double",
    "set",
    "undo",
    "swap",
    "all_styles",
    "refuse",
    "matching",
)


def _is_done_here(token: Token) -> bool:
    made = token.means("filler") and any(character in token.text for character in "做弄搞整成")
    return made or (token.text not in ("给", "用", "在") and any(token.means(role) for role in _DONE_HERE))


def _disposal(clause: list[Token]) -> list[str]:
    """What is done to the object of 把 where the lexicon knows no word of it: "把浮世绘那张印在杯子上"."""
    place = next((i for i, token in enumerate(clause) if token.text in ("把", "将")), None)
    if place is None:
        return []
    after = clause[place + 1 :]
    told = any(token.text in ("要", "想", "想要", "准备", "打算", "希望") for token in clause[:place])
    if (told and not any(token.is_style for token in after)) or any(_is_done_here(token) for token in after):
        return []
    return [token.text for token in after if is_chinese(token.text) and not (token.meanings or token.number)][
        -1:
    ]


def _is_clip(clause: list[Token], place: int) -> bool:
    if not clause[place].means("clip") or any(token.means("origin") for token in clause):
        return False
    before, after = clause[max(0, place - 4) : place], clause[place + 1 : place + 3]
    words = {word for token in before for word in token.text.split()}
    taken = bool(words & {"from", "of", "frame", "still"}) and not words & {"every", "each", "all"}
    return not taken and not any(
        token.text[0] in "里中的封帧截" or token.text in ("frame", "still") for token in after
    )
