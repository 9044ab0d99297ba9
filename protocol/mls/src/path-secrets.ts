import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { deriveSecret } from "./labels.ts"

/** The secret of the next node upwards; above the last one it is the commit secret (RFC 9420 §7.4, §12.4.1). */
export function nextPathSecret(suite: CipherSuite, pathSecret: Uint8Array): Uint8Array {
  return deriveSecret(suite, pathSecret, "path")
}

/** The key pair of a node from its path secret (RFC 9420 §7.4). */
export function nodeKeyPair(suite: CipherSuite, pathSecret: Uint8Array): KeyPair {
  const nodeSecret = deriveSecret(suite, pathSecret, "node")
  const keyPair = suite.kemKeyPair(nodeSecret)
  nodeSecret.fill(0)
  return keyPair
}
