import type { Group } from "@qpc/mls"
import { equalBytes } from "@qpc/wire"
import type { Random } from "@qpc/wire"

const NOTHING = new Uint8Array(0)

/**
 * An Update of our own leaf that somebody else is to commit (RFC 9420 §12.1.2).
 *
 * While MLS has a proposal that waits, it seals nothing (RFC 9420 §12.4), and a member of a live group has to speak all the time. So
 * what the new leaf was made from is kept here, and the very same proposal made again when the commit comes. Of one epoch; dispose of
 * it with that.
 */
export class OwnUpdate implements Disposable {
  /** MLSMessage. */
  readonly message: Uint8Array
  readonly #group: Group
  readonly #nowMs: number
  readonly #drawn: readonly Uint8Array[]

  private constructor(group: Group, nowMs: number, message: Uint8Array, drawn: readonly Uint8Array[]) {
    this.message = message
    this.#group = group
    this.#nowMs = nowMs
    this.#drawn = drawn
  }

  /** @param nowMs - Unix time in milliseconds, by which our credential is judged @throws Error if MLS refuses our own leaf */
  static make(group: Group, random: Random, nowMs: number): OwnUpdate {
    const drawn: Uint8Array[] = []
    const message = propose(group, nowMs, (lengthBytes) => {
      const bytes = random(lengthBytes)
      drawn.push(bytes.slice())
      return bytes
    })
    group.dropProposals()
    return new OwnUpdate(group, nowMs, message, drawn)
  }

  /** Puts it among what the next commit may refer to. Returns false if that would not be what we sent. */
  queue(): boolean {
    const left = this.#drawn.map((bytes) => bytes.slice())
    const again = propose(this.#group, this.#nowMs, () => left.shift() ?? NOTHING)
    return equalBytes(again, this.message)
  }

  /** Zeroes what the keys were made from. */
  [Symbol.dispose](): void {
    for (const bytes of this.#drawn) bytes.fill(0)
  }
}

function propose(group: Group, nowMs: number, random: Random): Uint8Array {
  // It travels in a frame that is sealed and padded.
  const options = { authenticatedData: NOTHING, random, nowMs, wireFormat: "public" } as const
  const proposed = group.propose({ kind: "update" }, options)
  if (proposed.kind === "refused") throw new Error(`unreachable: our own leaf is refused, ${proposed.reason}`)
  return proposed.message
}
