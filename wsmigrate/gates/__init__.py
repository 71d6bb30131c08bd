"""Gates: checks that a step of the cutover must pass. Three outcomes; no data is never a pass.

Pure judgement: what was measured comes in as ``evidence``, each gate is a module of its own, and
``built_in`` says which ones a step has.
"""

from wsmigrate.gates.outcomes import (
    GateResult,
    Judgement,
    Outcome,
    judged,
    judgement_of,
)

__all__ = ["GateResult", "Judgement", "Outcome", "judged", "judgement_of"]
