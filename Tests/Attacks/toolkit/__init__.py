"""What the attacks are written with; `from toolkit import *` brings all of it.

program       one command, a node that serves, what ends at the end
certificates  keys and certificates
merkle        trees and their proofs
notes         checkpoints, cosignatures, bundles
changesets    payloads of wire version 2, right and wrong ones; heads
company       a company that is made by hand, its connections and requests
log           its log: entries, checkpoints, pushes
dialled       a hostile server
world         the steward's node with honest and hostile members
"""

from .certificates import *  # noqa: F401,F403
from .certificates import sha256  # noqa: F401
from .changesets import *  # noqa: F401,F403
from .company import Company, ask, tile_path  # noqa: F401
from .dialled import Dialled, offer  # noqa: F401
from .log import Log, read_entry  # noqa: F401
from .notes import *  # noqa: F401,F403
from .program import *  # noqa: F401,F403
from .world import STEWARD, World  # noqa: F401
