import { DecodeError, Reader, toHex } from "@qpc/wire"
import type { ExplainedField, Fault } from "./explained.ts"
import { faultWords } from "./fault-words.ts"
import { shortHex } from "./short-hex.ts"

const MLS_10 = 1
const PRIVATE_MESSAGE = 2
const CONTENT_TYPES: Readonly<Record<number, string>> = { 1: "application", 2: "proposal", 3: "commit" }

/** What a payload says before it is opened. */
export interface ExplainedPayload {
  readonly fields: readonly ExplainedField[]
  readonly fault: Fault | undefined
}

/**
 * Explains the PrivateMessage (RFC 9420 §6.3) that a frame of gbp/2 ends with.
 *
 * @param payload - undefined if the frame has none
 * @param frameBytes - length of the frame, whose last bytes the payload is
 */
export function explainMlsMessage(payload: unknown, frameBytes: number): ExplainedPayload {
  if (!(payload instanceof Uint8Array)) return { fields: [], fault: undefined }
  const start = frameBytes - payload.length
  const fields: ExplainedField[] = []
  const reader = new Reader(payload)
  const read = (key: string, name: string, from: number, value: string, meaning: string): void => {
    fields.push({ offset: start + from, lengthBytes: reader.offset - from, key: `pl.${key}`, name, value, meaning })
  }
  try {
    readPrivateMessage(reader, read)
    reader.end()
    return { fields, fault: undefined }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    const reason = `inside the MLS message: ${faultWords(new DecodeError(error.code, start + error.offset))}`
    return { fields, fault: { offset: start + error.offset, reason } }
  }
}

type Note = (key: string, name: string, from: number, value: string, meaning: string) => void

function readPrivateMessage(reader: Reader, note: Note): void {
  const version = reader.uint16()
  if (version !== MLS_10) throw new DecodeError("reserved_value", 0)
  const format = reader.uint16()
  if (format !== PRIVATE_MESSAGE) throw new DecodeError("reserved_value", 2)
  note("wire_format", "MLS wire format", 0, `${version}, ${format}`, "MLS 1.0, PrivateMessage: signed and encrypted")
  let from = reader.offset
  note("group_id", "MLS group id", from, toHex(reader.vector()), "which MLS group")
  from = reader.offset
  note("epoch", "MLS epoch", from, String(reader.uint64()), "which epoch of it")
  from = reader.offset
  const contentType = reader.uint8()
  const word = CONTENT_TYPES[contentType]
  if (word === undefined) throw new DecodeError("reserved_value", from)
  note("content_type", "content type", from, String(contentType), word)
  from = reader.offset
  note(
    "authenticated_data",
    "authenticated data",
    from,
    shortHex(reader.vector()),
    "the outer map again, bound to the seal",
  )
  from = reader.offset
  note("sender_data", "sender data", from, shortHex(reader.vector()), "sealed: the sender's leaf and generation")
  from = reader.offset
  note("ciphertext", "ciphertext", from, shortHex(reader.vector()), "sealed: content, signature and padding")
}
