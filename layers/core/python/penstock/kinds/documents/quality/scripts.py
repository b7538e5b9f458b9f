"""Which writing system a letter belongs to, and which ones a language is written in."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import langcodes

# By the code in ISO 15924, the word that the names of its characters begin with.
NAMES = {
    "Latn": "LATIN", "Cyrl": "CYRILLIC", "Grek": "GREEK", "Arab": "ARABIC", "Hebr": "HEBREW", "Thai": "THAI",
    "Deva": "DEVANAGARI", "Beng": "BENGALI", "Laoo": "LAO", "Khmr": "KHMER", "Mymr": "MYANMAR", "Ethi": "ETHIOPIC",
    "Geor": "GEORGIAN", "Armn": "ARMENIAN", "Taml": "TAMIL", "Telu": "TELUGU", "Knda": "KANNADA", "Mlym": "MALAYALAM",
    "Gujr": "GUJARATI", "Guru": "GURMUKHI", "Orya": "ORIYA", "Sinh": "SINHALA", "Tibt": "TIBETAN", "Mong": "MONGOLIAN",
    "Hang": "HANGUL", "Hani": "CJK", "Hira": "HIRAGANA", "Kana": "KATAKANA", "Thaa": "THAANA",
}  # fmt: skip
_CODES = {name: code for code, name in NAMES.items()}
_MADE_OF = {
    "Hans": {"Hani"}, "Hant": {"Hani"}, "Jpan": {"Hani", "Hira", "Kana"}, "Kore": {"Hang", "Hani"},
}  # fmt: skip
# Languages that are written in more than the script that is likeliest.
_ALSO = {
    "sr": {"Latn"}, "uz": {"Cyrl"}, "az": {"Cyrl", "Arab"}, "kk": {"Latn", "Arab"}, "mn": {"Mong"}, "tk": {"Cyrl"},
    "ku": {"Arab", "Cyrl"}, "pa": {"Arab"}, "ms": {"Arab"}, "bs": {"Cyrl"}, "ky": {"Arab", "Latn"}, "ks": {"Deva"},
    "sd": {"Deva"}, "ug": {"Latn", "Cyrl"}, "tt": {"Latn"}, "tg": {"Arab", "Latn"}, "ha": {"Arab"}, "so": {"Arab"},
    "ber": {"Arab"}, "zgh": {"Latn", "Arab"}, "sh": {"Cyrl"}, "cnr": {"Cyrl"}, "kok": {"Latn"},
    "sat": {"Deva", "Latn"}, "crh": {"Latn", "Cyrl"}, "gag": {"Cyrl"},
}  # fmt: skip
# What one such character says is what several letters of an alphabet say.
_DENSE = {"Hani": 3, "Hang": 3, "Hira": 2, "Kana": 2}

# Characters of everyday words whose two forms stand side by side: simplified, traditional.
_PAIRS = (
    "们們这這来來时時个個国國说說对對会會为為学學发發经經现現样樣还還没沒开開关關长長门門问問间間见見觉覺让讓认認话話"
    "请請读讀谁誰车車东東马馬鱼魚鸟鳥从從买買卖賣书書写寫听聽电電视視钱錢银銀铁鐵饭飯馆館儿兒后後几幾机機气氣汉漢"
    "热熱爱愛爷爺难難头頭务務动動单單双雙变變号號员員图圖园園场場处處备備妈媽实實宝寶导導带帶应應张張当當总總战戰"
    "护護报報据據换換数數无無术術条條极極构構标標树樹桥橋检檢楼樓欢歡毕畢济濟温溫满滿灯燈点點烧燒环環产產画畫"
    "种種积積称稱稳穩穷窮类類级級红紅纪紀约約纯純纸紙线線组組细細终終结結给給绝絕统統继繼绩績维維绿綠编編缘緣网網"
)
_SIMPLIFIED, _TRADITIONAL = frozenset(_PAIRS[::2]), frozenset(_PAIRS[1::2])


@lru_cache(8_192)
def script(character: str) -> str:
    """The code of a letter's script; empty for what is no letter, or of a script that is not looked for."""
    if not character.isalpha():
        return ""
    first, _, rest = unicodedata.name(character, "").partition(" ")
    return _CODES.get(rest.partition(" ")[0] if first in ("FULLWIDTH", "HALFWIDTH") else first, "")


def weights(texts: Iterable[str]) -> Counter[str]:
    """How much is written in each script, in letters of an alphabet."""
    found: Counter[str] = Counter()
    for text in texts:
        for character, number in Counter(text).items():
            if code := script(character):
                found[code] += number * _DENSE.get(code, 1)
    return found


def of_language(tag: str) -> frozenset[str]:
    """The scripts in which the language may be written; empty where that is not known."""
    whole = langcodes.Language.get(tag).maximize()
    named = langcodes.Language.get(tag).script
    likely = whole.script or ""
    written = set(_MADE_OF.get(likely, {likely}))
    if not named:
        written |= _ALSO.get(whole.language or "", set())
    return frozenset(written) if written <= NAMES.keys() else frozenset()


def chinese(text: str) -> tuple[int, int]:
    """How many of the text's characters are simplified, and how many traditional."""
    counts = Counter(text)
    return sum(counts[each] for each in _SIMPLIFIED), sum(counts[each] for each in _TRADITIONAL)
