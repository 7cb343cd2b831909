"""The words around a number, which tell what it is where its form does not."""

import re

BEFORE = 32
AFTER = 12

OF_PHONES = (
    r"phone|tel|tele|telephone|cell|cellphone|mobile|mob|call|calls|calling|contact|whatsapp|whats|wsp|wpp|fax|ph|text|reach|ring|dial|"
    r"tel[eé]fono|tel[eé]fonos|celular|cel|m[oó]vil|llamar|llame|llama|ll[aá]meme|ll[aá]mame|contacto|telefone|fone|ligar|ligue|liga|contato|zap|"
    r"answering|number is|numbers? are|n[uú]mero es|n[uú]mero [eé]"
)
OF_CARDS = r"card|cards|credit|debit|visa|mastercard|amex|maestro|tarjeta|cart[aã]o|cr[eé]dito|d[eé]bito|cc"
OF_SSN = r"ssn|ssns|social security|social|itin|seguro social"
OF_IDS = r"cpf|rg|dni|nie|nif|nino|national insurance|c[eé]dula|curp|passport|pasaporte|passaporte"
OF_OTHERS = (
    r"order|orders|purchase|purchases|compra|po|p\.o\.|invoice|invoices|inv|sku|skus|item|items|itm|ref|reference|account|acct|acc|cuenta|conta|customer|cliente|tracking|lot|"
    r"lote|upc|ean|gtin|plu|batch|serial|s/n|pedido|orden|factura|fatura|nota|nf|c[oó]digo|code|cod|art|art[ií]culo|artigo|model|modelo|ticket|case|"
    r"claim|quote|estimate|delivery|route|ruta|rota|pallet|bin|part|mfg|product|prod|producto|produto|barcode|confirmation|transaction|receipt|recibo|apt|apartment|suite|ste|unit|box|room|floor|piso|depto|"
    r"license|permit|policy|id|asn|bol|awb|dun|[$€£]|usd|eur|r\$|total|price|precio|pre[cç]o|qty|cantidad|quantidade"
)
UNITS_AFTER = re.compile(
    r"\s*(?:%|[$€£]|(?:x ?|- ?)?(?:\d{1,3} ?)?(?:kgs?|g|lbs?|oz|ml|l|lt|cs|cases?|boxes|box|units?|pcs|pieces?|ea|each|"
    r"doz|dozen|ct|count|gal|cajas?|caixas?|unidades?|kilos?|bags?|pk|"
    r"packs?|usd|eur|reais|d[oó]lares|pesos|dollars)\b)",
    re.IGNORECASE,
)


def _words(names: str) -> "re.Pattern[str]":
    return re.compile(rf"(?<![\w$€£])(?:{names})(?!\w)", re.IGNORECASE)


PHONES, CARDS, SSNS, IDS, OTHERS = (_words(names) for names in (OF_PHONES, OF_CARDS, OF_SSN, OF_IDS, OF_OTHERS))


def nearest(text: str, start: int, *patterns: "re.Pattern[str]") -> int | None:
    """Return which of `patterns` has the word that stands nearest before `start` in its line, None where none has one."""
    begin = max(text.rfind("\n", 0, start) + 1, start - BEFORE)
    best, at = None, -1
    for place, pattern in enumerate(patterns):
        for match in pattern.finditer(text, begin, start):
            if match.end() > at:
                best, at = place, match.end()
    return best


def measured(text: str, end: int) -> bool:
    """Return whether a unit or a currency follows: then the number before it is a quantity or a price."""
    return bool(UNITS_AFTER.match(text, end, end + AFTER))
