import type { CipherSuite } from "@qpc/crypto"
import { suite0001 as suite } from "@qpc/crypto/node"
import type { Random } from "@qpc/wire"
import type { GroupLimits } from "../limits.ts"
import { readRejoinRequest } from "../rejoin/rejoin-request.ts"
import { Outlaw } from "./outlaw.ts"
import { seededRandom } from "./seeded-random.ts"
import { SigningLog } from "./signing-log.ts"
import { WayBack } from "./way-back.ts"
import { World } from "./world.ts"

/** For what the tests draw themselves. */
export const random: Random = seededRandom(77)

/**
 * Alice, bob and dave, who lost the group in epoch 2; and mallory, who is in it and has all its keys.
 *
 * @param suites - Those that the others may change to.
 */
export function withMallory(limits: GroupLimits = {}, suites: readonly CipherSuite[] = []) {
  const log = new SigningLog(suite)
  const world = new World(suite, 1, log)
  const [alice, bob, dave] = world.group(3, { limits, suites })
  const mallory = new Outlaw(suite, 9, world.clock.nowMs)
  alice.send({ kind: "invite", keyPackages: [mallory.keyPackage()] })
  world.settle()
  mallory.join(world.service.take(mallory.inboxKey)!)
  for (const device of [alice, bob, dave]) device.events.length = 0
  const back = new WayBack(suite, world, dave)
  const request = readRejoinRequest([suite], (back.ask(), back.asked!.request))!
  return { log, world, alice, bob, dave, mallory, back, request }
}
/** What the tests of a way back are about. */
export type Scene = ReturnType<typeof withMallory>
