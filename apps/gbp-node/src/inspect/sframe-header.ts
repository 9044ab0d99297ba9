import { decodeHeader, decodeMlsKid } from "@qpc/sframe"
import { DecodeError } from "@qpc/wire"
import type { ExplainedField } from "./explained.ts"
import { faultWords } from "./fault-words.ts"
import type { ReadFields } from "./field-rules.ts"
import type { ExplainedPayload } from "./mls-message.ts"
import { shortHex } from "./short-hex.ts"

/** The shortest tag of the suites that GAP uses, in bytes (RFC 9605 §4.5). */
const TAG_BYTES = 16
const EPOCH_BITS = 16n

/**
 * Explains the SFrame frame (RFC 9605 §4.2) that an audio frame of gbp/2 ends with.
 *
 * @param values - of the outer map
 * @param frameBytes - length of the frame, whose last bytes the payload is
 */
export function explainSFrame(values: ReadFields["values"], frameBytes: number): ExplainedPayload {
  const [payload, epoch] = [values.get("pl"), values.get("ep")]
  if (!(payload instanceof Uint8Array) || epoch === undefined || epoch instanceof Uint8Array) {
    return { fields: [], fault: undefined }
  }
  const start = frameBytes - payload.length
  try {
    const { kid, counter, lengthBytes } = decodeHeader(payload)
    const fields = headerFields({ kid, counter, lengthBytes, start, epoch: BigInt(epoch) })
    const body = payload.subarray(lengthBytes)
    if (body.length < TAG_BYTES) {
      const reason = `inside the SFrame frame: ${body.length} bytes behind the header are too few for a tag`
      return { fields, fault: { offset: start + lengthBytes, reason } }
    }
    const rest = { offset: start + lengthBytes, lengthBytes: body.length, key: "pl.body", name: "ciphertext and tag" }
    return {
      fields: [...fields, { ...rest, value: shortHex(body), meaning: "sealed: the audio payload" }],
      fault: undefined,
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    const reason = `inside the SFrame header: ${faultWords(new DecodeError(error.code, start + error.offset))}`
    return { fields: [], fault: { offset: start + error.offset, reason } }
  }
}

interface Header {
  readonly kid: bigint
  readonly counter: bigint
  readonly lengthBytes: number
  readonly start: number
  readonly epoch: bigint
}

function headerFields({ kid, counter, lengthBytes, start, epoch }: Header): ExplainedField[] {
  const { context, leafIndex, epochBits } = decodeMlsKid(kid)
  const fits = BigInt(epochBits) === (epoch & ((1n << EPOCH_BITS) - 1n))
  const epochWords = fits ? `epoch ${epoch}` : `not the epoch of the frame (its low bits are ${epochBits})`
  const at = { offset: start, lengthBytes }
  return [
    {
      ...at,
      key: "pl.kid",
      name: "key id",
      value: `0x${kid.toString(16)}`,
      meaning: `leaf ${leafIndex}, context ${context}, ${epochWords}`,
    },
    { ...at, key: "pl.ctr", name: "counter", value: String(counter), meaning: "which frame of that key" },
  ]
}
