"""Every figure of every regime pack in one table, with a deadline worked out by hand for each.

A row is: pack, milestone, the circumstances it is for, the fact it starts on, its term, its extension (`to` a latest
end counted from the start, `by` so much at most, `open` without a maximum), its sources, a start, its due, and the due
when extended as far as its rule allows.
"""

from typing import Final, NamedTuple


class Row(NamedTuple):
    pack: str
    milestone: str
    only_if: str
    starts_on: str
    term: str
    extension: str
    sources: str
    start: str
    due: str
    extended: str = ""


# fmt: off
ROWS: Final = (
    Row("au.rg271", "acknowledgement", "", "received", "24 hours or 1 business day, whichever first", "", "S16 S17", "2026-06-01T18:00+10:00", "2026-06-02T17:00+10:00"),
    Row("au.rg271", "early_closure", "", "received", "5 business days", "", "S17", "2026-06-01T10:00+10:00", "2026-06-09T17:00+10:00"),  # Monday 8 June is a holiday in Sydney
    Row("au.rg271", "response", "hardship default_notice", "received", "21 calendar days", "open", "S16 S17", "2026-06-01T10:00+10:00", "2026-06-22T10:00+10:00"),
    Row("au.rg271", "response", "superannuation", "received", "45 calendar days", "open", "S16 S17", "2026-06-01T10:00+10:00", "2026-07-16T10:00+10:00"),
    Row("au.rg271", "response", "", "received", "30 calendar days", "open", "S16 S17", "2026-06-01T10:00+10:00", "2026-07-01T10:00+10:00"),
    Row("au.telco", "acknowledgement", "", "received", "2 business days", "", "S18", "2026-06-05T10:00+10:00", "2026-06-10T17:00+10:00"),
    Row("au.telco", "urgent_fix", "urgent", "received", "2 business days", "", "S18", "2026-06-01T10:00+10:00", "2026-06-03T17:00+10:00"),
    Row("au.telco", "plan", "", "received", "10 business days", "", "S18", "2026-06-01T10:00+10:00", "2026-06-16T17:00+10:00"),
    Row("au.telco", "carried_out", "", "plan_agreed", "5 business days", "", "S18", "2026-06-01T10:00+10:00", "2026-06-09T17:00+10:00"),
    Row("br.sac", "answer", "", "received", "7 calendar days", "", "S23", "2026-06-01T10:00-03:00", "2026-06-08T10:00-03:00"),
    Row("ca.bank", "response", "no_statutory_limit", "received", "90 calendar days", "", "S20", "2026-06-01T10:00-04:00", "2026-08-30T10:00-04:00"),
    Row("ca.bank", "response", "", "received", "56 calendar days, end of day", "", "S20", "2026-06-01T10:00-04:00", "2026-07-28T00:00-04:00"),  # 2 June is day 1, 27 July day 56
    Row("ca.bank", "external_referral", "", "milestone:response", "180 calendar days", "", "S20", "2026-06-01T10:00-04:00", "2026-11-28T10:00-05:00"),
    Row("card.amex", "filing", "", "transaction_posted", "120 calendar days", "", "S27", "2026-06-01T10:00+00:00", "2026-09-29T10:00+00:00"),
    Row("card.amex", "response", "", "evidence_requested", "20 calendar days", "", "S27 S29", "2026-06-01T10:00+00:00", "2026-06-21T10:00+00:00"),
    Row("card.discover", "filing", "", "transaction_posted", "120 calendar days", "", "S27", "2026-06-01T10:00+00:00", "2026-09-29T10:00+00:00"),
    Row("card.discover", "response", "", "evidence_requested", "30 calendar days", "", "S27 S29", "2026-06-01T10:00+00:00", "2026-07-01T10:00+00:00"),
    Row("card.mastercard", "filing", "", "transaction_posted", "120 calendar days", "", "S27", "2026-06-01T10:00+00:00", "2026-09-29T10:00+00:00"),
    Row("card.mastercard", "collaboration", "", "collaboration_opened", "72 hours", "", "S28", "2026-06-01T10:00+00:00", "2026-06-04T10:00+00:00"),
    Row("card.mastercard", "response", "", "evidence_requested", "45 calendar days", "", "S27 S29", "2026-06-01T10:00+00:00", "2026-07-16T10:00+00:00"),
    Row("card.visa", "filing", "", "transaction_posted", "120 calendar days", "to 540 calendar days", "S27", "2026-06-01T10:00+00:00", "2026-09-29T10:00+00:00", "2027-11-23T10:00+00:00"),
    Row("card.visa", "response", "", "evidence_requested", "30 calendar days", "", "S27 S29", "2026-06-01T10:00+00:00", "2026-07-01T10:00+00:00"),
    Row("eu.psd2.art101", "reply", "", "received", "15 business days", "to 35 business days", "S4", "2026-06-01T10:00+02:00", "2026-06-22T17:00+02:00", "2026-07-20T17:00+02:00"),
    Row("eu.sgd.2019_771", "liability", "", "goods_delivered", "2 years", "", "S13", "2024-06-01T10:00+02:00", "2026-06-01T10:00+02:00"),
    Row("eu.sgd.2019_771", "liability", "", "goods_delivered", "2 years", "by 12 months", "S13 S15", "2025-06-01T10:00+02:00", "2027-06-01T10:00+02:00", "2028-06-01T10:00+02:00"),
    Row("eu.sgd.2019_771", "burden_of_proof", "", "goods_delivered", "1 year", "", "S14", "2026-06-01T10:00+02:00", "2027-06-01T10:00+02:00"),
    Row("ie.cpc", "acknowledgement", "", "received", "5 business days", "", "S19", "2026-06-02T10:00+01:00", "2026-06-09T17:00+01:00"),
    Row("ie.cpc", "update", "", "received", "20 business days", "", "S19", "2026-06-02T10:00+01:00", "2026-06-30T17:00+01:00"),
    Row("ie.cpc", "resolution", "", "received", "40 business days", "", "S19", "2026-06-02T10:00+01:00", "2026-07-28T17:00+01:00"),
    Row("ie.cpc", "outcome_letter", "", "milestone:resolution", "5 business days", "", "S19", "2026-07-30T10:00+01:00", "2026-08-07T17:00+01:00"),  # Monday 3 August is a holiday
    Row("in.ecommerce", "acknowledgement", "", "received", "48 hours", "", "S21", "2026-06-01T10:00+05:30", "2026-06-03T10:00+05:30"),
    Row("in.ecommerce", "redress", "", "received", "1 month", "", "S21", "2026-01-31T10:00+05:30", "2026-02-28T10:00+05:30"),
    Row("in.rbi.tat", "reversal", "card_to_card imps upi", "transaction_failed", "1 calendar day, end of day", "", "S22", "2026-06-01T22:00+05:30", "2026-06-03T00:00+05:30"),
    Row("in.rbi.tat", "reversal", "", "transaction_failed", "5 calendar days, end of day", "", "S22", "2026-06-01T22:00+05:30", "2026-06-07T00:00+05:30"),
    Row("paypal", "inquiry", "", "inquiry_opened", "20 calendar days", "", "S26", "2026-06-01T10:00+00:00", "2026-06-21T10:00+00:00"),
    Row("uk.cra2015.goods", "reject", "", "goods_delivered", "30 calendar days, end of day", "", "S10 S11", "2026-06-01T15:00+01:00", "2026-07-02T00:00+01:00"),
    Row("uk.cra2015.goods", "refund", "", "remedy_agreed", "14 calendar days", "", "S11", "2026-06-01T10:00+01:00", "2026-06-15T10:00+01:00"),
    Row("uk.cra2015.later", "presumption", "", "goods_delivered", "6 months", "", "S11 S12", "2026-08-31T10:00+01:00", "2027-02-28T10:00+00:00"),
    Row("uk.fca.disp.early", "early_resolution", "", "received", "3 business days", "", "S1", "2026-05-22T10:00+01:00", "2026-05-28T17:00+01:00"),  # Monday 25 May is a bank holiday
    Row("uk.fca.disp.payments", "final_response", "", "received", "15 business days", "to 35 business days", "S3", "2026-06-01T10:00+01:00", "2026-06-22T17:00+01:00", "2026-07-20T17:00+01:00"),
    Row("uk.fca.disp.std", "final_response", "two_stage", "received", "8 weeks", "", "S2", "2026-06-01T10:00+01:00", "2026-07-27T10:00+01:00"),
    Row("uk.fca.disp.std", "final_response", "", "received", "8 weeks", "", "S2", "2026-06-01T10:00+01:00", "2026-07-27T10:00+01:00"),
    Row("uk.fca.disp.std", "ombudsman_referral", "", "final_response_sent", "6 months", "", "S2", "2026-07-27T10:00+01:00", "2027-01-27T10:00+00:00"),
    Row("uk.housing", "stage_1_acknowledgement", "", "received", "5 business days", "", "S25", "2026-05-22T10:00+01:00", "2026-06-01T17:00+01:00"),
    Row("uk.housing", "stage_1_reply", "", "milestone:stage_1_acknowledgement", "10 business days", "by 10 business days", "S25", "2026-06-01T10:00+01:00", "2026-06-15T17:00+01:00", "2026-06-29T17:00+01:00"),
    Row("uk.housing", "stage_2_acknowledgement", "", "stage_2_requested", "5 business days", "", "S25", "2026-06-01T10:00+01:00", "2026-06-08T17:00+01:00"),
    Row("uk.housing", "stage_2_reply", "", "milestone:stage_2_acknowledgement", "20 business days", "by 20 business days", "S25", "2026-06-01T10:00+01:00", "2026-06-29T17:00+01:00", "2026-07-27T17:00+01:00"),
    Row("uk.ofcom.adr", "adr_letter", "", "received", "8 weeks", "", "S24", "2026-04-07T10:00+01:00", "2026-06-02T10:00+01:00"),
    Row("uk.ofcom.adr", "adr_letter", "", "received", "6 weeks", "", "S24", "2026-04-08T10:00+01:00", "2026-05-20T10:00+01:00"),
    Row("us.cfpb.portal", "response", "", "portal_complaint_sent", "15 calendar days", "to 60 calendar days", "S8", "2026-06-01T10:00-04:00", "2026-06-16T10:00-04:00", "2026-07-31T10:00-04:00"),
    Row("us.magnuson_moss.703", "decision", "warrantor_skipped", "mechanism_notified", "47 calendar days", "", "S9", "2026-06-01T10:00-04:00", "2026-07-18T10:00-04:00"),
    Row("us.magnuson_moss.703", "decision", "", "mechanism_notified", "40 calendar days", "open", "S9", "2026-06-01T10:00-04:00", "2026-07-11T10:00-04:00"),
    Row("us.reg_e.1005_11", "written_confirmation", "oral_notice", "received", "10 business days", "", "S5 S6", "2026-06-01T10:00-04:00", "2026-06-15T17:00-04:00"),
    Row("us.reg_e.1005_11", "provisional_credit", "new_account", "received", "20 business days", "", "S5 S6", "2026-06-01T10:00-04:00", "2026-06-30T17:00-04:00"),  # Friday 19 June is a holiday
    Row("us.reg_e.1005_11", "provisional_credit", "", "received", "10 business days", "", "S5 S6", "2026-06-01T10:00-04:00", "2026-06-15T17:00-04:00"),
    Row("us.reg_e.1005_11", "provisional_credit_notice", "", "milestone:provisional_credit", "2 business days", "", "S5 S6", "2026-06-18T12:00-04:00", "2026-06-23T17:00-04:00"),
    Row("us.reg_e.1005_11", "investigation", "new_account", "received", "20 business days", "to 90 calendar days", "S5 S6", "2026-06-01T10:00-04:00", "2026-06-30T17:00-04:00", "2026-08-30T10:00-04:00"),
    Row("us.reg_e.1005_11", "investigation", "point_of_sale foreign", "received", "10 business days", "to 90 calendar days", "S5 S6", "2026-06-01T10:00-04:00", "2026-06-15T17:00-04:00", "2026-08-30T10:00-04:00"),
    Row("us.reg_e.1005_11", "investigation", "", "received", "10 business days", "to 45 calendar days", "S5 S6", "2026-06-01T10:00-04:00", "2026-06-15T17:00-04:00", "2026-07-16T10:00-04:00"),
    Row("us.reg_e.1005_11", "correction", "", "finding_made", "1 business day", "", "S5 S6", "2026-07-02T10:00-04:00", "2026-07-06T17:00-04:00"),  # 3 July stands in for Saturday 4 July
    Row("us.reg_e.1005_11", "results", "", "milestone:investigation", "3 business days", "", "S5 S6", "2026-07-01T10:00-04:00", "2026-07-07T17:00-04:00"),
    Row("us.reg_z.1026_13", "notice", "", "statement_sent", "60 calendar days", "", "S7 S30", "2026-05-01T10:00-04:00", "2026-06-30T10:00-04:00"),
    Row("us.reg_z.1026_13", "acknowledgement", "", "received", "30 calendar days", "", "S7", "2026-06-01T10:00-04:00", "2026-07-01T10:00-04:00"),
    Row("us.reg_z.1026_13", "resolution", "", "received", "2 billing cycles or 90 calendar days, whichever first", "", "S7", "2026-06-01T10:00-04:00", "2026-08-01T10:00-04:00"),
)
# fmt: on
