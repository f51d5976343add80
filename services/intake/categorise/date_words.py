"""Words for months, weekdays and days past, in English, German, French and Spanish."""

from collections.abc import Mapping
from typing import Final

_MONTHS: Final = (
    "january jan januar jänner janvier janv enero ene",
    "february feb februar février fevrier févr fév febrero",
    "march mar märz maerz mär mars marzo",
    "april apr avril avr abril abr",
    "may mai mayo",
    "june jun juni juin junio",
    "july jul juli juillet juil julio",
    "august aug août aout agosto",
    "september sep sept septembre septiembre setiembre",
    "october oct oktober okt octobre octubre",
    "november nov novembre noviembre",
    "december dec dezember dez décembre decembre déc diciembre dic",
)
MONTHS: Final[Mapping[str, int]] = {
    word: number for number, words in enumerate(_MONTHS, start=1) for word in words.split()
}
"""One table for the four languages: no name means one month here and another there."""

_WEEKDAYS: Final = (
    "monday montag lundi lunes",
    "tuesday dienstag mardi martes",
    "wednesday mittwoch mercredi miércoles miercoles",
    "thursday donnerstag jeudi jueves",
    "friday freitag vendredi viernes",
    "saturday samstag sonnabend samedi sábado sabado",
    "sunday sonntag dimanche domingo",
)
WEEKDAYS: Final[Mapping[str, int]] = {word: number for number, words in enumerate(_WEEKDAYS) for word in words.split()}

COUNTS: Final[Mapping[str, int]] = {
    word: number
    for number, words in {
        1: "a an one ein eine einem einer un une una",
        2: "two couple zwei deux dos",
        3: "three drei trois tres",
        4: "four vier quatre cuatro",
        5: "five fünf fuenf cinq cinco",
        6: "six sechs seis",
        7: "seven sieben sept siete",
        8: "eight acht huit ocho",
        9: "nine neun neuf nueve",
        10: "ten zehn dix diez",
        11: "eleven elf onze once",
        12: "twelve zwölf zwoelf douze doce",
        14: "fourteen vierzehn quatorze catorce",
        15: "fifteen fünfzehn quinze quince",
    }.items()
    for word in words.split()
}

UNITS: Final[Mapping[str, str]] = {
    word: unit
    for unit, words in {
        "day": "day days tag tage tagen jour jours día días dia dias",
        "week": "week weeks woche wochen semaine semaines semana semanas",
        "month": "month months monat monate monaten mois mes meses",
        "year": "year years jahr jahre jahren an ans année années año años",
    }.items()
    for word in words.split()
}

DAYS_BACK: Final[Mapping[str, int]] = {
    "yesterday": 1,
    "the day before yesterday": 2,
    "day before yesterday": 2,
    "gestern": 1,
    "vorgestern": 2,
    "hier": 1,
    "avant-hier": 2,
    "ayer": 1,
    "anteayer": 2,
    "antier": 2,
}
