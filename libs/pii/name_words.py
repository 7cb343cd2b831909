"""First names that the world knows, and words that only look like names."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import lru_cache

from libs.pii.address_words import words

LISTED_IN = "faker.providers.person"
LANGUAGES = frozenset(
    ("cs", "da", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "it", "lt", "lv", "nl", "no", "pl", "pt", "ro", "sk", "sl", "sv", "tr")
)
LISTS = ("first_names", "first_names_male", "first_names_female")

NO_NAMES = words(
    """
    a an and are as at be been but by can do don for from go good got great had has have he her here hi his how i if in is it its just let
    like may me more my need new no not now of off ok okay on one only or our out please pls sent she so some sorry sure thank thanks that
    the their them then there they this to too up us very want was we were what when where which who why will with yes yet you your am going
    looking calling writing ready happy hello hey dear sir madam team all monday tuesday wednesday thursday friday saturday sunday january
    february march april june july august september october november december jan feb mar apr jun jul aug sep oct nov dec today tomorrow
    morning order orders delivery invoice contact number phone address mobile email mail name names kitchen restaurant store shop company
    customer manager office north south east west saint santa san street avenue road lane drive park hill china france india israel kenya
    roma german french english spanish italian america american mexico brasil brazil canada paris london madrid lisboa el la los las lo un
    una de del y e o que con sin por para en mi tu su si sí no bueno buenos buenas dias días tardes noches hola gracias favor quiero
    necesito lunes martes miercoles miércoles jueves viernes sabado sábado domingo enero febrero marzo abril mayo junio julio agosto
    septiembre octubre noviembre diciembre pedido entrega cliente nombre telefono teléfono correo direccion dirección os as um uma do da dos
    das com sem meu minha seu sua sim não nao bom boa dia tarde noite ola olá oi obrigado obrigada quero preciso segunda terça terca quarta
    quinta sexta feira janeiro fevereiro março maio junho julho setembro outubro novembro dezembro nome endereço endereco telefone
    """
)
"""Words that are no names, though some list has them as such."""
GOODS = words(
    """
    case line page kit watt dijon infant less miracle mignon red green gray grey brown white black silver gold sine per price king queen fat lite
    denver desirée dulce pocket box can bose crème
    rosemary olive basil ginger sage clementine romano brie colby jack angus pepper candy honey herb caesar alfredo margarita kale bud
    corona apple cherry berry peaches coco coffee cola ale stella heidi amber brandy sherry martini tuna marlin ray rice bean beans rose rosa
    lily violet iris daisy jasmine heather hazel saffron anise juniper myrtle clove coriander oregano mint parsley pearl ruby crystal star
    sunny baby salmon romaine bell bella jalapeno monterey parma genoa milano napoli valencia victoria paloma mercedes dolores mar luz sol
    sal bo pat art bill mark frank will rich drew chuck dean may april june verde blanca blanco negra salvador santana champagne chardonnay
    merlot malbec
    """
)
"""Goods, and words of every day, that are called like persons: these are taken for a name only where somebody is introduced."""
AFTER_PLACES = words(
    """
    street st avenue ave road rd lane ln drive dr blvd boulevard court ct way place plaza square park hill island islands county city inc
    llc ltd corp corporation group company investments research partners university school foods foundation maintenance
    """
)
"""What is named after a person when one of these stands behind."""


@lru_cache(maxsize=1)
def first_names() -> frozenset[str]:
    """Return the known first names in small letters; read once, when a name is looked for."""
    return frozenset(_known())


def _known() -> Iterator[str]:
    # Not imported above: most never look for names.
    person = importlib.import_module(LISTED_IN)
    for found in pkgutil.iter_modules(person.__path__):
        if found.name.partition("_")[0] not in LANGUAGES:
            continue
        provider = importlib.import_module(f"{LISTED_IN}.{found.name}").Provider
        for name in LISTS:
            listed = getattr(provider, name, ())
            if not isinstance(listed, property):
                yield from (each.lower() for each in listed if len(each) > 1)
