"""What each fact means that a milestone may start on or be met by, for whoever reports it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.domain.regime import Marker

MEANINGS: Final[Mapping[Marker, str]] = MappingProxyType(
    {
        Marker.RECEIVED: "the dispute was received",
        Marker.ACKNOWLEDGED: "the acknowledgement was handed over",
        Marker.RESPONDED: "a person answered for the first time",
        Marker.INFORMED: "the customer last had news",
        Marker.RESOLVED: "the decision was given",
        Marker.CLOSED: "the dispute was closed",
        Marker.REOPENED: "the dispute was opened again",
        Marker.STAGE_2_REQUESTED: "the customer asked for a second review",
        Marker.REFERRED_EXTERNAL: "the dispute went to an outside body",
        Marker.DECISION_SENT: "the product's letter with the decision was handed over",
        Marker.EXTENSION_NOTICE_SENT: "the product's letter with the reason for more time and the new date was handed over",
        Marker.UPDATE_SENT: "news in writing were handed over: an update, a message, or one of the letters that follow",
        Marker.ADR_LETTER_SENT: "the letter that names a scheme for alternative dispute resolution was sent",
        Marker.DELAY_NOTICE_SENT: "the letter was sent that says why there is no answer yet and when, with the rights there are",
        Marker.FINAL_RESPONSE_SENT: "the final or other written response was sent",
        Marker.OUTCOME_SENT: "the letter on the outcome was sent",
        Marker.PORTAL_RESPONSE_SENT: "the response was given in the regulator's portal",
        Marker.PROVISIONAL_CREDIT_TOLD: "the customer was told of the provisional credit",
        Marker.RESULTS_SENT: "the results of the investigation were sent",
        Marker.STAGE_2_ACKNOWLEDGED: "the request for a second review was acknowledged",
        Marker.SUMMARY_RESOLUTION_SENT: "the summary of an early resolution was sent, with the ombudsman's right",
        Marker.AMOUNT_REVERSED: "the amount of a failed transaction was put back",
        Marker.COLLABORATION_ANSWERED: "the merchant answered the issuer's collaboration request",
        Marker.COLLABORATION_OPENED: "the issuer opened a collaboration request",
        Marker.CUSTOMER_ANSWERED: "the customer answered what they were asked",
        Marker.CUSTOMER_ASKED: "the customer was asked for an answer",
        Marker.ERROR_CORRECTED: "the error was corrected",
        Marker.ESCALATED_TO_CLAIM: "the inquiry became a claim",
        Marker.EVIDENCE_REQUESTED: "the network or provider asked the merchant for evidence",
        Marker.EVIDENCE_SUBMITTED: "the merchant's evidence was submitted",
        Marker.FINDING_MADE: "an error was found",
        Marker.GOODS_DELIVERED: "ownership, delivery and any installation were all there",
        Marker.GOODS_REJECTED: "the customer rejected the goods",
        Marker.INQUIRY_OPENED: "the inquiry was opened",
        Marker.INVESTIGATION_FINISHED: "the investigation was finished, whatever it found",
        Marker.MECHANISM_DECIDED: "the settlement mechanism decided",
        Marker.MECHANISM_NOTIFIED: "the settlement mechanism was notified",
        Marker.PLAN_AGREED: "the customer agreed to the plan",
        Marker.PLAN_CARRIED_OUT: "the plan was carried out",
        Marker.PLAN_PROPOSED: "a plan was proposed to the customer",
        Marker.PORTAL_COMPLAINT_SENT: "the regulator's portal sent the complaint",
        Marker.PROVISIONAL_CREDIT_GIVEN: "provisional credit was given",
        Marker.REMEDY_AGREED: "the business agreed to the remedy",
        Marker.REMEDY_EXECUTED: "the remedy was carried out, such as the refund paid",
        Marker.REPAIR_DONE: "the repaired or replaced goods were back with the customer",
        Marker.REPAIR_REQUESTED: "the customer asked for, or agreed to, a repair or replacement",
        Marker.STATEMENT_SENT: "the statement with the error was sent",
        Marker.TRANSACTION_FAILED: "the transaction failed",
        Marker.TRANSACTION_POSTED: "the transaction was posted",
        Marker.URGENT_MATTER_FIXED: "the urgent matter was put right",
        Marker.WRITTEN_CONFIRMATION_RECEIVED: "the customer's written confirmation arrived",
    }
)
"""Those read from the dispute first, then the letters, then those that are reported."""
