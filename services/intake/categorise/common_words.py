"""Words that explain nothing to a reader, alone or as a pair; they may score but are never given as a reason."""

_LIST = """
a about after again all also am an and any are as at be because been before being but by can could d did do does don
down each even ever every few for from further get give go got had has have having he her here hers him his how i if in
into is it its just ll m make many me more most much my no nor not now of off on once one only or other our out over own
re s said same say says she should so some such t than that the their them then there these they thing things this those
though through to too two under until up upon us ve very was we well were what when where which while who whom why will
with would yet you your hi hello please one two three four five six seven eight nine ten
"""

COMMON_WORDS = frozenset(_LIST.split())


def explains_nothing(pattern: str) -> bool:
    """Whether all of a pattern's words are such words."""
    return COMMON_WORDS.issuperset(pattern.split())
