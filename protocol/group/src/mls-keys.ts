import { paddedBytes } from "@qpc/envelope"
import type { EpochKeys, Opened, OpenRejection } from "@qpc/gbp"
import type { Group, ReceiveOptions, RejectReason } from "@qpc/mls"
import type { Random } from "@qpc/wire"
import type { MlsGroup, OpenedByReplaced, ReplacedGroups } from "./replaced-groups.ts"
import type { OnLayer } from "./trace.ts"

/** What {@link MlsKeys} needs beside the group. */
interface MlsKeysOptions {
  readonly random: Random
  readonly pastEpochs: number
  readonly onLayer: OnLayer | undefined
  /** Groups that may still open what the present one does not know. */
  readonly replaced: ReplacedGroups
}

/** The keys of an MLS group as GBP asks for them: a sealed payload is a padded PrivateMessage (RFC 9420 §6.3). */
export class MlsKeys implements EpochKeys {
  #group: Group
  #epochsBefore: bigint
  readonly #options: MlsKeysOptions
  /** The payload that the frame being sealed carries; for the trace. */
  payloadBytes = 0
  /** The time of the call under way; MLS judges nothing by it when it opens application messages. */
  nowMs = 0
  /** Set once a message of ours arrived that we have not sent yet: somebody else has a copy of our state. */
  isCopied = false

  /** @param epochsBefore - those of groups that `group` took the place of */
  constructor(group: Group, epochsBefore: bigint, options: MlsKeysOptions) {
    this.#group = group
    this.#epochsBefore = epochsBefore
    this.#options = options
  }

  /** The epoch that members and the delivery service speak of. It goes on where MLS begins anew. */
  get epoch(): bigint {
    return this.#epochsBefore + this.#group.epoch
  }

  /** How many of them are of groups that the present one took the place of. */
  get epochsBefore(): bigint {
    return this.#epochsBefore
  }

  /** Another group takes the place of the present one. */
  goOnWith({ group, epochsBefore }: Pick<MlsGroup, "group" | "epochsBefore">): void {
    this.#group = group
    this.#epochsBefore = epochsBefore
  }

  get oldestEpoch(): bigint {
    const oldest = this.epoch - BigInt(this.#options.pastEpochs)
    return oldest < 0n ? 0n : oldest
  }

  seal(plaintext: Uint8Array, authenticatedData: Uint8Array): Uint8Array {
    const { random, onLayer } = this.#options
    onLayer?.({ layer: "gbp", direction: "down", bytesIn: this.payloadBytes, bytesOut: plaintext.length })
    const sealed = this.#group.protect(plaintext, { authenticatedData, paddedBytes, random })
    const id = `epoch ${this.epoch}`
    onLayer?.({ layer: "mls", direction: "down", bytesIn: plaintext.length, bytesOut: sealed.length, id })
    return sealed
  }

  open(sealed: Uint8Array, authenticatedData: Uint8Array): Opened {
    // A commit in an application envelope was not ordered by anybody: it is not even opened.
    const { received, epochsBefore } = this.#receive(sealed, { only: "application", authenticatedData })
    switch (received.kind) {
      case "application": {
        const { senderLeafIndex, plaintext } = received
        const epoch = epochsBefore + received.epoch
        const id = `leaf ${senderLeafIndex}, generation ${received.generation}`
        const [bytesIn, bytesOut] = [sealed.length, plaintext.length]
        this.#options.onLayer?.({ layer: "mls", direction: "up", bytesIn, bytesOut, id })
        return { kind: "opened", senderLeafIndex, epoch, plaintext }
      }
      case "commit":
      case "own_commit":
      case "proposal":
        throw new Error("unreachable: only texts are opened")
      case "rejected":
        this.isCopied ||= received.reason === "own_message_ahead"
        return { kind: "rejected", reason: openRejection(received.reason) }
    }
  }

  #receive(sealed: Uint8Array, wanted: ReceiveOptions): OpenedByReplaced {
    const received = this.#group.receive(sealed, this.nowMs, wanted)
    const isOfAnother = received.kind === "rejected" && received.reason === "unknown_group"
    const opened = isOfAnother ? this.#options.replaced.receive(sealed, this.nowMs, wanted) : undefined
    return opened ?? { received, epochsBefore: this.#epochsBefore }
  }
}

function openRejection(reason: RejectReason): OpenRejection {
  if (reason === "epoch_passed" || reason === "epoch_ahead") return "epoch_mismatch"
  if (reason === "key_consumed" || reason === "own_message") return "replay_detected"
  return reason === "other_authenticated_data" ? "header_mismatch" : "decrypt_failed"
}
