"""What the HTTP door is made of, composed once at start and handed to every request through the application's state."""

from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from services.intake.categorise import Categoriser
from services.intake.commands.back_pressure import BackPressure
from services.intake.commands.batcher import Batcher
from services.intake.commands.categoriser_in_use import CategoriserInUse
from services.intake.commands.current_matrix import CurrentMatrix
from services.intake.limits import Buckets
from services.intake.security import KeyRing
from services.intake.settings import IntakeSettings
from shared.db.engine import Database
from shared.db.policies import Matrices
from shared.domain.taxonomy import Taxonomy
from shared.policy.taxonomy import load_taxonomy
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import Sealer


@dataclass(frozen=True, slots=True)
class IntakeParts:
    """The living parts of one intake process; the last six are made from the others."""

    settings: IntakeSettings
    database: Database
    sealer: Sealer
    categoriser: Categoriser
    """The shipped one; what answers is `in_use`."""
    metrics: Metrics
    matrices: Matrices = field(default_factory=Matrices)
    taxonomy: Taxonomy = field(default_factory=load_taxonomy)
    in_use: CategoriserInUse = field(init=False)
    matrix: CurrentMatrix = field(init=False)
    back_pressure: BackPressure = field(init=False)
    keys: KeyRing = field(init=False)
    buckets: Buckets = field(init=False)
    batcher: Batcher = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        object.__setattr__(self, "in_use", CategoriserInUse(self.categoriser))
        object.__setattr__(self, "matrix", CurrentMatrix(self.matrices))
        object.__setattr__(self, "back_pressure", BackPressure(settings.outbox_age_seconds_max))
        object.__setattr__(self, "keys", KeyRing(self.database))
        object.__setattr__(self, "buckets", Buckets(settings.rate_limit, settings.rate_window_seconds))
        batcher = Batcher(
            self.database,
            self.matrix,
            self.back_pressure,
            self.metrics,
            batch_max=settings.filing_batch_max,
            lanes_max=settings.filing_lanes,
            queue_max=settings.filing_queue_max,
        )
        object.__setattr__(self, "batcher", batcher)

    @property
    def public_url(self) -> str:
        """The address under which customers reach the product, without a slash at its end."""
        return str(self.settings.public_url).rstrip("/")


def parts_of(connection: HTTPConnection) -> IntakeParts:
    """The parts behind the application that serves this request."""
    parts: IntakeParts = connection.app.state.parts
    return parts
