import type { ClientNode } from "./client-node.ts"
import { attempt } from "./workload.ts"
import type { WorkloadOptions } from "./workload.ts"

/** Lets people who fear that somebody saw their device renew their keys, now here, now there, until `endsAtMs`. */
export function startKeyUpdates(options: WorkloadOptions, endsAtMs: number): void {
  const { world, prng, plan, devices } = options
  const { keyUpdates } = plan
  if (keyUpdates === undefined) return
  const next = (): void => {
    world.schedule(prng.waitMs(keyUpdates.askedEveryMs), () => {
      if (world.nowMs() >= endsAtMs) return
      void updateKeys(options, prng.pick(devices), prng.fraction())
      next()
    })
  }
  next()
}

async function updateKeys(options: WorkloadOptions, node: ClientNode, which: number): Promise<void> {
  const groups = node.client?.conversations().filter(({ isMember }) => isMember) ?? []
  const group = groups[Math.floor(which * groups.length)]
  if (group === undefined) return
  await attempt(options, node, "update keys", async () => {
    const { id } = await group.updateKeys()
    options.oracle.updatesKeys(id)
  })
}
