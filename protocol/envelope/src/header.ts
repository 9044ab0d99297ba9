import { encode, toGroupId, toUtf8 } from "@qpc/wire"
import type { Envelope } from "./envelope.ts"

/**
 * The envelope without its sealed part, for the sealed part to authenticate: whoever opens a message learns that its
 * kind, group and epoch are the ones its sender wrote, whatever happened on the way, and so is the head of the log of epochs that an
 * application message names. What the delivery service adds to others is not their author's to vouch for.
 */
export function envelopeHeader(envelope: Pick<Envelope, "kind" | "groupId" | "epoch" | "log">): Uint8Array {
  const { kind, log } = envelope
  const head = kind === "application" ? log : undefined
  return encode((writer) => {
    // The label keeps it apart from the authenticated data of every other protocol.
    writer.vector(toUtf8(head === undefined ? "qpc envelope 1" : "qpc envelope 2")).vector(toUtf8(kind))
    writer.bytes(toGroupId(envelope.groupId)).uint64(envelope.epoch)
    if (head !== undefined) writer.bytes(head.hash).bytes(head.signature)
  })
}
