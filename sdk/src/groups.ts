import { memberFromBytes, memberFromRecords } from "@qpc/group"
import type { EpochLogOptions, GroupLimits, LayerLine, Member, MemberSurroundings } from "@qpc/group"
import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { toHex } from "@qpc/wire"
import type { GroupId, Random, StateRecord } from "@qpc/wire"
import { damageOf } from "./group-damage.ts"
import type { StoredDamage } from "./group-damage.ts"
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

/** A group of which nothing is used. */
interface Damaged {
  readonly groupId: GroupId
  readonly damage: StoredDamage
}

/**
 * All groups of this profile, awake, and those that cannot be woken.
 *
 * A member in memory is never ahead of the store for longer than one transaction: where that fails, {@link reload} brings
 * back what the store has.
 */
export class Groups {
  readonly #options: GroupsOptions
  readonly #members = new Map<string, Member>()
  readonly #damaged = new Map<string, Damaged>()

  constructor(options: GroupsOptions) {
    this.#options = options
  }

  /** What a member needs besides its state. */
  surroundings(device: KeyPair): MemberSurroundings {
    const { suites, random, limits, onLayer, epochLog } = this.#options
    return { device, suites, random, limits, onLayer, epochLog }
  }

  /** Wakes every group that can be woken. */
  async load(profile: Profile, device: KeyPair): Promise<void> {
    for await (const { groupId, records } of profile.members()) this.#wakeOrNote(groupId, records, device)
  }

  /** A member that a profile of the first format has in one piece, the caller's; `undefined` if it is damaged. */
  wakeWhole(groupId: GroupId, state: Uint8Array, device: KeyPair): Member | undefined {
    return this.#orNote(groupId, () => memberFromBytes(this.#options.suites[0]!, state, this.surroundings(device)))
  }

  /** The member that these records are, the caller's; `undefined` if they are damaged. Notes nothing. */
  wakeRecords(records: readonly StateRecord[], device: KeyPair): Member | undefined {
    try {
      return this.#wake(records, device)
    } catch (error) {
      damageOf(error)
      return undefined
    }
  }

  /** Why nothing of a group is used; `undefined` unless it is damaged. */
  damage(groupId: GroupId): StoredDamage | undefined {
    return this.#damaged.get(toHex(groupId))?.damage
  }

  damaged(): readonly Damaged[] {
    return [...this.#damaged.values()]
  }

  /** From now on nothing of the group is used. What was noted first stays. */
  noteDamage(groupId: GroupId, damage: StoredDamage): void {
    const name = toHex(groupId)
    this.#letGo(name)
    if (!this.#damaged.has(name)) this.#damaged.set(name, { groupId, damage })
  }

  /** Nothing of what was damaged is there any more. */
  forgetDamage(groupId: GroupId): void {
    this.#damaged.delete(toHex(groupId))
  }

  find(groupId: GroupId): Member | undefined {
    return this.#members.get(toHex(groupId))
  }

  all(): readonly Member[] {
    return [...this.#members.values()]
  }

  /** Takes ownership; an earlier member of the same group is let go, and what was damaged of it is replaced. */
  adopt(member: Member): void {
    const name = toHex(member.groupId)
    const earlier = this.#members.get(name)
    if (earlier !== member) earlier?.[Symbol.dispose]()
    this.#members.set(name, member)
    this.#damaged.delete(name)
  }

  /** Forgets what memory says about a group and takes what the store says. */
  async reload(profile: Profile, groupId: GroupId, device: KeyPair): Promise<void> {
    this.#letGo(toHex(groupId))
    const records = await profile.member(groupId)
    if (records.length > 0) this.#wakeOrNote(groupId, records, device)
  }

  /** Zeroes what can be zeroed. */
  close(): void {
    for (const member of this.#members.values()) member[Symbol.dispose]()
    this.#members.clear()
  }

  #wakeOrNote(groupId: GroupId, records: readonly StateRecord[], device: KeyPair): void {
    if (this.#damaged.has(toHex(groupId))) return
    const member = this.#orNote(groupId, () => this.#wake(records, device))
    if (member !== undefined) this.adopt(member)
  }

  #orNote(groupId: GroupId, wake: () => Member): Member | undefined {
    try {
      return wake()
    } catch (error) {
      this.noteDamage(groupId, damageOf(error))
      return undefined
    }
  }

  #wake(records: readonly StateRecord[], device: KeyPair): Member {
    return memberFromRecords(this.#options.suites[0]!, records, this.surroundings(device))
  }

  #letGo(name: string): void {
    this.#members.get(name)?.[Symbol.dispose]()
    this.#members.delete(name)
  }
}
