"""The addresses that replies name."""

from uuid import UUID

from services.intake.parts import IntakeParts
from shared.messages.links import portal_path


def path_of(dispute_id: UUID) -> str:
    """Where the dispute is."""
    return f"/v1/disputes/{dispute_id}"


def portal_url(parts: IntakeParts, dispute_id: UUID) -> str:
    """The customer's own page; nobody can make this address without the installation's secret."""
    return parts.public_url + portal_path(parts.sealer, dispute_id)


def links(parts: IntakeParts, dispute_id: UUID) -> dict[str, str]:
    """Where to go from a dispute."""
    path = path_of(dispute_id)
    return {
        "self": path,
        "history": f"{path}/history",
        "clocks": f"{path}/clocks",
        "portal": portal_url(parts, dispute_id),
    }
