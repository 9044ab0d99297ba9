import { concatBytes, toUtf8 } from "@qpc/wire"
import type { KeyPair } from "./cipher-suite.ts"
import { CURVE25519_BYTES } from "./curve25519.ts"
import { twoBytes } from "./labeled-kdf.ts"
import {
  ML_KEM_768_CIPHERTEXT_BYTES,
  ML_KEM_768_MESSAGE_BYTES,
  ML_KEM_768_PUBLIC_KEY_BYTES,
  ML_KEM_768_SEED_BYTES,
  mlKem768PublicKeyIsValid,
} from "./ml-kem-768.ts"
import type { DhGroup, Kem, MlKem, Sha3 } from "./primitives.ts"

/**
 * DeriveKeyPair exists twice, and members of one group must use the same: `hpke-pq` is draft-ietf-hpke-pq §4, which the
 * MLS drafts refer to; `xwing` is draft-connolly-cfrg-xwing-kem §5.7, which older implementations have.
 */
export type XWingKeyDerivation = "hpke-pq" | "xwing"

/** The two halves of an X-Wing private key, and a hash to join them with. */
export interface XWingPrimitives {
  readonly mlKem: MlKem
  readonly x25519: DhGroup
  readonly sha3: Sha3
}

/** An X-Wing private key after its expansion. The caller zeroes both. */
export interface XWingHalves {
  readonly mlKemSeed: Uint8Array
  readonly x25519Key: Uint8Array
}

/** An encapsulated key and the secret behind it. */
interface Encapsulated {
  readonly kemOutput: Uint8Array
  readonly secret: Uint8Array
}

const KEM_ID = 0x647a
const PRIVATE_KEY_BYTES = 32
/** `\.//^\` in ASCII. */
const LABEL = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c)
const VERSION_AND_SUITE = concatBytes(toUtf8("HPKE-v1KEM"), twoBytes(KEM_ID))

/**
 * X-Wing (draft-connolly-cfrg-xwing-kem), alias MLKEM768-X25519 (draft-irtf-cfrg-concrete-hybrid-kems): secret as long
 * as X25519 or ML-KEM-768 holds.
 *
 * X25519 keys that force the secret are refused on both sides, although the draft lets them through: an honest peer has
 * none.
 */
export class XWing implements Kem {
  readonly kemId: number = KEM_ID
  readonly publicKeyBytes: number = ML_KEM_768_PUBLIC_KEY_BYTES + CURVE25519_BYTES
  readonly privateKeyBytes: number = PRIVATE_KEY_BYTES
  readonly outputBytes: number = ML_KEM_768_CIPHERTEXT_BYTES + CURVE25519_BYTES
  readonly seedBytes: number = PRIVATE_KEY_BYTES
  readonly drawsRandomness: boolean
  readonly #parts: XWingPrimitives
  readonly #keyDerivation: XWingKeyDerivation

  constructor(parts: XWingPrimitives, keyDerivation: XWingKeyDerivation) {
    this.#parts = parts
    this.#keyDerivation = keyDerivation
    this.drawsRandomness = parts.mlKem.drawsRandomness
  }

