import type { CipherSuite } from "@qpc/crypto"
import { DecodeError, encode, readOptional, recordKey, toHex } from "@qpc/wire"
import type { Reader, RecordLog, StateRecord, Writer } from "@qpc/wire"
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
  #log: RecordLog | undefined

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
    const at = this.size
    this.#byReference.set(toHex(queued.reference), queued)
    this.#log?.mark(queuedKey(at), () => encodeQueued(queued))
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
    const count = this.size
    this.#byReference.clear()
    for (let at = 0; at < count; at++) this.#log?.mark(queuedKey(at), () => undefined)
  }

  /** From now on every change is noted in this log. */
  attach(log: RecordLog): void {
    this.#log = log
  }

  /** The queue in records, keys of own updates included; {@link readQueuedProposal} reads their values. */
  *records(): Generator<StateRecord> {
    for (const [at, queued] of this.values().entries()) yield { key: queuedKey(at), value: encodeQueued(queued) }
  }
}

function queuedKey(at: number): string {
  return recordKey("proposal", at)
}

function encodeQueued(queued: QueuedProposal): Uint8Array {
  return encode((writer) => writeQueuedProposal(writer, queued))
}

/** Writes ProposalRef<V> · proposal<V> · sender · optional key<V>. */
export function writeQueuedProposal(writer: Writer, { reference, proposal, sender, updateKey }: QueuedProposal): void {
  writer.vector(reference).vector(encodeProposal(proposal))
  writeSender(writer, sender)
  writer.optional(updateKey, (inner, key) => inner.vector(key))
}

/** Reads what {@link writeQueuedProposal} wrote. Copies. @throws DecodeError */
export function readQueuedProposal(reader: Reader, suite: CipherSuite): QueuedProposal {
  const start = reader.offset
  const reference = reader.vector().slice()
  if (reference.length !== suite.sizes.hashBytes) throw new DecodeError("bad_value", start)
  const proposal = decodeProposal(reader.vector().slice())
  const sender = readSender(reader)
  return { reference, proposal, sender, updateKey: readOptional(reader, (inner) => inner.vector().slice()) }
}

/** The same proposal in bytes of its own, so that it may outlive the message it came in. */
export function ownedProposal(proposal: Proposal): Proposal {
  return decodeProposal(encodeProposal(proposal))
}
