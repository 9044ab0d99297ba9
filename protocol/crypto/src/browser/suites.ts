import type { CipherSuite } from "../cipher-suite.ts"
import { makeSuite } from "../make-suite.ts"
import { suitePartsOf, suiteSpecOf } from "../suite-specs.ts"
import { loadBrowserPlatform, loadCurve25519Platform } from "./platform.ts"

/**
 * A cipher suite of RFC 9420 §17.1 for browsers, 0x0001 unless asked otherwise: libsodium for X25519 and Ed25519,
 * @noble for the rest. The NIST curves (0x0002, 0x0005, 0x0007) and Curve448 (0x0004, 0x0006) are fetched when they are
 * asked for.
 *
 * Await it once at the application's edge, before there is a protocol to run; the suite itself is synchronous. It keeps
 * no key. What WebAssembly is given for a call is zeroed after it.
 *
 * Rejects with a RangeError for a code point that RFC 9420 does not assign, and if the engine has no WebAssembly or
 * forbids it (Content-Security-Policy without `wasm-unsafe-eval`).
 */
export async function loadBrowserSuite(id = 0x0001): Promise<CipherSuite> {
  const spec = suiteSpecOf(id)
  return makeSuite(suitePartsOf(spec, await loadBrowserPlatform([spec.group])))
}

/** {@link loadBrowserSuite} for 0x0001 alone: a bundle that asks for no other suite holds no other curve. */
export async function loadBrowserSuite0001(): Promise<CipherSuite> {
  return makeSuite(suitePartsOf(suiteSpecOf(0x0001), await loadCurve25519Platform()))
}
