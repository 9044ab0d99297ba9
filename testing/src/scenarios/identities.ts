import { createECDH, createHash } from "node:crypto"
import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { compareBytes } from "@qpc/wire"
import type { Random } from "@qpc/wire"

const KEY_LABEL = "marmot-cgka-conformance-nostr-key-v1"
const LABEL_BYTES = 32

/**
 * A key pair for each client, so that their identity keys are in the order of those of the scenarios' own implementation: which branch
 * the smaller committer decides is part of what the files expect. There a client's key is derived from its account's label.
 */
export function identitiesFor(
  suite: CipherSuite,
  accounts: ReadonlyMap<string, string>,
  random: Random,
): ReadonlyMap<string, KeyPair> {
  const drawn = [...accounts].map(() => suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes)))
  const pairs = drawn.toSorted((a, b) => compareBytes(a.publicKey, b.publicKey))
  const ranked = [...accounts].toSorted(([, a], [, b]) => compareBytes(originalKey(a), originalKey(b)))
  return new Map(ranked.map(([client], rank) => [client, pairs[rank]!]))
}

/** The x coordinate of the secp256k1 key that the scenarios' implementation gives to a label. */
function originalKey(label: string): Uint8Array {
  const padded = Buffer.alloc(LABEL_BYTES)
  padded.write(label)
  const secret = createHash("sha256").update(KEY_LABEL).update(padded).update(Buffer.alloc(8)).digest()
  const curve = createECDH("secp256k1")
  curve.setPrivateKey(secret)
  return curve.getPublicKey(null, "compressed").subarray(1)
}
