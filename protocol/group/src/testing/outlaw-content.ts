import { encodeEnvelope } from "@qpc/envelope"
import { encodeMessage } from "@qpc/gtp"
import type { GtpMessage } from "@qpc/gtp"
import { encodeCbor, toGroupId, toUtf8 } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import type { Outlaw } from "./outlaw.ts"

/** Fields of a GBP content (profile 2), by their names on the wire. */
type ContentFields = Readonly<Partial<Record<"tid" | "st" | "sid" | "fl" | "seq" | "pf" | "extra", number>>>

/** What an outlaw puts into a frame: an honest text, but for these fields; or other bytes in the place of a layer. */
export interface OutlawContent {
  readonly content?: ContentFields | Uint8Array
  readonly message?: Partial<GtpMessage> | Uint8Array
}

/** Seals what no honest program writes as its member, in an honest frame and envelope of the present epoch. */
export function envelopeWith(outlaw: Outlaw, { content = {}, message = {} }: OutlawContent): Uint8Array {
  const { group } = outlaw
  const [groupId, epoch] = [toGroupId(group.groupId), group.epoch]
  const header = new Map<string, CborValue>([
    ["v", 2],
    ["gid", groupId],
    ["ep", Number(epoch)],
  ])
  const payload = message instanceof Uint8Array ? message : messageBytes(group.ownLeafIndex, message)
  const plaintext = content instanceof Uint8Array ? content : contentBytes(group.ownLeafIndex, content, payload)
  const sealed = outlaw.protect(plaintext, encodeCbor(header))
  const frame = encodeCbor(new Map([...header, ["pl", sealed]]))
  return encodeEnvelope({ kind: "application", groupId, epoch, sealed: frame })
}

function messageBytes(senderId: number, changes: Partial<GtpMessage>): Uint8Array {
  const body = toUtf8("hi")
  const honest = { messageId: 1n, senderId, timestampMs: 1n, requestId: 0, flags: 4, contentType: 0, body }
  const { body: said = body } = changes
  return encodeMessage({ ...honest, contentLength: said.length, ...changes })
}

function contentBytes(leafIndex: number, changes: ContentFields, payload: Uint8Array): Uint8Array {
  const honest = { tid: 0, st: 2, sid: 1 + leafIndex * 100, fl: 7, seq: 1 }
  return encodeCbor(new Map<string, CborValue>([...Object.entries({ ...honest, ...changes }), ["pl", payload]]))
}
