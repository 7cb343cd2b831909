"""Words of conversation: what stands around a product and is never part of it."""


def words(written: str) -> frozenset[str]:
    """The set of the words of a text; it keeps long lists readable."""
    return frozenset(written.split())


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT_WEEKDAYS = {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6}
WEEKDAY_NUMBERS = {name: number for number, name in enumerate(WEEKDAYS)} | _SHORT_WEEKDAYS

MONTHS = words("january february march april may june july august september october november december")
DAY_WORDS = frozenset({*WEEKDAYS, "today", "tomorrow", "tmrw", "tmr", "tonight", "asap"})

GREETINGS = words(
    "hi hii hai helo hello hullo hey heya hiya howdy yo morning afternoon evening greetings dear ciao hola aloha bonjour oh ah um uh hmm hm lol"
)
POLITENESS = words("please pls plz plse kindly thanks thank thx thankyou ty cheers sorry")
ASSENT = words("yes yeah yep yup yea ok okay okey k sure alright right great perfect fine cool correct")
PRONOUNS = words("i i'd i'll i'm i've id im ive we we'd we'll we're we've you u you're your ur it its it's he she they them they're me us my our")
VERBS = words(
    """
    is are was were be been am isn't aren't will would won't can't cannot could couldn't should shouldn't may might must can do does did
    don't dont didn't have has had haven't get got give gimme need needs want wanna wants like let let's lets send bring order ordered
    ordering deliver delivered take add make put go going know think see tell ask call wait come came check hope love looks sounds taste
    ahead forget said meant mean buy buying bought purchase purchasing show pull open finish complete confirm process
    """
)
LINKS = words("for by before at that that's thats this these those if when so but because to from not until till as such then there here now later")
ADVERBS = words("possible instead only just too also again actually maybe today's week weekend except without yet already")
QUESTIONS = words("how what what's whats when where why who which")

STOPS = (
    DAY_WORDS
    | GREETINGS
    | POLITENESS
    | PRONOUNS
    | VERBS
    | LINKS
    | ADVERBS
    | QUESTIONS
    | {"yes", "ok", "okay", "wait", "oops", "correction", "rather", "anymore"}
)
"""No product phrase goes past one of these words."""

FILLERS = words("the a an of some any more another additional few couple each your those these same on x and & plus also then n")
"""Words that may stand right before a product without being part of it."""


TRAILERS = words("and & plus with of the a an each in on plus more extra or qty quantity no nos sir madam mate bro guys all down")
"""Words that may stand right behind a product without being part of it."""


CONJUNCTIONS = frozenset({"but", "so", "because"})
"""Words between two clauses, and never within a product."""

CONNECTORS = frozenset({"and", "&", "plus", "+", "n", "also"})
"""Words between two lines of one sentence, and also within one product: mac and cheese."""

ORDER_VERBS = words("need want send order bring deliver add give gimme like put buy purchase")
"""Verbs that make a product without a quantity an order."""

PAIRS = frozenset(
    tuple(pair.split("+"))
    for pair in words(
        """
        half+half mac+cheese salt+pepper salt+peppercorns salt+vinegar oil+vinegar fish+chips ham+cheese cookies+cream strawberries+cream
        sweet+sour hot+sour chips+salsa rice+beans black+white red+white butter+jelly bread+butter lemon+lime peas+carrots onion+chive cream+onion
        """
    )
)
"""What stands around "and" in the name of one product."""

CLAUSE_OPENERS = words(
    """
    remove scrap drop delete cancel skip scratch swap replace switch change make update add send take leave no not don't dont i we i'd i'll
    we'd can could please pls plz also then some another that's thats hold forget include bring give let
    """
)
"""Words behind "and" with which something new begins."""

PREPARATIONS = words(
    """
    cut plus or for to if with about preferably such optional at from into in on such not divided undivided room warm very
    more each as until including see note depending well use separate separated white green both any
    """
)
"""Words that, behind a comma, begin a remark on the product just named."""

ADJECTIVES = words("plain firm fresh dry hot cold sweet soft raw lean ripe chilled frozen beaten split ground small medium large big thin thick")
"""Words that describe a product: before a comma they go with what follows, alone behind one they go with what came before."""

PREPARED = words(
    """
    chopped minced grated diced sliced shredded toasted crushed cooked melted packed torn peeled softened squeezed cubed crumbled cracked mashed
    sifted slivered julienned trimmed pitted seeded halved quartered rinsed drained beaten chilled warmed heated roasted uncooked cut
    large small medium
    """
)
"""How a cook wants a product, in front of it."""

NOT_NAMED = words(
    """
    cancel scrap never mind no not none nothing usual same order orders anything something everything stuff things list question questions
    help problem account number name address day week month year time done all good nice day ok guys everyone team thanks regards best
    cheers command action task process job request menu bill receipt total card location screen item items product products article
    articles confirm finish complete bye goodbye change changes update edit modify cancel correction approved confirmed
    """
)
"""Words that no product without a quantity is made of."""
