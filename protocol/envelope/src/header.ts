import { encode, toGroupId, toUtf8 } from "@qpc/wire"
import type { Envelope } from "./envelope.ts"

/**
 * The envelope without its sealed part, for the sealed part to authenticate: whoever opens a message learns that its
 * kind, group and epoch are the ones its sender wrote, whatever happened on the way.
 */
export function envelopeHeader(envelope: Pick<Envelope, "kind" | "groupId" | "epoch">): Uint8Array {
  return encode((writer) => {
    // The label keeps it apart from the authenticated data of every other protocol.
    writer.vector(toUtf8("qpc envelope 1")).vector(toUtf8(envelope.kind))
    writer.bytes(toGroupId(envelope.groupId)).uint64(envelope.epoch)
  })
}
