"""An example of every body that has none beside its model, by the name of its operation; a test holds each against its schema."""

from collections.abc import Mapping
from typing import Any, Final

_PRINCIPAL: Final = "0198c0de-0000-7000-8000-000000000002"
_MATRIX: Final = {"version": 4}

BODIES: Final[Mapping[str, Any]] = {
    "fileDisputes": {
        "disputes": [
            {
                "key": "import-4711",
                "received_at": "2026-05-04T09:00:00Z",
                "customer": {"email": "ada@example.org"},
                "subject": "Charged twice",
                "description": "You took 49.90 twice on 3 May.",
            }
        ]
    },
    "createPrincipal": {"name": "Helpdesk", "role": "integration"},
    "changePrincipal": {"active": False},
    "createKey": {"principal_id": _PRINCIPAL, "name": "helpdesk", "scopes": ["disputes:read", "disputes:write"]},
    "rotateKey": {"overlap_seconds": 3600},
    "addMessage": {"direction": "in", "channel": "telephone", "body": "The second parcel did not come either."},
    "waitForSomebody": {
        "for": "customer",
        "reason": "We need to see the damage.",
        "message": "Please send us a photo of the damage.",
    },
    "resumeDispute": {"reason": "The photo came."},
    "moveDispute": {"trigger": "investigate"},
    "escalateDispute": {"reason": "The customer asks for somebody who may decide.", "to_tier": 2},
    "assignDispute": {"handler": "Ann Example", "reason": "She knows the product."},
    "reassign": {"from": "Ann Example", "reason": "She leaves on Friday.", "filter": {"tiers": [1]}},
    "dryRunReassign": {"from": "Ann Example", "filter": {"tiers": [1]}},
    "askExpert": {"desk": "fraud", "question": "Was the card present at this payment?"},
    "answerExpertRequest": {"answer": "No. The payment was made by telephone."},
    "withdrawExpertRequest": {"reason": "The customer found the receipt."},
    "referDispute": {"body": "Financial Ombudsman Service", "reference": "FOS-123"},
    "expectExternalAnswer": {"expected_at": "2026-06-01T00:00:00Z"},
    "recordExternalDecision": {
        "outcome": "upheld",
        "decided_at": "2026-05-04T09:00:00Z",
        "remedy": "refund",
        "amount": {"value": "49.90", "currency": "EUR"},
    },
    "resolveDispute": {
        "outcome": "upheld",
        "remedy": "refund",
        "amount": {"value": "49.90", "currency": "EUR"},
        "explanation": "You were charged twice. We have refunded the second charge.",
    },
    "closeDispute": {"because": "confirmed"},
    "reopenDispute": {"because": "remedy_failed", "reason": "The refund did not arrive."},
    "withdrawDispute": {"reason": "The parcel came after all."},
    "giveFeedback": {"solved": True, "rating": 5, "comment": "Quick and friendly."},
    "extendClock": {"by": "5 business days", "reason": "The maker has to look at the part."},
    "recordLetter": {"letter": "final_response_sent", "channel": "post", "sent_at": "2026-05-04T09:00:00Z"},
    "markDispute": {"name": "repair_requested", "at": "2026-05-04T09:00:00Z"},
    "putPolicy": {"rollback_to": 3, "reason": "Too many climbs."},
    "dryRunPolicy": _MATRIX,
    "replayPolicy": _MATRIX,
    "acceptCluster": {
        "label": "service fee of the May run",
        "reason": "one invoice run charged the fee twice",
    },
    "dismissCluster": {"reason": "a form letter of a consumer site, about different fees"},
    "migratePolicy": {"to_version": 5, "filter": {"tiers": [1]}, "reason": "Also for running cases"},
    "createWebhookEndpoint": {
        "name": "Helpdesk",
        "url": "https://desk.example.com/in",
        "topics": ["dispute.*"],
    },
    "changeWebhookEndpoint": {"active": True},
    "changeInboundEndpoint": {"active": False},
    "rotateInboundSecret": {"secret": None},
    "dismissInboundDelivery": {"reason": "An advertisement."},
    "discardDeadLetter": {"reason": "The dispute was erased."},
}
