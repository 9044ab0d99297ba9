import type { CipherSuite } from "@qpc/crypto"
import { createMember, DEFAULT_ROLES, inspectKeyPackage, MEMBER_ROLE, PERMISSIONS } from "@qpc/group"
import type { Intent, Outgoing } from "@qpc/group"
import { toGroupId } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { Prng } from "../simulate/prng.ts"
import { intentsOf } from "./casts.ts"
import type { CastName } from "./casts.ts"
import { DeliveryService } from "./delivery-service.ts"
import { Racer } from "./racer.ts"
import type { StoredRacer } from "./racer.ts"

/** One racer and what it wants. Its commit is made and waits in its outbox. */
export interface Entrant {
  readonly stored: StoredRacer
  readonly intent: Intent
  /** Whom the intent invites. */
  readonly invited: readonly IdentityKey[]
}

/** A group in which every racer has a commit out of the same epoch. Races start from it as often as one likes. */
export interface StartingLine {
  readonly suite: CipherSuite
  readonly nowMs: number
  readonly cast: CastName
  readonly entrants: readonly Entrant[]
  /** The two bystanders, and those who may be invited. */
  readonly others: readonly StoredRacer[]
  /** The epoch that all commits leave. */
  readonly epoch: bigint
  /** What made the group: it tells a delivery service who is in it. */
  readonly opening: Outgoing
}

const NOW_MS = 1_800_000_000_000
const ALL = Object.values(PERMISSIONS).reduce((all, bit) => all | bit, 0)
/** Everybody may do everything: who is faster decides, and nothing else. */
const EQUALS = new Map([...DEFAULT_ROLES, [MEMBER_ROLE, ALL]])

/** Makes a group of `racerCount` racers and two bystanders; everything repeats from the seed. */
export async function startingLine(parts: {
  readonly suite: CipherSuite
  readonly racerCount: number
  readonly cast: CastName
  readonly seed: number
}): Promise<StartingLine> {
  const { suite, racerCount, cast, seed } = parts
  const prng = new Prng(BigInt(seed), `${cast} ${racerCount}`)
  const racerNamed = (name: string): Racer => {
    const random = prng.fork(name).bytes
    const identity = suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes))
    return new Racer(identity, { suite, random, nowMs: NOW_MS })
  }
  const racers = Array.from({ length: racerCount }, (_, i) => racerNamed(`racer ${i}`))
  const bystanders = [racerNamed("bystander 0"), racerNamed("bystander 1")] as const
  const newcomers = racers.map((_racer, i) => racerNamed(`newcomer ${i}`))
  const opening = await makeGroup(suite, [...racers, ...bystanders], prng)
  const company = {
    racers: racers.map(({ self }) => self),
    bystanders: [bystanders[0].self, bystanders[1].self] as const,
    keyPackage: (i: number): Uint8Array => newcomers[i]!.keyPackage(),
  }
  const { epoch } = racers[0]!.member!
  const entrants = intentsOf(cast, company, prng.fork("intents")).map((intent, i) => {
    racers[i]!.want(intent)
    return { stored: racers[i]!.stored(), intent, invited: invitedBy(suite, intent) }
  })
  const others = [...bystanders, ...newcomers].map((one) => one.stored())
  return { suite, nowMs: NOW_MS, cast, entrants, others, epoch, opening }
}

async function makeGroup(suite: CipherSuite, members: readonly Racer[], prng: Prng): Promise<Outgoing> {
  const service = new DeliveryService(NOW_MS)
  for (const { self } of members) await service.enrol(self)
  const [founder, ...rest] = members as [Racer, ...Racer[]]
  const { identity: device } = founder
  const random = prng.fork("founder").bytes
  const groupId = toGroupId(random(16))
  founder.member = createMember({ suite, device, random, groupId, name: "garden", roles: EQUALS, nowMs: NOW_MS })
  founder.want({ kind: "invite", keyPackages: rest.map((one) => one.keyPackage()) })
  const [opening] = founder.outbox
  await founder.offer(service)
  for (const member of members) await member.read(service)
  for (const member of members) member.events.length = 0
  return opening!
}

function invitedBy(suite: CipherSuite, intent: Intent): IdentityKey[] {
  if (intent.kind !== "invite") return []
  return intent.keyPackages.flatMap((keyPackage) => {
    const inspected = inspectKeyPackage(suite, keyPackage, NOW_MS)
    return inspected.kind === "valid" ? [inspected.identityKey] : []
  })
}
