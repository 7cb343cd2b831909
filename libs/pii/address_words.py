"""The words that addresses are made of."""


def words(written: str) -> frozenset[str]:
    """Return the set of the words of a text; it keeps long lists readable."""
    return frozenset(written.split())


STREETS_BEHIND = (
    "street|st|str|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|circle|cir|place|pl|terrace|ter|highway|hwy|parkway|pkwy|square|sq|"
    "trail|trl|way|plaza|loop|crescent|cres|close|alley|turnpike|tpke|expressway|expy|pike|row|run|walk|esplanade|"
    "complex|colony|nagar|salai|marg|layout|society|towers|heights|residency|apartments|flats|estate|gardens|villas|"
    "station|dale|ranch|parade|mews|grove|cove|crossing|junction|causeway|main road|cross road"
)
"""Names of streets end with one of these in English."""
PLAIN_WORDS = words(
    """
    st dr ct way place pl plaza court circle square sq run row walk loop close pike trail cross dale ranch cove grove gardens station
    heights estate complex flats society towers layout ter cir alley terrace
    """
)
"""Those that also stand in the names of goods: more has to speak for an address."""
STREETS_BEFORE = (
    r"calle|c/|cl\.|avenida|avda\.?|av\.?|carrera|cra\.?|kra\.?|carretera|camino|cami[nñ]o|paseo|p\.?º|plaza|pza\.?|ronda|rambla|travesía|travesia|calzada|"
    r"boulevard|blvd\.?|diagonal|transversal|jir[oó]n|pasaje|prolongaci[oó]n|privada|cerrada|circuito|"
    r"rua|r\.|travessa|tv\.|pra[cç]a|alameda|al\.|rodovia|rod\.|estrada|largo|beco|quadra|"
    r"rue|chemin|all[eé]e|quai|impasse|place|route|via|viale|corso|piazza|vicolo|strada|ulica|ul\.|aleja|rruga|calea|bulevardul|rijksweg"
)
"""Names of streets begin with one of these in Spanish, Portuguese, French, Italian and others."""
STREET_ENDINGS = (
    "straße", "strasse", "weg", "gasse", "platz", "allee", "ufer", "gatan", "vägen", "veien", "vegen", "vej", "gade", "gata", "stræde",
    "straat", "laan", "plein", "kade", "dijk", "gracht", "katu", "kuja", "polku", "utca", "gränd", "backe", "stien",
)  # fmt: skip
"""Names of streets end so in German, Dutch, Nordic and other languages."""
UNITS = (
    r"apt|apartment|suite|ste|unit|flat|room|rm|floor|bldg|building|piso|planta|puerta|depto|dpto|departamento|apto|apartamento|bloco|sala|"
    r"interior|oficina|lote|postbox|box"
)
STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|"
    "MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|PR"
)
STATE_NAMES = (
    "alabama|alaska|arizona|arkansas|california|colorado|connecticut|delaware|florida|georgia|hawaii|idaho|illinois|indiana|iowa|kansas|kentucky|"
    "louisiana|maine|maryland|massachusetts|michigan|minnesota|mississippi|missouri|montana|nebraska|nevada|new hampshire|new jersey|new mexico|"
    "new york|north carolina|north dakota|ohio|oklahoma|oregon|pennsylvania|rhode island|south carolina|south dakota|tennessee|texas|utah|vermont|"
    "virginia|washington|west virginia|wisconsin|wyoming"
)
GOODS = words("rocky wall abbey fleet")
"""What stands before a word for a street in the name of goods."""
MEASURES = words(
    """
    case cases cs lb lbs kg kgs g oz box boxes bag bags of dozen doz dz gal gallon gallons ct count pack packs pk each ea pcs pieces bottles
    bottle cans can jar jars bunch bunches cup cups tbsp tsp teaspoon tablespoon ml l liter liters cl qt quart pint pints piece slices slice
    x pounds pound ounces ounce sticks stick cloves clove heads head inch inches in the a an and or for with without order orders pizza
    pizzas more units unit minutes hours days caja cajas kilo kilos unidades botellas latas bolsas docena docenas caixa caixas garrafas
    duzia dúzia dúzias pacotes de y e con com pm am percent off to from min hrs hour day week weeks please is was are i
    we you my your gb tb mb hard setting settings
    """
)
"""What follows a quantity; no house number stands before these."""
