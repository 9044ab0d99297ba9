import type { CipherSuite } from "../cipher-suite.ts"
import { DhKem } from "../dhkem.ts"
import { makeSuite, type SuiteParts } from "../make-suite.ts"
import { aes128Gcm } from "./aead.ts"
import { ed25519 } from "./ed25519.ts"
import { sha256 } from "./hash-function.ts"
import { loadSodium, type Sodium } from "./sodium.ts"
import { x25519 } from "./x25519.ts"

/**
 * MLS cipher suite 0x0001 (RFC 9420 §17.1) for browsers: libsodium for the curves, @noble for the rest.
 *
 * Await it once at the application's edge, before there is a protocol to run; the suite itself is synchronous. It keeps
 * no key. Copies that WebAssembly makes of one for a call stay in its memory until overwritten.
 *
 * Rejects if the engine has no WebAssembly or forbids it (Content-Security-Policy without `wasm-unsafe-eval`).
 */
export async function loadBrowserSuite(): Promise<CipherSuite> {
  return makeSuite(suite0001Parts(await loadSodium()))
}

/** What suite 0x0001 is made of on this platform. */
export function suite0001Parts(sodium: Sodium): SuiteParts {
  return {
    id: 0x0001,
    name: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
    hash: sha256,
    aead: aes128Gcm,
    kem: new DhKem(x25519(sodium), sha256),
    signature: ed25519(sodium),
  }
}
