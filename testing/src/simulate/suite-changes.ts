import type { Conversation } from "@qpc/sdk"
import { toHex } from "@qpc/wire"
import type { ClientNode } from "./client-node.ts"
import { attempt } from "./workload.ts"
import type { WorkloadOptions } from "./workload.ts"

/** How often two people ask at the same moment, for the same suite or for another. */
const BOTH_AT_ONCE = 0.3
/** How often it is somebody who may not. */
const UNINVITED = 0.1

/** Lets people ask for another cipher suite of their groups, mostly those who may, until `endsAtMs`. */
export function startSuiteChanges(options: WorkloadOptions, endsAtMs: number): void {
  const { world, prng, plan } = options
  const { suiteChanges } = plan
  if (suiteChanges === undefined) return
  const { askedEveryMs, wanted } = suiteChanges
  const next = (): void => {
    world.schedule(prng.waitMs(askedEveryMs), () => {
      if (world.nowMs() >= endsAtMs) return
      askForSuites(options, wanted)
      next()
    })
  }
  next()
}

function askForSuites(options: WorkloadOptions, wanted: readonly number[]): void {
  const { prng, devices } = options
  const [atOnce, isAnybody, which] = [prng.chance(BOTH_AT_ONCE) ? 2 : 1, prng.chance(UNINVITED), prng.fraction()]
  const suiteIds = [prng.pick(wanted), prng.pick(wanted)]
  const able = prng.shuffled(devices).flatMap((node) => {
    const groups = node.client?.conversations().filter((group) => group.isMember && (isAnybody || isAdmin(node, group)))
    const group = groups?.[Math.floor(which * groups.length)]
    return group === undefined ? [] : [{ node, group }]
  })
  for (const [i, { node, group }] of able.slice(0, atOnce).entries()) {
    const suiteId = suiteIds[i]!
    void attempt(options, node, `cipher suite ${suiteId}`, () => group.changeSuite(suiteId))
  }
}

function isAdmin({ identityKey }: ClientNode, group: Conversation): boolean {
  const own = group.roles()?.find(({ person }) => toHex(person.identityKey) === identityKey)
  return own?.role === "admin"
}
