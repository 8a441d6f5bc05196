"""Who runs next, on which GPUs, and what makes room for it: pure functions of what there is and the time.

The rules, in the words of the API's reference:

- RESERVED work runs on GPUs that are reserved for its team: its own allocations, the part of a reservation that its
  team owns and has not allocated, and by the same rule those of the teams above it, the nearest first, up to the
  organisation. It is never preempted. Without any configured reservation, every pool is reserved for the organisation,
  so that every team may use all of it.
- ELASTIC work runs on whatever is idle, first in pools where its own team, then a team above it, has reserved GPUs.
  When RESERVED work needs the GPUs, elastic work gives up pods above its `min_pods` (where the executor can take them
  away), and then whole workloads are preempted, the last started first.
- GANG (and no scaling mode) places all pods or none; ELASTIC scaling places as many as fit from `min_pods` to
  `requested_pods`, and more when GPUs free up.
- Higher priority first, then older first, RESERVED before ELASTIC. What has to wait is not overtaken by what would take
  the GPUs that it waits for, and goes on waiting where room is being made for it: nothing is preempted in vain.
- What can never fit fails with the reason. A team that has used its GPU-hours of the month, or is below one that has,
  starts nothing more.
"""

__all__: list[str] = []
