import type { CipherSuite } from "@qpc/crypto"
import { newXWingSuite } from "@qpc/crypto/node"

/**
 * X-Wing, where this Node has what it takes: some distributions build Node over their own OpenSSL, and ML-KEM is in it from 3.5 on.
 * Without it no key packages of the suite are published, so that no group goes where this device could not follow.
 *
 * @param openssl - its version
 */
export function postQuantumSuites(openssl: string = process.versions.openssl): readonly CipherSuite[] {
  const [major = 0, minor = 0] = openssl.split(".").map(Number)
  return major > 3 || (major === 3 && minor >= 5) ? [newXWingSuite()] : []
}
