import { CborFields, decodeCbor, DecodeError, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import { ERROR_CLASS_CODES, lookupError } from "./error-registry.ts"
import type { ErrorClass, RegisteredError } from "./error-registry.ts"

/** An error as members tell it to each other, the arguments of a NACK (GBP "Error object"). */
export interface ErrorObject {
  readonly code: number
  readonly class: ErrorClass
  readonly retryable: boolean
  readonly fatal: boolean
  /** For people who read logs. No secrets, no contents, nothing that a member wrote: it goes to others. */
  readonly reason: string
  /** More, in CBOR; may be empty. */
  readonly details: Uint8Array
}

/** UTF-16 units of a reason. */
export const ERROR_REASON_MAX_CHARACTERS = 256
/** Bytes of the details. */
export const ERROR_DETAILS_MAX_BYTES = 1024

const UINT8_MAX = 0xff
const UINT16_MAX = 0xffff
const UTF8_MAX_BYTES = 3
const OVERHEAD_BYTES = 64
const SIZE_MAX_BYTES = ERROR_REASON_MAX_CHARACTERS * UTF8_MAX_BYTES + ERROR_DETAILS_MAX_BYTES + OVERHEAD_BYTES
const NOTHING = new Uint8Array(0)

/** The error object of an entry of the registry. */
export function errorObject(error: RegisteredError, details: Uint8Array = NOTHING): ErrorObject {
  const { code, class: errorClass, retryable, fatal, name } = error
  return { code, class: errorClass, retryable, fatal, reason: name, details }
}

/** The map `code` · `class` · `retryable` · `fatal` · `reason` · `det`, in this order. @throws RangeError above the bounds */
export function encodeErrorObject(error: ErrorObject): Uint8Array {
  if (error.reason.length > ERROR_REASON_MAX_CHARACTERS || error.details.length > ERROR_DETAILS_MAX_BYTES) {
    throw new RangeError("the reason or the details of an error are too long")
  }
  return encodeCbor(
    new Map<string, CborValue>([
      ["code", error.code],
      ["class", ERROR_CLASS_CODES[error.class]],
      ["retryable", error.retryable],
      ["fatal", error.fatal],
      ["reason", error.reason],
      ["det", error.details],
    ]),
  )
}

/**
 * Reads what somebody says went wrong. For a code of the registry, class and flags have to be the registered ones: a member
 * must not make others fail by calling a harmless error fatal.
 *
 * @throws DecodeError
 */
export function decodeErrorObject(bytes: Uint8Array): ErrorObject {
  const fields = new CborFields(decodeCbor(bytes, { sizeBytes: SIZE_MAX_BYTES, depth: 1, itemCount: 16 }))
  const error: ErrorObject = {
    code: fields.uint("code", UINT16_MAX),
    class: classFromWire(fields.uint("class", UINT8_MAX)),
    retryable: fields.boolean("retryable"),
    fatal: fields.boolean("fatal"),
    reason: fields.text("reason", ERROR_REASON_MAX_CHARACTERS),
    details: fields.bytes("det", ERROR_DETAILS_MAX_BYTES),
  }
  fields.end()
  const known = lookupError(error.code)
  const isAsRegistered =
    known === undefined ||
    (known.class === error.class && known.retryable === error.retryable && known.fatal === error.fatal)
  if (!isAsRegistered) throw new DecodeError("bad_value", 0)
  return error
}

function classFromWire(code: number): ErrorClass {
  const found = Object.entries(ERROR_CLASS_CODES).find(([, assigned]) => assigned === code)
  if (found === undefined) throw new DecodeError("reserved_value", 0)
  return found[0] as ErrorClass
}