  keyPair(seed: Uint8Array): KeyPair {
    this.#checkSeed(seed)
    const { sha3 } = this.#parts
    const privateKey =
      this.#keyDerivation === "hpke-pq"
        ? labeledDerive(sha3, seed, "DeriveKeyPair", PRIVATE_KEY_BYTES)
        : sha3.shake256(seed, PRIVATE_KEY_BYTES)
    return { publicKey: this.#publicKeyOf(privateKey), privateKey }
  }

  publicKey(privateKey: Uint8Array): Uint8Array | undefined {
    return privateKey.length === PRIVATE_KEY_BYTES ? this.#publicKeyOf(privateKey) : undefined
  }

  publicKeyIsValid(publicKey: Uint8Array): boolean {
    return (
      mlKem768PublicKeyIsValid(publicKey.subarray(0, ML_KEM_768_PUBLIC_KEY_BYTES)) &&
      this.#parts.x25519.publicKeyIsValid(publicKey.subarray(ML_KEM_768_PUBLIC_KEY_BYTES))
    )
  }

  /** The draft's `eseed` of 64 bytes is derived from the seed, so that one length of seed serves keys and messages. */
  encapsulate(publicKey: Uint8Array, seed: Uint8Array): Encapsulated | undefined {
    this.#checkSeed(seed)
    const eseed = labeledDerive(this.#parts.sha3, seed, "EncapsulationSeed", 64)
    const encapsulated = this.encapsulateFrom(publicKey, eseed)
    eseed.fill(0)
    return encapsulated
  }

  /** EncapsulateDerand (draft-connolly-cfrg-xwing-kem §5.4.1). @param eseed - 64 bytes. */
  encapsulateFrom(publicKey: Uint8Array, eseed: Uint8Array): Encapsulated | undefined {
    const [mlKemKey, x25519Key] = split(publicKey, ML_KEM_768_PUBLIC_KEY_BYTES)
    const [message, ephemeral] = split(eseed, ML_KEM_768_MESSAGE_BYTES)
    const agreement = this.#parts.x25519.agree(ephemeral, x25519Key, "once")
    const sent = agreement && this.#parts.mlKem.encapsulate(mlKemKey, message)
    if (agreement === undefined || sent === undefined) return undefined
    const kemOutput = concatBytes(sent.ciphertext, agreement.publicKey)
    return { kemOutput, secret: this.#combine(sent.secret, agreement.secret, agreement.publicKey, x25519Key) }
  }

  decapsulate(privateKey: Uint8Array, kemOutput: Uint8Array): Uint8Array | undefined {
    if (privateKey.length !== PRIVATE_KEY_BYTES) throw new RangeError("a private key of X-Wing has 32 bytes")
    const [ciphertext, ephemeral] = split(kemOutput, ML_KEM_768_CIPHERTEXT_BYTES)
    const { mlKemSeed, x25519Key } = expandXWingKey(this.#parts.sha3, privateKey)
    const agreement = this.#parts.x25519.agree(x25519Key, ephemeral, "again")
    const secret = agreement && this.#parts.mlKem.decapsulate(mlKemSeed, ciphertext)
    mlKemSeed.fill(0)
    x25519Key.fill(0)
    return secret && this.#combine(secret, agreement.secret, ephemeral, agreement.publicKey)
  }

  #publicKeyOf(privateKey: Uint8Array): Uint8Array {
    const { mlKemSeed, x25519Key } = expandXWingKey(this.#parts.sha3, privateKey)
    const x25519PublicKey = this.#parts.x25519.publicKey(x25519Key)
    if (x25519PublicKey === undefined) throw new Error("unreachable: 32 bytes are an X25519 key")
    const publicKey = concatBytes(this.#parts.mlKem.publicKey(mlKemSeed), x25519PublicKey)
    mlKemSeed.fill(0)
    x25519Key.fill(0)
    return publicKey
  }

  /** Uses up both secrets. */
  #combine(mlKem: Uint8Array, x25519: Uint8Array, ephemeral: Uint8Array, recipient: Uint8Array): Uint8Array {
    const joined = concatBytes(mlKem, x25519, ephemeral, recipient, LABEL)
    const secret = this.#parts.sha3.sha3256(joined)
    for (const used of [mlKem, x25519, joined]) used.fill(0)
    return secret
  }

  #checkSeed(seed: Uint8Array): void {
    if (seed.length < this.seedBytes) throw new RangeError(`a KEM seed has at least ${this.seedBytes} bytes`)
  }
}

/** expandDecapsulationKey (draft-connolly-cfrg-xwing-kem §5.2), without the public halves. */
export function expandXWingKey(sha3: Sha3, privateKey: Uint8Array): XWingHalves {
  const expanded = sha3.shake256(privateKey, ML_KEM_768_SEED_BYTES + CURVE25519_BYTES)
  const [mlKemSeed, x25519Key] = split(expanded, ML_KEM_768_SEED_BYTES)
  return { mlKemSeed, x25519Key }
}

/**
 * LabeledDerive of the one-stage KDF SHAKE256 with an empty context (draft-ietf-hpke-hpke §4, draft-ietf-hpke-pq §5).
 */
function labeledDerive(sha3: Sha3, keyMaterial: Uint8Array, label: string, lengthBytes: number): Uint8Array {
  const name = toUtf8(label)
  const input = concatBytes(keyMaterial, VERSION_AND_SUITE, twoBytes(name.length), name, twoBytes(lengthBytes))
  const derived = sha3.shake256(input, lengthBytes)
  input.fill(0)
  return derived
}

function split(bytes: Uint8Array, at: number): [Uint8Array, Uint8Array] {
  return [bytes.subarray(0, at), bytes.subarray(at)]
}
