import { ControlOpcode, StreamType } from "gbp-stack"
import type { GroupNodeOptions, NodeEvent } from "gbp-stack"
import type { Carrier, Clock } from "./carrier.ts"
import { check, checkEqual } from "./check.ts"
import { Party } from "./party.ts"

/** Where a scenario is played: parties, and what carries their bytes. */
export class Stage implements Disposable {
  readonly clock: Clock
  readonly #carrier: Carrier
  readonly #parties: Party[] = []

  constructor(carrier: Carrier, clock: Clock) {
    this.#carrier = carrier
    this.clock = clock
  }

  /** Somebody who is in no group yet. */
  party(name: string, memberId: number, options?: GroupNodeOptions): Party {
    const party = new Party(name, memberId, this.clock, options)
    this.#parties.push(party)
    return party
  }

  async carry(from: Party, to: Party, bytes: Uint8Array): Promise<Uint8Array> {
    return await this.#carrier.carry(from.name, to.name, bytes)
  }

  /** Carries a frame and has its receiver take it in. */
  async deliver(from: Party, to: Party, frame: Uint8Array): Promise<NodeEvent[]> {
    return to.node.onWire(to.mls, await this.carry(from, to, frame))
  }

  /** Founds a group of all these, in epoch 1: key packages go to the first, the Welcome comes back. */
  async group(founder: Party, ...others: readonly Party[]): Promise<void> {
    const keyPackages: Uint8Array[] = []
    for (const other of others) keyPackages.push(await this.carry(other, founder, other.mls.exportKeyPackage()))
    if (keyPackages.length === 0) return founder.found()
    const { welcome } = founder.mls.inviteMany(keyPackages)
    founder.mls.finalizeCommit()
    founder.found()
    for (const other of others) other.join(await this.carry(founder, other, welcome), 0)
  }

  /** Alice, bob and carol, members 1, 2 and 3, in a group that alice founded. */
  async trio(options?: GroupNodeOptions): Promise<[Party, Party, Party]> {
    const trio = [
      this.party("alice", 1, options),
      this.party("bob", 2, options),
      this.party("carol", 3, options),
    ] as const
    await this.group(...trio)
    return [...trio]
  }

  /** Everybody is told to prepare for a staged commit, and answers. @returns what each answered, `undefined` for whom refused */
  async prepare(
    coordinator: Party,
    members: readonly Party[],
    transitionId: number,
    commit: Uint8Array,
  ): Promise<void> {
    const { wire } = coordinator.node.sendControl(
      coordinator.mls,
      0,
      ControlOpcode.PrepareTransition,
      transitionId,
      0,
      commit,
    )
    for (const member of members) await this.ready(coordinator, member, transitionId, wire)
  }

  /** One member takes a PREPARE in, stages its commit and says that it is ready. */
  async ready(coordinator: Party, member: Party, transitionId: number, prepare: Uint8Array): Promise<void> {
    const events = await this.deliver(coordinator, member, prepare)
    const step = events.find(({ opcodeCode }) => opcodeCode === ControlOpcode.PrepareTransition)
    check(step?.args !== undefined, `${member.name} takes PREPARE ${transitionId}, not ${errorWords(events)}`)
    member.mls.processMessage(step.args)
    const { wire } = member.node.sendControl(member.mls, 0, ControlOpcode.ReadyForTransition, transitionId, 0)
    await this.deliver(member, coordinator, wire)
  }

  /** Takes a prepared transition into effect everywhere. @throws StackError `members_not_ready` */
  async execute(coordinator: Party, members: readonly Party[], transitionId: number): Promise<void> {
    const { wire } = coordinator.node.sendControl(coordinator.mls, 0, ControlOpcode.ExecuteTransition, transitionId, 0)
    coordinator.mls.finalizeCommit()
    coordinator.node.applyTransition(transitionId)
    for (const member of members) {
      const events = await this.deliver(coordinator, member, wire)
      check(
        events.some(({ opcodeCode }) => opcodeCode === ControlOpcode.ExecuteTransition),
        `${member.name} takes EXECUTE ${transitionId}, not ${errorWords(events)}`,
      )
      member.mls.finalizeCommit()
    }
  }

  /** Each of them says something, and all others read it. */
  async checkTalk(...parties: readonly Party[]): Promise<void> {
    for (const from of parties) {
      for (const to of parties) {
        if (to === from) continue
        const text = `${from.name} to ${to.name} in epoch ${from.mls.epoch}`
        const { wire } = from.gtp.send(from.node, from.mls, to.memberId, nextMessageId(), text)
        checkEqual(await this.read(from, to, wire), { status: "new", text }, `what ${to.name} reads of ${from.name}`)
      }
    }
  }

  /** What becomes of a text at its receiver: status and text of the client, or the code of the node's error. */
  async read(from: Party, to: Party, frame: Uint8Array): Promise<unknown> {
    const events = await this.deliver(from, to, frame)
    const payload = events.find(({ kind, streamType }) => kind === "payload_received" && streamType === StreamType.Text)
    if (payload?.plaintext === undefined) return errorWords(events)
    const { status, text } = to.gtp.accept(payload.plaintext, to.mls.epoch)
    return { status, text }
  }

  [Symbol.dispose](): void {
    for (const party of this.#parties) party[Symbol.dispose]()
  }
}

/** The code of the first error, as text. */
export function errorWords(events: readonly NodeEvent[]): string {
  const error = events.find(({ kind }) => kind === "error")
  return error === undefined ? "nothing" : `${error.codeHex} ${error.reason}`
}

let lastMessageId = 0n

/** Message ids only have to differ. */
function nextMessageId(): bigint {
  return ++lastMessageId
}
