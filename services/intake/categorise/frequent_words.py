"""The words that complaints use most, commonest first: what they are looked for by would be found in every text."""

_LIST = """
the i to my and a was is it for of on in not that you me this have with card your can they account from at has do an
be there no one up been payment but never had what as credit are how would by money did get when please after am all
back why car or time still out now loan so vehicle were only we need does order made transfer sent off will charged
paid two about pay them any new told without phone came which if says wrong fee because nobody days repair same top
over said information where want should like since could know bank under return times got company then day use
payments warranty into again amount take year number contact while received left guarantee month service took nothing
bill report app cash shop exchange issue our charge three asked help even through full say weeks date every each
invoice just these due down taken called address being cancelled other used refund statement dealer failure late
someone bought more make before name call their m another first although interest find he go who letter work went also
yet tried lost contract balance send engine problem don ago using delivery gave change returned see come very customer
stop pending check months refused rate twice closed week claim stated think recall last plan keep everything won
though within purchase manufacturer ordered changed she system case opened than debit mail broke five four identity
debt next transaction price store going long consumer right may water reporting hold machine ten old some line details
declined tell website able turned complaint didn driving promised shows email charges box withdrawal its e hours
second online billed mine ve replaced cards extra free cover us waiting error power available fraud today her years
many showing put pin accounts working funds keeps arrived found contacted something person safety correct done warning
give parcel driver battery must agreed replacement way asking doesn collection much minutes approved fees signed
delivered start request side turn explain missing failed fix part cut item own door applied however support home gone
people reported well transferred cost ask currency requested financial away already set shoes receive his until
getting informed paying several reason smoke personal night isn site cannot copy third ever provide too open page
original response drive code both data close firm happened verify possible place light receipt evening needed size
verification ticket dispute lamp documents business deposit monthly direct food booked cancel miles damage
"""

_RANKS = {word: rank for rank, word in enumerate(_LIST.split())}
_UNLISTED = 1 / 1_500
_SEVERAL_WORDS = 1 / 5_000


def frequency(wording: str) -> float:
    """How often a word or a sequence of words is to be expected, in shares that can be added up; a rough guess."""
    if " " in wording:
        return _SEVERAL_WORDS
    rank = _RANKS.get(wording)
    return _UNLISTED if rank is None else 1 / (rank + 8)
