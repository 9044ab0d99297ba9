import { equalBytes } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"
import { ensure, ensureEqual, type Register } from "./law.ts"
import { testBytes } from "./test-bytes.ts"

type Call = (use: (bytes: Uint8Array) => Uint8Array) => readonly (Uint8Array | undefined)[]

/** Who owns which bytes: arguments are borrowed, results are given away. */
export function checkMemory(suite: CipherSuite, it: Register): void {
  const calls = callsOf(suite)

  it("leaves its arguments as they were", () => {
    for (const [name, call] of calls) {
      const lent: [given: Uint8Array, copy: Uint8Array][] = []
      call((bytes) => {
        const given = bytes.slice()
        lent.push([given, bytes])
        return given
      })
      for (const [given, copy] of lent) ensureEqual(given, copy, name)
    }
  })

  it("reads views into larger memory like copies", () => {
    for (const [name, call] of calls) {
      if (drawsRandomness(suite, name)) continue
      const [fromCopies, fromViews] = [call((bytes) => bytes), call(viewOf)]
      for (const [i, expected] of fromCopies.entries()) ensureEqual(fromViews[i], expected, name)
    }
  })

  it("gives results plain memory of their own, so that zeroing one touches nothing else", () => {
    for (const [name, call] of calls) {
      const lent: Uint8Array[] = []
      const results = call((bytes) => {
        lent.push(bytes)
        return bytes
      })
      const before = lent.map((bytes) => bytes.slice())
      for (const result of results) {
        ensure(result?.constructor === Uint8Array, `${name} gives no plain Uint8Array`)
        ensure(result?.byteLength === result?.buffer.byteLength, `${name} gives a view into larger memory`)
        result?.fill(0xee)
      }
      for (const [i, bytes] of lent.entries()) ensureEqual(bytes, before[i], `${name} gives an argument away`)
      for (const again of call((bytes) => bytes)) {
        const isSpoilt = again !== undefined && again.length > 0 && equalBytes(again, again.slice().fill(0xee))
        ensure(!isSpoilt, `${name} keeps what it gave away`)
      }
    }
  })
}

/** True for the calls whose results differ anyway. */
function drawsRandomness(suite: CipherSuite, name: string): boolean {
  const kind = { sign: "sign", hpkeSeal: "seal", hpkeSendExport: "seal" } as const
  return Object.hasOwn(kind, name) && suite.drawsRandomness?.has(kind[name as keyof typeof kind]) === true
}

/** The same bytes in the middle of larger memory. */
function viewOf(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 13).fill(0xa5)
  larger.set(bytes, 6)
  return larger.subarray(6, 6 + bytes.length)
}

/** Every operation once, its arguments passed through `use`. */
function callsOf(suite: CipherSuite): ReadonlyMap<string, Call> {
  const { sizes } = suite
  const data = testBytes(1, 40)
  const secret = testBytes(2, sizes.hashBytes)
  const [key, nonce] = [testBytes(3, sizes.aeadKeyBytes), testBytes(4, sizes.aeadNonceBytes)]
  const ciphertext = suite.aeadSeal(key, nonce, data, data)
  const signer = suite.signatureKeyPair(testBytes(5, sizes.signatureSeedBytes))
  const signerSeed = testBytes(6, sizes.signatureSeedBytes)
  const seed = testBytes(7, sizes.kemSeedBytes)
  const recipient = suite.kemKeyPair(testBytes(8, sizes.kemSeedBytes))
  const sealed = suite.hpkeSeal(recipient.publicKey, data, data, data, seed)!
  return new Map<string, Call>([
    ["hash", (use) => [suite.hash(use(data))]],
    ["mac", (use) => [suite.mac(use(secret), use(data))]],
    ["extract", (use) => [suite.extract(use(secret), use(data))]],
    ["expand", (use) => [suite.expand(use(secret), use(data), 100), suite.expand(use(secret), use(data), 5)]],
    ["aeadSeal", (use) => [suite.aeadSeal(use(key), use(nonce), use(data), use(data))]],
    ["aeadOpen", (use) => [suite.aeadOpen(use(key), use(nonce), use(data), use(ciphertext))]],
    ["signatureKeyPair", (use) => valuesOf(suite.signatureKeyPair(use(signerSeed)))],
    ["signaturePublicKey", (use) => [suite.signaturePublicKey(use(signer.privateKey))]],
    ["sign", (use) => [suite.sign(use(signer.privateKey), use(data))]],
    ["kemKeyPair", (use) => valuesOf(suite.kemKeyPair(use(seed)))],
    ["kemPublicKey", (use) => [suite.kemPublicKey(use(recipient.privateKey))]],
    [
      "hpkeSeal",
      (use) => valuesOf(suite.hpkeSeal(use(recipient.publicKey), use(data), use(data), use(data), use(seed))),
    ],
    [
      "hpkeOpen",
      (use) => {
        const borrowed = { kemOutput: use(sealed.kemOutput), ciphertext: use(sealed.ciphertext) }
        return [suite.hpkeOpen(use(recipient.privateKey), use(data), use(data), borrowed)]
      },
    ],
    [
      "hpkeSendExport",
      (use) => valuesOf(suite.hpkeSendExport(use(recipient.publicKey), use(data), use(data), 50, use(seed))),
    ],
    [
      "hpkeReceiveExport",
      (use) => [suite.hpkeReceiveExport(use(recipient.privateKey), use(sealed.kemOutput), use(data), use(data), 50)],
    ],
  ])
}

function valuesOf(result: object | undefined): Uint8Array[] {
  return Object.values(result ?? {}) as Uint8Array[]
}
