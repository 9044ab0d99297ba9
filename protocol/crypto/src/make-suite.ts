import type { CipherSuite } from "./cipher-suite.ts"
import { expand, extract } from "./hkdf.ts"
import { Hpke } from "./hpke.ts"
import type { Aead, HashFunction, Kem, SignatureScheme } from "./primitives.ts"

/** The parts of one cipher suite (RFC 9420 §17.1). */
export interface SuiteParts {
  readonly id: number
  readonly name: string
  readonly hash: HashFunction
  readonly aead: Aead
  readonly kem: Kem
  readonly signature: SignatureScheme
}

/**
 * Joins a platform's primitives into a suite. All construction code (HKDF, HPKE) is shared, so that two platforms can
 * differ in their primitives only, and those are compared by the conformance suite.
 */
export function makeSuite(parts: SuiteParts): CipherSuite {
  const { hash, aead, kem, signature } = parts
  const hpke = new Hpke(kem, hash, aead)
  const drawsRandomness = new Set<"sign" | "seal">()
  if (signature.drawsRandomness) drawsRandomness.add("sign")
  if (kem.drawsRandomness) drawsRandomness.add("seal")
  return {
    id: parts.id,
    name: parts.name,
    drawsRandomness,
    sizes: {
      hashBytes: hash.hashBytes,
      aeadKeyBytes: aead.keyBytes,
      aeadNonceBytes: aead.nonceBytes,
      aeadTagBytes: aead.tagBytes,
      kemPublicKeyBytes: kem.publicKeyBytes,
      kemPrivateKeyBytes: kem.privateKeyBytes,
      kemOutputBytes: kem.outputBytes,
      kemSeedBytes: kem.seedBytes,
      signaturePublicKeyBytes: signature.publicKeyBytes,
      signaturePrivateKeyBytes: signature.privateKeyBytes,
      signatureSeedBytes: signature.seedBytes,
    },
    hash: (data) => hash.hash(data),
    mac: (key, data) => hash.mac(key, data),
    extract: (salt, inputKeyMaterial) => extract(hash, salt, inputKeyMaterial),
    expand: (pseudoRandomKey, info, lengthBytes) => expand(hash, pseudoRandomKey, info, lengthBytes),
    aeadSeal: (key, nonce, aad, plaintext) => aead.seal(key, nonce, aad, plaintext),
    aeadOpen: (key, nonce, aad, ciphertext) => aead.open(key, nonce, aad, ciphertext),
    signatureKeyPair: (seed) => signature.keyPair(seed),
    signaturePublicKey: (privateKey) => signature.publicKey(privateKey),
    sign: (privateKey, message) => signature.sign(privateKey, message),
    verify: (publicKey, message, signed) => signature.verify(publicKey, message, signed),
    kemKeyPair: (seed) => kem.keyPair(seed),
    kemPublicKey: (privateKey) => kem.publicKey(privateKey),
    kemPublicKeyIsValid: (publicKey) => kem.publicKeyIsValid(publicKey),
    hpkeInfo: (info) => hpke.info(info),
    hpkeSeal: (publicKey, info, aad, plaintext, seed) => hpke.seal(publicKey, info, aad, plaintext, seed),
    hpkeOpen: (privateKey, info, aad, sealed) => hpke.open(privateKey, info, aad, sealed),
    hpkeSendExport: (publicKey, info, exporterContext, lengthBytes, seed) =>
      hpke.sendExport(publicKey, info, exporterContext, lengthBytes, seed),
    hpkeReceiveExport: (privateKey, kemOutput, info, exporterContext, lengthBytes) =>
      hpke.receiveExport(privateKey, kemOutput, info, exporterContext, lengthBytes),
  }
}
