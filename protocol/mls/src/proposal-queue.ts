import type { CipherSuite } from "@qpc/crypto"
import { DecodeError, readList, readOptional, toHex } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import type { ProposalOrRef } from "./commit.ts"
import { readSender, writeSender } from "./framed-content.ts"
import type { Sender } from "./framed-content.ts"
import { decodeProposal, encodeProposal } from "./proposal.ts"
import type { Proposal } from "./proposal.ts"
import type { SentProposal } from "./validate-proposals.ts"

/** A proposal that was sent by itself and waits for a commit of its epoch (RFC 9420 §12.1). */
export interface QueuedProposal extends SentProposal {
  /** ProposalRef (RFC 9420 §5.2). */
  readonly reference: Uint8Array
  /** The private key of the leaf in an Update of our own. */
  readonly updateKey: Uint8Array | undefined
}

/** The proposals of the current epoch by their references. Emptied by each commit. */
export class ProposalQueue {
  readonly #byReference = new Map<string, QueuedProposal>()

  get size(): number {
    return this.#byReference.size
  }

  /** In the order in which they came. */
  values(): QueuedProposal[] {
    return [...this.#byReference.values()]
  }

  has(reference: Uint8Array): boolean {
    return this.#byReference.has(toHex(reference))
  }

  /** Keeps a proposal, which must own its bytes. */
  add(queued: QueuedProposal): void {
    this.#byReference.set(toHex(queued.reference), queued)
  }

  /** What a commit covers, in its order; `undefined` if it refers to what we do not have. */
  resolve(items: readonly ProposalOrRef[], committer: Sender): SentProposal[] | undefined {
    const resolved: SentProposal[] = []
    for (const item of items) {
      const sent =
        item.kind === "proposal"
          ? { proposal: item.proposal, sender: committer }
          : this.#byReference.get(toHex(item.reference))
      if (sent === undefined) return undefined
      resolved.push(sent)
    }
    return resolved
  }

  /** The private key that belongs to an Update of ours, by the leaf node it carries. Borrowed. */
  updateKeyOf(leafEncoded: Uint8Array): Uint8Array | undefined {
    for (const { proposal, updateKey } of this.#byReference.values()) {
      if (proposal.kind === "update" && toHex(proposal.leafNode.encoded) === toHex(leafEncoded)) return updateKey
    }
    return undefined
  }

  /** Forgets everything; keys of own updates are zeroed. */
  clear(): void {
    for (const { updateKey } of this.#byReference.values()) updateKey?.fill(0)
    this.#byReference.clear()
  }

  /** Writes the state, keys of own updates included; see {@link read}. */
  write(writer: Writer): void {
    writer.list(this.values(), (inner, { reference, proposal, sender, updateKey }) => {
      inner.vector(reference).vector(encodeProposal(proposal))
      writeSender(inner, sender)
      inner.optional(updateKey, (item, key) => item.vector(key))
    })
  }

  /** Reads what {@link write} wrote. Copies. @throws DecodeError */
  static read(suite: CipherSuite, reader: Reader): ProposalQueue {
    const start = reader.offset
    const queue = new ProposalQueue()
    const items = readList(reader, (inner) => ({
      reference: inner.vector().slice(),
      proposal: decodeProposal(inner.vector().slice()),
      sender: readSender(inner),
      updateKey: readOptional(inner, (item) => item.vector().slice()),
    }))
    for (const item of items) {
      if (item.reference.length !== suite.sizes.hashBytes || queue.has(item.reference)) {
        throw new DecodeError("bad_value", start)
      }
      queue.add(item)
    }
    return queue
  }
}

/** The same proposal in bytes of its own, so that it may outlive the message it came in. */
export function ownedProposal(proposal: Proposal): Proposal {
  return decodeProposal(encodeProposal(proposal))
}
