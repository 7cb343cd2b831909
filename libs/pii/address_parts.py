"""How addresses go on: units, cities, states, post codes, countries."""

import re

from libs.pii import address_words as words

WORD = r"[^\W\d_][\w'’.-]{0,30}"
HOUSE = r"\d{1,6}(?:[-/]\d{1,4})?[A-WYZa-wyz]?"
ORDINAL = r"\d{1,3} ?(?:st|nd|rd|th)"
COMPASS = r"(?:[NSEWnsew]|[NSns][EWew]|[Nn]orth|[Ss]outh|[Ee]ast|[Ww]est)\.?"
OF = r"(?:(?:de|del|da|do|das|dos|la|el|los|las|di|della|des|du|le|les) )"
NUMBER_BEHIND = r"(?:,? ?(?:n[ºo°]?\.? ?|n[uú]m\.? ?|# ?|no\.? ?)?\d{1,5}[A-Za-z]?(?:[-/ ]\d{1,4})?\b|,? s/n)"
UNIT = rf"(?i:(?:{words.UNITS})(?:\.| ?#| n[ºo°]\.?)? ?[A-Za-z]?-?\d{{1,5}}[A-Za-z]?|# ?\d{{1,5}}[A-Za-z]?)(?!\w)"
STATE = rf"(?:{words.STATES}|(?i:{words.STATE_NAMES}))"
ZIP = r"(?:\d{5}(?:-\d{3,4})?|\d{4,6}|\d{3} \d{2,3}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})(?![\w-])"

CAPITAL = r"[A-ZÀ-ÞŁŚŠŽČĐ][\w'’.-]*"
NOT_A_CITY = r"(?!(?:Thanks|Thank|Please|Best|Regards|Gracias|Obrigad|Need|We|I|And|The|Call|Tel|Phone|Fax|Attn|Email|Mobile|Order)\b)"
CITY = rf"{NOT_A_CITY}{CAPITAL}(?: (?:{CAPITAL}|de|del|da|do|la|el|am|sur|upon)){{0,4}}"
GOES_ON = re.compile(
    rf"(?:[ \t]?[,\n][ \t\n>]*(?:, )?|\s?-\s|\s|/)"
    rf"(?:{UNIT}|(?:{STATE})(?!\w)|{ZIP}|(?:United States|United Kingdom|USA|UK|España|Spain|Brasil|Brazil|M[eé]xico|usa|us)(?!\w)"
    rf"|{CITY}(?=(?:[,\s>]|\s-\s)+(?:{STATE}|(?:{CAPITAL}(?: (?:of )?{CAPITAL}){{0,3}} )?{ZIP})(?!\w))"
    rf"|(?<=[,\n] ){CITY}(?=\s*(?:[,\n.?!]|\d{{4,6}}|$))|(?<=[,\n]){CITY}(?=\s*(?:[,\n.?!]|$)))",
)
LOWER_CITY_GOES_ON = re.compile(
    rf"(?:,? {WORD}){{1,4}}?,? (?:{words.STATES}|{words.STATE_NAMES})(?!\w)(?:,? \d{{4,5}}(?!\w))?(?: usa?(?!\w))?"
    rf"|(?: {WORD}){{1,3}} \d{{5,6}}(?!\w)",
    re.IGNORECASE,
)
GOES_BEFORE = re.compile(rf"(?:{UNIT}[,\s]\s?)?(?:\d{{1,6}}[A-Za-z]?,?\s)?(?:{UNIT}[,\s]\s?)?$", re.IGNORECASE)
