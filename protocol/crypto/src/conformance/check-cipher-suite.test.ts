import { describe, expect, it } from "vitest"
import type { CipherSuite } from "../cipher-suite.ts"
import { suite0001, suite0002 } from "../node/index.ts"
import { checkCipherSuite } from "./check-cipher-suite.ts"
import { monitorNonces } from "./nonce-monitor.ts"
import { resetNonceMonitor } from "./nonce-monitor-scope.ts"

describe("the conformance suite", () => {
  it.each([
    ["ignores associated data", { aeadOpen: (k, n, _, c) => suite0001.aeadOpen(k, n, new Uint8Array(0), c) }],
    ["verifies everything", { verify: () => true }],
    ["calls every KEM key valid", { kemPublicKeyIsValid: () => true }],
    ["throws on foreign bytes", { hpkeOpen: (k, i, a, s) => suite0001.hpkeOpen(k, i, a, s) ?? fail() }],
    ["returns its argument", { signatureKeyPair: (s) => ({ ...suite0001.signatureKeyPair(s), privateKey: s }) }],
    ["zeroes its argument", { mac: (k, d) => (k.fill(0), suite0001.mac(k, d)) }],
    [
      "cuts an export",
      { hpkeReceiveExport: (k, e, i, c, l) => suite0001.hpkeReceiveExport(k, e, i, c, 64)?.slice(0, l) },
    ],
  ] satisfies [string, Partial<CipherSuite>][])("notices a suite that %s", (_, fault) => {
    expect(verdictsOn({ ...suite0001, ...fault })).not.toEqual([])
  })

  it.each([
    ["takes compressed points", { kemPublicKeyIsValid: (k) => k.length === 33 || suite0002.kemPublicKeyIsValid(k) }],
    ["takes raw signatures", { verify: (k, m, s) => s.length === 64 || suite0002.verify(k, m, s) }],
    ["hides that it draws randomness", { drawsRandomness: new Set<never>() }],
  ] satisfies [string, Partial<CipherSuite>][])("notices a suite over a NIST curve that %s", (_, fault) => {
    expect(verdictsOn({ ...suite0002, ...fault })).not.toEqual([])
  })

  it("finds no fault in a monitored suite", () => {
    // Its own rounds repeat nonces on purpose, so the monitor must be a new one for each call.
    const forgetful: CipherSuite = {
      ...suite0001,
      aeadSeal: (...call) => monitorNonces(suite0001).aeadSeal(...call),
      hpkeSeal: (...call) => monitorNonces(suite0001).hpkeSeal(...call),
      hpkeSendExport: (...call) => monitorNonces(suite0001).hpkeSendExport(...call),
    }
    expect(verdictsOn(forgetful)).toEqual([])
  })
})

function verdictsOn(suite: CipherSuite): string[] {
  const broken: string[] = []
  checkCipherSuite(suite, (behaviour, check) => {
    resetNonceMonitor() // Each behaviour is a test of its own elsewhere, and starts from the same keys.
    try {
      check()
    } catch {
      broken.push(behaviour)
    }
  })
  return broken
}

function fail(): never {
  throw new Error("foreign bytes")
}
