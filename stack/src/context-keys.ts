import type { EpochKeys, Opened } from "@qpc/gbp"
import type { MlsMember } from "./mls-member.ts"
import { StackError } from "./stack-error.ts"

/** The keys of whichever MLS context a node is called with: it may be restored, but not go back or change places. */
export class ContextKeys implements EpochKeys {
  #member: MlsMember | undefined
  #epoch = 0n

  /** Works with this context from now on. @throws StackError `other_group` for one that is older than the last */
  use(member: MlsMember): void {
    if (member.epoch < this.#epoch) {
      throw new StackError("other_group", `the MLS context is in epoch ${member.epoch}, the node was in ${this.#epoch}`)
    }
    this.#member = member
    this.#epoch = member.epoch
  }

  get member(): MlsMember {
    if (this.#member === undefined) throw new Error("unreachable: there is no MLS context yet")
    return this.#member
  }

  get epoch(): bigint {
    return this.member.epoch
  }

  get oldestEpoch(): bigint {
    return this.member.oldestEpoch
  }

  get newestEpoch(): bigint {
    return this.member.newestEpoch
  }

  seal(plaintext: Uint8Array, authenticatedData: Uint8Array): Uint8Array {
    return this.member.seal(plaintext, authenticatedData)
  }

  open(sealed: Uint8Array, authenticatedData: Uint8Array): Opened {
    return this.member.open(sealed, authenticatedData)
  }
}
