import { argon2id, chacha20Poly1305Open, chacha20Poly1305Seal } from "@qpc/crypto/node"
import type { Argon2idCost } from "@qpc/crypto/node"
import { DecodeError, decodeWhole, encode, Secret, toUtf8 } from "@qpc/wire"
import type { Random, Reader } from "@qpc/wire"

/** Length of the random key that the database is encrypted with. */
export const STORE_KEY_BYTES = 32

const MAGIC = toUtf8("qpc store key\n")
const VERSION = 1
const SALT_BYTES = 16
const NONCE_BYTES = 12
const WRAPPED_BYTES = STORE_KEY_BYTES + 16
const CONTEXT = toUtf8("qpc store key v1")

/** What stretching a password costs, in the words of RFC 9106 §3.1. */
export type StretchingCost = Pick<Argon2idCost, "memoryKiB" | "passes" | "parallelism">

/** 64 MiB, 3 passes, one lane: about a tenth of a second (RFC 9106 §4 asks for no less memory where it is short). */
export const DEFAULT_STRETCHING: StretchingCost = { memoryKiB: 65_536, passes: 3, parallelism: 1 }

/** A header may not ask for more than this: somebody else's file must not be able to take the machine's memory. */
const MOST: StretchingCost = { memoryKiB: 1_048_576, passes: 16, parallelism: 16 }

/**
 * Seals a new random store key under a password and returns the bytes of the header file.
 *
 * The database key itself is never derived from the password, so a new password rewrites this header only. The header up
 * to the nonce is authenticated with the key: nobody can lower the cost or move the key to another version unnoticed.
 */
export function wrapStoreKey(key: Secret, password: string, random: Random, cost: StretchingCost): Uint8Array {
  const salt = random(SALT_BYTES)
  const nonce = random(NONCE_BYTES)
  const head = encode((writer) => {
    writer.bytes(MAGIC).uint8(VERSION)
    writer.uint32(cost.memoryKiB).uint32(cost.passes).uint32(cost.parallelism)
    writer.bytes(salt).bytes(nonce)
  })
  using wrapping = wrappingKey(password, salt, cost)
  const wrapped = wrapping.expose((outer) => key.expose((k) => chacha20Poly1305Seal(outer, nonce, context(head), k)))
  return encode((writer) => writer.bytes(head).bytes(wrapped))
}

/**
 * Opens a header file. `wrong_password` also stands for a changed header: the two cannot be told apart.
 *
 * @throws DecodeError if the file is not a header of ours
 */
export function unwrapStoreKey(header: Uint8Array, password: string): Secret | "wrong_password" {
  const { cost, salt, nonce, head, wrapped } = decodeWhole(header, readHeader)
  using wrapping = wrappingKey(password, salt, cost)
  const key = wrapping.expose((outer) => chacha20Poly1305Open(outer, nonce, context(head), wrapped))
  return key === undefined ? "wrong_password" : new Secret(key)
}

function readHeader(reader: Reader) {
  const magic = reader.bytes(MAGIC.length)
  if (magic.some((byte, i) => byte !== MAGIC[i])) throw new DecodeError("bad_value", 0)
  if (reader.uint8() !== VERSION) throw new DecodeError("reserved_value", MAGIC.length)
  const cost = { memoryKiB: reader.uint32(), passes: reader.uint32(), parallelism: reader.uint32() }
  const isPayable =
    cost.memoryKiB <= MOST.memoryKiB && cost.passes <= MOST.passes && cost.parallelism <= MOST.parallelism
  const isPossible = cost.passes > 0 && cost.parallelism > 0 && cost.memoryKiB >= 8 * cost.parallelism
  if (!isPayable || !isPossible) throw new DecodeError("bad_value", MAGIC.length + 1)
  const salt = reader.bytes(SALT_BYTES)
  const nonce = reader.bytes(NONCE_BYTES)
  const head = reader.since(0)
  return { cost, salt, nonce, head, wrapped: reader.bytes(WRAPPED_BYTES) }
}

function wrappingKey(password: string, salt: Uint8Array, cost: StretchingCost): Secret {
  // NFC: the same password typed on another keyboard is the same password (RFC 8265 §4).
  using typed = new Secret(toUtf8(password.normalize("NFC")))
  return new Secret(typed.expose((bytes) => argon2id(bytes, salt, { ...cost, lengthBytes: STORE_KEY_BYTES })))
}

function context(head: Uint8Array): Uint8Array {
  return encode((writer) => writer.vector(CONTEXT).vector(head))
}
