"""Words and phrases that show discrimination, and what only looks like it."""

_TRAITS = (
    "black|white|asian|african|arab|arabic|muslim|muslims|jewish|jew|jews|hindu|sikh|hispanic|latino|latina|mexican|gay|lesbian|"
    "trans|transgender|foreign|foreigner|foreigners|immigrant|immigrants|woman|women|female|old|older|elderly|disabled|pregnant|"
    "deaf|blind|polish|turkish|indian|chinese|brown|romanian|roma|gypsy"
)
_GROUNDS = (
    "race|religion|age|gender|sex|accent|skin|colour|color|disability|nationality|headscarf|hijab|turban|faith|ethnicity|"
    "sexuality|orientation|wheelchair|pregnancy|origin|surname|ethnic|national|background|stutter"
)

DISCRIMINATION = (
    "discriminate|discriminated|discriminates|discriminating|discrimination|discriminatory|racist|racists|racism|racial|racially|sexist|sexism|homophobic|homophobia|transphobic|ageist|ageism|xenophobic|xenophobia|antisemitic|islamophobic|ableist|bigot|bigoted|bigotry|misogynist|misogyny|prejudiced",
    f"because|off|due of|to .. {_GROUNDS}",
    f"because i|we|he|she|they|you am|m|are|re|is|s|was|were .. {_TRAITS}",
    "as a|an black|asian|muslim|jewish|foreigner|woman|trans|gay|disabled|immigrant|foreign|african",
    "being black|asian|muslim|jewish|foreign|gay|trans|disabled",
    "only black|asian|muslim|jewish|foreign|indian|african|gay|disabled|white family|families|customers|customer|people|couple|ones",
    "only the black|asian|african|muslim|foreign|indian|gay|jewish|turkish|polish",
    "white neighbour|neighbor|neighbours|neighbors|customers|people|families|friend|friends|colleague|colleagues|flatmate|flatmates|roommate|husband|wife|partner|boyfriend|girlfriend|tenants|guests|passengers|coworker",
    "turkish|foreign|polish|arabic|arab|african|muslim|jewish|indian|asian|chinese|romanian name|surname|sounding",
    "refuse|refused|serve|denied|turned|insulted|ignored .. asian|muslim|jewish|gay|lesbian|trans|foreigners|immigrants|gypsy",
    "refuse|refused|serve|denied|insulted|ignored .. black people|person|customer|customers|man|woman|men|women|family|families|couple|guests|passengers|tenants",
    "treated|treat|treating .. differently|worse|badly|unfairly because|than|due|as",
    "treated differently|unequally",
    "refused|denied|declined entry|service|boarding|admission because",
    "slur|slurs|headscarf|hijab|turban|profiled|misgendered|fag|faggot|paki|chink|nigger|negro|retard|tranny",
    "racial|racially profiling|profiled",
    "with|mocked|my|his|her|our|foreign accent",
    "skin colour|color",
    "dark|black|brown skin|skinned",
    "go|went back to|where your|you",
    "people like us",
    "people|customers with .. accent|skin|disability|disabilities",
    "equality|equal act|commission|credit|rights|treatment|opportunity",
    "plan|planning|want|wanted to get|become|be pregnant",
    "too old",
    "remark|remarks|comment|comments|joke|jokes .. age|race|accent|religion|skin|gender|disability|colour|color",
    f"mocked|mocking|mimicked|laughed|ridiculed .. {_GROUNDS}",
    "guide|service|assistance dog .. refused|denied|not|t|cannot|cant|dont|never|turned|ban|banned",
    "let|allow|allowed .. guide|service|assistance dog",
    "two|both|gay|lesbian|sex men|women|couple",
    "who|not serve|served jews|muslims|blacks|foreigners|gays|women",
)

NOT_DISCRIMINATION = (
    "no discrimination between",
    "discrimination between",
    "price discrimination",
    "accent chair|wall|table|colour|color",
    "foundation shade",
    "because of|to age|age related wear",
    "due to|of age",
    "black friday|box|screen|ops|list|market|and|or|leather|mold|mould|mark|marks|smoke|ink",
    "as a white|black box|label|market",
    "being a woman|women s",
    "too old to|for use|return|be|exchange|work",
    "slur of",
    "equal treatment of|signs",
    "all black|white|the",
    "foreign currency|transaction|exchange|fee|country|object|number|accent",
    "old customers|people|tenants|family|passengers|guests|person|customer|couple",
    "older customers|model",
    "because it is|s|was|were old|older|black|white|foreign",
    "guide dog calendar",
    "every other|old|all",
    "race number|car|day",
    "because it .. old|older|black|white",
    "origin of",
    "two|both men came|arrived|carried|delivered|from",
    "two women came",
    "equal credit|credit opportunity",
    "color of",
    "new|old customers .. differently",
    "treated .. differently because i|we cancelled|complained|pay",
    "with an accent chair",
    "want to be|become|get",
)
