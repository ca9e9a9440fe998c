"""The cases, in the order they run: each answers one question about speed and knows the promises that go with it."""

from harness.case import Case

from . import (
    adaptive,
    cpu_scaling,
    ctrl_c,
    error_latency,
    heavy_tail,
    hidden_straggler,
    idle_policies,
    import_time,
    infinite_break,
    io_flat,
    journal,
    memory,
    overhead,
    retries,
)

ALL: dict[str, Case] = {
    module.CASE.name: module.CASE
    for module in (
        overhead,
        cpu_scaling,
        memory,
        infinite_break,
        io_flat,
        heavy_tail,
        hidden_straggler,
        error_latency,
        idle_policies,
        retries,
        adaptive,
        journal,
        ctrl_c,
        import_time,
    )
}
