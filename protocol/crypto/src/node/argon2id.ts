import { argon2Sync } from "node:crypto"
import { ownBytes } from "./own-bytes.ts"

/** The cost of an Argon2id derivation (RFC 9106 §3.1). */
export interface Argon2idCost {
  /** At least 8 × parallelism. */
  readonly memoryKiB: number
  readonly passes: number
  readonly parallelism: number
  /** 4 bytes or more. */
  readonly lengthBytes: number
  /** A key kept apart from the passwords ("pepper"). */
  readonly secret?: Uint8Array
  readonly associatedData?: Uint8Array
}

/**
 * A key from a password (RFC 9106). Blocks the thread: 64 MiB and 3 passes take about a tenth of a second.
 *
 * @param salt - 8 bytes or more, unique per password.
 * @throws RangeError for a salt that is too short or a cost outside RFC 9106 §3.1
 */
export function argon2id(password: Uint8Array, salt: Uint8Array, cost: Argon2idCost): Uint8Array {
  const { memoryKiB, passes, parallelism, lengthBytes } = cost
  if (salt.length < 8) throw new RangeError("a salt of Argon2id has at least 8 bytes")
  checkRange("parallelism", parallelism, 1, 2 ** 24 - 1)
  checkRange("memoryKiB", memoryKiB, 8 * parallelism, 2 ** 32 - 1)
  checkRange("passes", passes, 1, 2 ** 32 - 1)
  checkRange("lengthBytes", lengthBytes, 4, 2 ** 32 - 1)
  return ownBytes(
    argon2Sync("argon2id", {
      message: password,
      nonce: salt,
      memory: memoryKiB,
      passes,
      parallelism,
      tagLength: lengthBytes,
      ...(cost.secret && { secret: cost.secret }),
      ...(cost.associatedData && { associatedData: cost.associatedData }),
    }),
  )
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} of Argon2id is ${least} to ${most}, not ${value}`)
  }
}
