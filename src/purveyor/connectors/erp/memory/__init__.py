"""A reference ERP that lives in memory: for benchmarks, fault tests and for proving that rules do not depend on the ERP."""

from purveyor.connectors.erp.memory.erp import Fault, MemoryErp

__all__ = ["Fault", "MemoryErp"]
