import { toHex } from "@qpc/wire"
import type { DeviceKey, MessageId } from "@qpc/wire"
import type { Outgoing } from "../step.ts"

/** What the service says to one outgoing message. */
export type Verdict = "accepted" | "duplicate" | "epoch_conflict"

/**
 * A delivery service in a few lines, for tests: takes the first claim per group and epoch, knows a message by its id,
 * keeps one inbox in order per device.
 */
export class OrderingService {
  readonly #log: ((outgoing: Outgoing) => Outgoing) | undefined
  readonly #inboxes = new Map<string, Uint8Array[]>()
  readonly #verdicts = new Map<string, Verdict>()
  /** The epoch of each group, and who is in it; known from its first claim on. */
  readonly #channels = new Map<string, { epoch: bigint; members: Set<string> }>()

  /** @param log - what it writes on the labels of an accepted commit */
  constructor(log?: (outgoing: Outgoing) => Outgoing) {
    this.#log = log
  }

  /** Commits that were offered to it, the refused ones included; and those that it accepted. */
  readonly offered = { commits: 0, accepted: 0 }

  offer(outgoing: Outgoing): Verdict {
    if (outgoing.claim !== undefined) this.offered.commits += 1
    const name = toHex(outgoing.messageId)
    const known = this.#verdicts.get(name)
    if (known !== undefined) return known === "accepted" ? "duplicate" : known
    const verdict = this.#claim(outgoing)
    this.#verdicts.set(name, verdict)
    if (verdict === "accepted") this.#deliver(outgoing.claim && this.#log ? this.#log(outgoing) : outgoing)
    if (verdict === "accepted" && outgoing.claim !== undefined) this.offered.accepted += 1
    return verdict
  }

  /** The next envelope for this device. */
  take(device: DeviceKey): Uint8Array | undefined {
    return this.inbox(device).shift()
  }

  /** What waits for this device, oldest first. Tests may reorder it. */
  inbox(device: DeviceKey): Uint8Array[] {
    const name = toHex(device)
    let inbox = this.#inboxes.get(name)
    if (!inbox) this.#inboxes.set(name, (inbox = []))
    return inbox
  }

  /** True if this message was accepted. */
  has(messageId: MessageId): boolean {
    return this.#verdicts.get(toHex(messageId)) === "accepted"
  }

  #claim({ groupId, claim }: Outgoing): Verdict {
    if (claim === undefined) return "accepted"
    const channel = this.#channels.get(toHex(groupId))
    if (channel !== undefined && channel.epoch !== claim.epoch) return "epoch_conflict"
    this.#channels.set(toHex(groupId), { epoch: claim.epoch + 1n, members: new Set(claim.membersAfter.map(toHex)) })
    return "accepted"
  }

  #deliver({ groupId, claim, deliveries }: Outgoing): void {
    const members = this.#channels.get(toHex(groupId))?.members
    for (const { recipients, envelope } of deliveries) {
      for (const recipient of recipients) {
        // A commit also goes to those it removes; everything else to members only.
        if (claim !== undefined || members?.has(toHex(recipient)) === true) this.inbox(recipient).push(envelope.slice())
      }
    }
  }
}
