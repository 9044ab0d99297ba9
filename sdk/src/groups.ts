import { GroupStateError, memberFromBytes, memberFromRecords } from "@qpc/group"
import type {
  EpochLogOptions,
  GroupLimits,
  GroupStateErrorCode,
  LayerLine,
  Member,
  MemberSurroundings,
} from "@qpc/group"
import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { toHex } from "@qpc/wire"
import type { GroupId, Random, StateRecord } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import { corruptRecord } from "./profile.ts"
import type { Profile } from "./profile.ts"

/** What waking a member takes. */
export interface GroupsOptions {
  /** At least one. New members are in the first unless they say otherwise. */
  readonly suites: readonly CipherSuite[]
  readonly random: Random
  readonly limits: GroupLimits
  readonly onLayer: (line: LayerLine) => void
  readonly epochLog: EpochLogOptions
}

/**
 * All groups of this profile, awake.
 *
 * A member in memory is never ahead of the store for longer than one transaction: where that fails, {@link reload} brings
 * back what the store has.
 */
export class Groups {
  readonly #options: GroupsOptions
  readonly #members = new Map<string, Member>()

  constructor(options: GroupsOptions) {
    this.#options = options
  }

  /** What a member needs besides its state. */
  surroundings(device: KeyPair): MemberSurroundings {
    const { suites, random, limits, onLayer, epochLog } = this.#options
    return { device, suites, random, limits, onLayer, epochLog }
  }

  /** Wakes every group. @throws ClientError `store_corrupt` */
  async load(profile: Profile, device: KeyPair): Promise<void> {
    for await (const { groupId, records } of profile.members()) this.adopt(this.#wake(groupId, records, device))
  }

  /** A member that a profile of the first format has in one piece. The caller's. @throws ClientError `store_corrupt` */
  wakeWhole(groupId: GroupId, state: Uint8Array, device: KeyPair): Member {
    return named(groupId, () => memberFromBytes(this.#options.suites[0]!, state, this.surroundings(device)))
  }

  find(groupId: GroupId): Member | undefined {
    return this.#members.get(toHex(groupId))
  }

  all(): readonly Member[] {
    return [...this.#members.values()]
  }

  /** Takes ownership; an earlier member of the same group is let go. */
  adopt(member: Member): void {
    const name = toHex(member.groupId)
    const earlier = this.#members.get(name)
    if (earlier !== member) earlier?.[Symbol.dispose]()
    this.#members.set(name, member)
  }

  /** Forgets what memory says about a group and takes what the store says. */
  async reload(profile: Profile, groupId: GroupId, device: KeyPair): Promise<void> {
    const name = toHex(groupId)
    this.#members.get(name)?.[Symbol.dispose]()
    this.#members.delete(name)
    const records = await profile.member(groupId)
    if (records.length > 0) this.#members.set(name, this.#wake(groupId, records, device))
  }

  /** Zeroes what can be zeroed. */
  close(): void {
    for (const member of this.#members.values()) member[Symbol.dispose]()
    this.#members.clear()
  }

  #wake(groupId: GroupId, records: readonly StateRecord[], device: KeyPair): Member {
    return named(groupId, () => memberFromRecords(this.#options.suites[0]!, records, this.surroundings(device)))
  }
}

function named(groupId: GroupId, wake: () => Member): Member {
  try {
    return wake()
  } catch (error) {
    const isNewer = error instanceof GroupStateError && NEWER.has(error.code)
    if (isNewer) throw newerRecord(groupId, error)
    if (error instanceof GroupStateError) throw corruptRecord(`group ${toHex(groupId)}: ${error.code}`, error)
    throw error
  }
}

/** What only a newer program has. */
const NEWER: ReadonlySet<GroupStateErrorCode> = new Set(["unknown_version", "unknown_suite"])

function newerRecord(groupId: GroupId, cause: GroupStateError): ClientError {
  const what = `group ${toHex(groupId)} was written by a newer qpc`
  return new ClientError("store_newer", what, { nextStep: "Update qpc.", cause })
}
