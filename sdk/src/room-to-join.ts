import { receiveEnvelope } from "@qpc/group"
import type { Outgoing } from "@qpc/group"
import { toHex } from "@qpc/wire"
import type { ClientLimits } from "./api.ts"
import type { Clock } from "./clock.ts"

/** So many people's waits are remembered at one time; whoever comes then has a wait that begins later. */
const REMEMBERED = 1000

/** Since when somebody who was invited has had no room, and when the server last said so. */
interface Wait {
  readonly sinceMs: number
  readonly lastMs: number
}

/**
 * How long invitations have waited for room in the inboxes of those invited. Nobody is let in without room for the Welcome, and the
 * other changes of the group stand behind it. So each person is waited for once: a second invitation, or the same one in a later
 * epoch, does not begin anew, or a few of them could hold up a removal for as long as anybody likes.
 *
 * The server does not say whose inbox it was: of several people in one commit, all have waited.
 */
export class RoomToJoin {
  readonly #clock: Clock
  readonly #limits: ClientLimits
  /** By group and device. In memory: after a restart everybody is waited for anew. */
  readonly #waits = new Map<string, Wait>()

  constructor(clock: Clock, limits: ClientLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** The server has no room for this invitation. @returns true if somebody whom it invites has been waited for long enough */
  refused(outgoing: Outgoing): boolean {
    const nowMs = this.#clock.nowMs()
    this.#forget(nowMs)
    const waits = invitedBy(outgoing).flatMap((name) => {
      const wait = { sinceMs: this.#waits.get(name)?.sinceMs ?? nowMs, lastMs: nowMs }
      if (!this.#waits.has(name) && this.#waits.size >= REMEMBERED) return []
      this.#waits.set(name, wait)
      return [wait]
    })
    return waits.some(({ sinceMs }) => nowMs - sinceMs >= this.#limits.inviteRoomMs)
  }

  /** The server has taken it: there was room. */
  accepted(outgoing: Outgoing): void {
    for (const name of invitedBy(outgoing)) this.#waits.delete(name)
  }

  /** Whoever was not invited for some time may have read their messages, and is waited for again. */
  #forget(nowMs: number): void {
    const { inviteRoomMs, retryCapMs } = this.#limits
    // Longer than any pause between two tries, or nobody would be given up.
    const forgottenAfterMs = 4 * (inviteRoomMs + retryCapMs)
    for (const [name, { lastMs }] of this.#waits) if (nowMs - lastMs > forgottenAfterMs) this.#waits.delete(name)
  }
}

/** Those to whom a commit brings a Welcome. */
function invitedBy({ groupId, claim, deliveries }: Outgoing): readonly string[] {
  if (claim === undefined) return []
  return deliveries.flatMap(({ recipients, envelope }) => {
    const received = receiveEnvelope(envelope)
    const isWelcome = received.kind === "envelope" && received.envelope.kind === "welcome"
    return isWelcome ? recipients.map((device) => `${toHex(groupId)}/${toHex(device)}`) : []
  })
}
