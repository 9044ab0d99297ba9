import { concatBytes, toUtf8 } from "@qpc/wire"
import type { KeyPair } from "./cipher-suite.ts"
import { LabeledKdf, twoBytes } from "./labeled-kdf.ts"
import type { Agreement, DhGroup, HashFunction, Kem } from "./primitives.ts"

const EMPTY = new Uint8Array(0)

/** DHKEM (RFC 9180 §4.1) over any group and hash. */
export class DhKem implements Kem {
  readonly kemId: number
  readonly publicKeyBytes: number
  readonly privateKeyBytes: number
  readonly outputBytes: number
  readonly seedBytes: number
  readonly drawsRandomness = false
  readonly #group: DhGroup
  readonly #kdf: LabeledKdf
  readonly #secretBytes: number

  constructor(group: DhGroup, hash: HashFunction) {
    this.kemId = group.kemId
    this.publicKeyBytes = group.publicKeyBytes
    this.privateKeyBytes = group.privateKeyBytes
    this.outputBytes = group.publicKeyBytes
    this.seedBytes = group.seedBytes
    this.#group = group
    this.#kdf = new LabeledKdf(hash, concatBytes(toUtf8("KEM"), twoBytes(group.kemId)))
    this.#secretBytes = hash.hashBytes
  }

  encapsulate(
    publicKey: Uint8Array,
    seed: Uint8Array,
  ): { readonly kemOutput: Uint8Array; readonly secret: Uint8Array } | undefined {
    const ephemeral = this.#privateKeyOf(seed)
    try {
      const agreement = this.#group.agree(ephemeral, publicKey, "once")
      if (agreement === undefined) return undefined
      const kemOutput = agreement.publicKey
      return { kemOutput, secret: this.#extractAndExpand(agreement, kemOutput, publicKey) }
    } finally {
      ephemeral.fill(0)
    }
  }

  decapsulate(privateKey: Uint8Array, kemOutput: Uint8Array): Uint8Array | undefined {
    const agreement = this.#group.agree(privateKey, kemOutput, "again")
    if (agreement === undefined) return undefined
    return this.#extractAndExpand(agreement, kemOutput, agreement.publicKey)
  }

  /** DeriveKeyPair (RFC 9180 §7.1.3). */
  keyPair(seed: Uint8Array): KeyPair {
    const privateKey = this.#privateKeyOf(seed)
    const publicKey = this.#group.publicKey(privateKey)
    if (publicKey === undefined) throw new Error("unreachable: a derived private key has no public key")
    return { publicKey, privateKey }
  }

  publicKey(privateKey: Uint8Array): Uint8Array | undefined {
    return this.#group.publicKey(privateKey)
  }

  publicKeyIsValid(publicKey: Uint8Array): boolean {
    return this.#group.publicKeyIsValid(publicKey)
  }

  #privateKeyOf(seed: Uint8Array): Uint8Array {
    if (seed.length < this.seedBytes) throw new RangeError(`a KEM seed has at least ${this.seedBytes} bytes`)
    const pseudoRandomKey = this.#kdf.extract(EMPTY, "dkp_prk", seed)
    const privateKey = this.#group.derivePrivateKey((label, info, lengthBytes) =>
      this.#kdf.expand(pseudoRandomKey, label, info, lengthBytes),
    )
    pseudoRandomKey.fill(0)
    return privateKey
  }

  /** Binds both public keys into the secret: without them a sender could make one `enc` fit two recipients. */
  #extractAndExpand(agreement: Agreement, kemOutput: Uint8Array, recipient: Uint8Array): Uint8Array {
    const pseudoRandomKey = this.#kdf.extract(EMPTY, "eae_prk", agreement.secret)
    agreement.secret.fill(0)
    const context = concatBytes(kemOutput, recipient)
    const secret = this.#kdf.expand(pseudoRandomKey, "shared_secret", context, this.#secretBytes)
    pseudoRandomKey.fill(0)
    return secret
  }
}
