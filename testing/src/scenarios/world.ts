import type { CipherSuite } from "@qpc/crypto"
import { ADMIN_ROLE, roleOf } from "@qpc/group"
import { equalBytes, toHex, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { createHash } from "node:crypto"
import { Client } from "./client.ts"
import type { Outstanding } from "./client.ts"
import { identitiesFor } from "./identities.ts"
import { ImpossibleStep } from "./impossible.ts"
import { Network } from "./network.ts"
import type { Made, Mode, Participant, Result } from "./participant.ts"
import type { ScenarioFile } from "./scenario.ts"

/** A group of a scenario. */
export interface WorldGroup {
  readonly groupId: string
  readonly creator: string
  /** What lets the first members in. */
  readonly publication: string
  /** Commits that its founding took: letting the first members in, and giving them roles. The scenarios count one. */
  foundingEpochs: number
  /** To be done by the creator once the first members are in. */
  adminsToName: readonly string[]
}

const DEFAULT_GROUP = "default"
const ROUNDS_LIMIT = 32

/** The clients of a scenario, the network between them, and one clock. Everything repeats. */
export class World {
  readonly mode: Mode
  readonly network: Network
  readonly clients: ReadonlyMap<string, Client>
  readonly groups: Map<string, WorldGroup> = new Map()
  nowMs = 1_800_000_000_000
  /** The epochs that the delivery service has taken a commit for, by group. */
  readonly #claimed = new Map<string, bigint>()

  constructor(suite: CipherSuite, scenario: ScenarioFile, mode: Mode) {
    this.mode = mode
    this.network = new Network(mode)
    const random = repeatable(scenario.name)
    const accounts = new Map(scenario.clients.map((label) => [label, scenario.accounts.get(label) ?? label]))
    const identities = identitiesFor(suite, accounts, random)
    const labels = new Map([...identities].map(([label, { publicKey }]) => [toHex(publicKey), label]))
    const nameOf = (identityKey: IdentityKey): string => labels.get(toHex(identityKey)) ?? "a stranger"
    const foundingEpochs = (groupId: string): number =>
      [...this.groups.values()].find((group) => group.groupId === groupId)?.foundingEpochs ?? 1
    this.clients = new Map(
      scenario.clients.map((label) => {
        const surroundings = { suite, device: identities.get(label)!, random }
        return [label, new Client(label, { mode, surroundings, nameOf, foundingEpochs })]
      }),
    )
  }

  client(label: string): Client {
    const client = this.clients.get(label)
    if (client === undefined) throw new Error(`there is no client ${label}`)
    return client
  }

  group(name: string = DEFAULT_GROUP): WorldGroup {
    const group = this.groups.get(name)
    if (group === undefined) throw new Error(`there is no group ${name}`)
    return group
  }

  /** A client's member of a group; without a name, of the only group or of the first one it is in. */
  member(label: string, groupName?: string): Participant {
    const { memberships } = this.client(label)
    const name = groupName ?? [...this.groups].find(([, { groupId }]) => memberships.has(groupId))?.[0]
    const membership = memberships.get(this.group(name).groupId)
    if (membership === undefined) throw new Error(`${label} is not in the group`)
    return membership.participant
  }

  /** As the scenarios count epochs. */
  epochOf(participant: Participant): number {
    const groupId = toHex(participant.shown.groupId)
    const group = [...this.groups.values()].find((one) => one.groupId === groupId)
    const founding = group?.foundingEpochs ?? 1
    return Math.max(0, Number(participant.shown.epoch) - founding + 1)
  }

  /** Who may do everything in a group, as one of its members sees it. */
  adminsOf({ shown }: Participant): readonly string[] {
    const { settings } = shown
    if (settings === undefined) return []
    const names = [...this.clients.values()].filter(({ self }) => roleOf(settings, self) === ADMIN_ROLE)
    return names.map(({ label }) => label)
  }

  rosterOf({ shown }: Participant): readonly string[] {
    const people = shown.members().map(({ identityKey }) => identityKey)
    return [...this.clients.values()]
      .filter(({ self }) => people.some((one) => equalBytes(one, self)))
      .map((one) => one.label)
  }

  /** Takes what a member made: texts leave at once, commits wait for an answer. */
  take(label: string, groupId: string, result: Result, from: Pick<Outstanding, "actionId" | "publication">): void {
    const client = this.client(label)
    client.note(groupId, result.events)
    for (const made of result.made) {
      if (made.isCommit) client.outstanding.push({ made, group: groupId, ...from })
      else this.network.send(made, { sender: label, ...from })
    }
  }

  /** The network takes a commit. */
  accept(label: string, outstanding: Outstanding): Result {
    const { made, group } = outstanding
    const { participant } = this.client(label).memberships.get(group)!
    this.#settle(label, outstanding)
    if (this.mode === "ordered" && !this.#claim(group, made)) {
      this.take(label, group, participant.refused(made, this.nowMs), outstanding)
      throw new ImpossibleStep("the delivery service takes one commit of an epoch, and this was the second")
    }
    this.network.send(made, { sender: label, actionId: outstanding.actionId, publication: outstanding.publication })
    const result = participant.accepted(made, this.nowMs)
    this.take(label, group, result, { actionId: outstanding.actionId, publication: undefined })
    return result
  }

  /** Nobody takes a commit. */
  refuse(label: string, outstanding: Outstanding): Result {
    const { participant } = this.client(label).memberships.get(outstanding.group)!
    this.#settle(label, outstanding)
    const result = participant.unreachable(outstanding.made, this.nowMs)
    this.take(label, outstanding.group, result, { actionId: outstanding.actionId, publication: undefined })
    return result
  }

  /** Commits that nobody answered for are taken, and everybody is handed what is new. */
  deliverAll(): void {
    for (const { label } of this.clients.values()) this.acceptAll(label)
    for (const client of this.clients.values()) client.mail.push(...this.network.newFor(client))
  }

  acceptAll(label: string): void {
    const client = this.client(label)
    for (let next = client.outstanding[0]; next !== undefined; next = client.outstanding[0]) this.accept(label, next)
  }

  tick(labels: readonly string[], actionId: string): void {
    for (const label of labels) {
      for (const { groupId, result } of this.client(label).tick(this.nowMs)) {
        this.take(label, groupId, { made: result.made, events: [] }, { actionId, publication: undefined })
      }
    }
  }

  /** Lets the network run until nobody has anything to send or to read. `false` if that does not end. */
  quiesce(actionId: string): boolean {
    const labels = [...this.clients.keys()]
    for (let round = 0; round < ROUNDS_LIMIT; round++) {
      this.deliverAll()
      this.tick(labels, actionId)
      if (!labels.some((label) => this.hasWork(label)) && this.network.queuedCount === 0) return true
    }
    return false
  }

  /** True while a client has something that has not come to an end. */
  hasWork(label: string): boolean {
    const { memberships, outstanding, mail } = this.client(label)
    const open = [...memberships.values()].reduce((sum, { participant }) => sum + participant.openWork(), 0)
    return open + outstanding.length > 0 || (memberships.size > 0 && mail.length > 0)
  }

  #settle(label: string, outstanding: Outstanding): void {
    const client = this.client(label)
    client.outstanding = client.outstanding.filter((one) => one !== outstanding)
  }

  #claim(group: string, { leaves = 0n }: Made): boolean {
    const taken = this.#claimed.get(group)
    if (taken !== undefined && leaves <= taken) return false
    this.#claimed.set(group, leaves)
    return true
  }
}

/** Bytes that are the same in every run of a scenario. Nothing about them is secret. */
function repeatable(name: string): (lengthBytes: number) => Uint8Array {
  let drawn = 0
  return (lengthBytes) => {
    const bytes = createHash("shake256", { outputLength: Math.max(lengthBytes, 1) })
      .update(`${name}/${drawn++}`)
      .digest()
    return new Uint8Array(bytes).slice(0, lengthBytes)
  }
}

/** The identity keys of some clients. */
export function keysOf(world: World, labels: readonly string[]): IdentityKey[] {
  return labels.map((label) => toIdentityKey(world.client(label).self))
}
