import { CborFields, decodeCbor, DecodeError, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"

/** What the founder answers a newcomer's key package with: what lets it in, or why it cannot come. */
export type Answer =
  | { readonly kind: "admitted"; readonly transitionId: number; readonly welcome: Uint8Array }
  | { readonly kind: "refused"; readonly reason: string }

const UINT32_MAX = 0xffff_ffff
const WELCOME_MAX_BYTES = 1024 * 1024
const REASON_MAX_CHARACTERS = 200

/** A CBOR map: `tid` · `welcome`, or `refused`. */
export function encodeAnswer(answer: Answer): Uint8Array {
  if (answer.kind === "refused")
    return encodeCbor(new Map([["refused", answer.reason.slice(0, REASON_MAX_CHARACTERS)]]))
  return encodeCbor(
    new Map<string, CborValue>([
      ["tid", answer.transitionId],
      ["welcome", answer.welcome],
    ]),
  )
}

/** @returns undefined for anything else. The Welcome is owned by the caller. */
export function decodeAnswer(bytes: Uint8Array): Answer | undefined {
  try {
    const fields = new CborFields(decodeCbor(bytes, { sizeBytes: WELCOME_MAX_BYTES, depth: 1, itemCount: 8 }))
    const answer: Answer = fields.nextIs("refused")
      ? { kind: "refused", reason: fields.text("refused", REASON_MAX_CHARACTERS) }
      : {
          kind: "admitted",
          transitionId: fields.uint("tid", UINT32_MAX),
          welcome: fields.bytes("welcome", WELCOME_MAX_BYTES),
        }
    fields.end()
    return answer
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
