import { equalBytes, fromHex } from "@qpc/wire"
import { DH_GROUPS } from "../dh-groups.ts"
import { Hpke } from "../hpke.ts"
import type { Aead, Kem } from "../primitives.ts"
import { dhKemOf } from "../suite-specs.ts"
import type { VectorResult } from "@qpc/wire/vectors"
import { Tally } from "./tally.ts"
import type { VectorProvider } from "./vector-provider.ts"

/** One entry of RFC 9180 appendix A in the form of its JSON file. */
export interface HpkeVector {
  readonly mode: number
  readonly kem_id: number
  readonly kdf_id: number
  readonly aead_id: number
  readonly info: string
  readonly ikmR: string
  readonly ikmE: string
  readonly skRm: string
  readonly pkRm: string
  readonly enc: string
  readonly shared_secret: string
  readonly key: string
  readonly base_nonce: string
  readonly exporter_secret: string
  readonly encryptions: readonly {
    readonly aad: string
    readonly ct: string
    readonly nonce: string
    readonly pt: string
  }[]
  readonly exports: readonly {
    readonly exporter_context: string
    readonly L: number
    readonly exported_value: string
  }[]
}

const MODE_BASE = 0

/**
 * HPKE (RFC 9180 appendix A). One case for each encryption, each exported value, and one for the keys of each entry.
 *
 * A suite sends one message per encapsulation, so later encryptions of an entry are checked through the key schedule:
 * the key with `base_nonce` XOR the sequence number (RFC 9180 §5.2).
 */
export function runHpke(provider: VectorProvider, vectors: readonly HpkeVector[]): VectorResult {
  const tally = new Tally(provider.beforeCase)
  for (const vector of vectors) {
    const parts = partsOf(provider, vector)
    if (typeof parts === "string") {
      tally.skip(parts, 1 + vector.encryptions.length + vector.exports.length)
      continue
    }
    const name = `kem ${vector.kem_id} kdf ${vector.kdf_id} aead ${vector.aead_id}`
    tally.check(`${name} keys`, () => keysHold(parts, vector))
    for (const index of vector.encryptions.keys()) {
      tally.check(`${name} encryption ${index}`, () => encryptionHolds(parts, vector, index))
    }
    for (const index of vector.exports.keys()) {
      tally.check(`${name} export ${index}`, () => exportHolds(parts, vector, index))
    }
  }
  return tally.result()
}

interface Parts {
  readonly hpke: Hpke
  readonly kem: Kem
  readonly aead: Aead
}

const GROUP_NAMES = Object.values(DH_GROUPS).map(({ name }) => name)
const HASH_NAMES = ["SHA-256", "SHA-384", "SHA-512"] as const
const AEAD_NAMES = ["AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"] as const

/** The construction an entry is about, or why it is not run. */
function partsOf({ platform }: VectorProvider, vector: HpkeVector): Parts | string {
  const group = GROUP_NAMES.find((name) => DH_GROUPS[name].kemId === vector.kem_id)
  const hash = HASH_NAMES.map((name) => platform.hash(name)).find(({ kdfId }) => kdfId === vector.kdf_id)
  const aead = AEAD_NAMES.map((name) => platform.aead(name)).find(({ aeadId }) => aeadId === vector.aead_id)
  if (vector.mode !== MODE_BASE) return "MLS uses base mode only"
  if (group === undefined) return "a KEM that no suite uses"
  if (hash === undefined) return "a KDF that no suite uses"
  if (aead === undefined) return "export-only, which MLS does not use"
  const kem = dhKemOf(group, platform)
  return { hpke: new Hpke(kem, hash, aead), kem, aead }
}

function keysHold({ hpke, kem }: Parts, vector: HpkeVector): boolean {
  const info = fromHex(vector.info)
  const recipient = kem.keyPair(fromHex(vector.ikmR))
  const sent = kem.encapsulate(fromHex(vector.pkRm), fromHex(vector.ikmE))
  const received = kem.decapsulate(fromHex(vector.skRm), fromHex(vector.enc))
  if (sent === undefined || received === undefined) return false
  const agreed = is(sent.kemOutput, vector.enc) && is(sent.secret, vector.shared_secret)
  const arrived = is(received, vector.shared_secret)
  const { key, nonce } = hpke.messageKey(sent.secret, info)
  return (
    agreed &&
    arrived &&
    is(recipient.privateKey, vector.skRm) &&
    is(recipient.publicKey, vector.pkRm) &&
    is(key, vector.key) &&
    is(nonce, vector.base_nonce) &&
    is(hpke.exporterSecret(received, info), vector.exporter_secret)
  )
}

function encryptionHolds({ hpke, aead }: Parts, vector: HpkeVector, index: number): boolean {
  const { aad, ct, pt, nonce } = vector.encryptions[index]!
  const key = fromHex(vector.key)
  const expectedNonce = nonceOf(fromHex(vector.base_nonce), index)
  const opened = aead.open(key, expectedNonce, fromHex(aad), fromHex(ct))
  const holds =
    is(expectedNonce, nonce) &&
    is(aead.seal(key, expectedNonce, fromHex(aad), fromHex(pt)), ct) &&
    opened !== undefined &&
    is(opened, pt)
  if (!holds || index > 0) return holds

  const info = fromHex(vector.info)
  const sealed = hpke.seal(fromHex(vector.pkRm), info, fromHex(aad), fromHex(pt), fromHex(vector.ikmE))
  if (sealed === undefined) return false
  const plaintext = hpke.open(fromHex(vector.skRm), info, fromHex(aad), sealed)
  return is(sealed.kemOutput, vector.enc) && is(sealed.ciphertext, ct) && plaintext !== undefined && is(plaintext, pt)
}

function exportHolds({ hpke }: Parts, vector: HpkeVector, index: number): boolean {
  const { exporter_context, L, exported_value } = vector.exports[index]!
  const [info, context] = [fromHex(vector.info), fromHex(exporter_context)]
  const sent = hpke.sendExport(fromHex(vector.pkRm), info, context, L, fromHex(vector.ikmE))
  const received = hpke.receiveExport(fromHex(vector.skRm), fromHex(vector.enc), info, context, L)
  return (
    sent !== undefined &&
    received !== undefined &&
    is(sent.kemOutput, vector.enc) &&
    is(sent.secret, exported_value) &&
    is(received, exported_value)
  )
}

function nonceOf(baseNonce: Uint8Array, sequence: number): Uint8Array {
  const nonce = baseNonce.slice()
  new DataView(nonce.buffer).setUint32(8, new DataView(nonce.buffer).getUint32(8) ^ sequence)
  return nonce
}

function is(bytes: Uint8Array, hex: string): boolean {
  return equalBytes(bytes, fromHex(hex))
}
