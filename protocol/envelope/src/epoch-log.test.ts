import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto"
import { decodeWhole, encode, toGroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import {
  encodeEquivocation,
  findEquivocation,
  firstLogHead,
  nextLogHead,
  readSignedLogHead,
  signLogHead,
  verifyEquivocation,
  verifyLogHead,
  writeSignedLogHead,
} from "./epoch-log.ts"
import type { LogCrypto, LogEntry, LogHead } from "./epoch-log.ts"

const crypto: LogCrypto = {
  hash: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
  sign: (key, message) =>
    new Uint8Array(sign(null, message, createPrivateKey({ key: Buffer.from(key), format: "der", type: "pkcs8" }))),
  verify: (key, message, signature) =>
    verify(null, message, createPublicKey({ key: Buffer.from(key), format: "der", type: "spki" }), signature),
}

function keyPair(): { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519")
  return {
    publicKey: new Uint8Array(publicKey.export({ format: "der", type: "spki" })),
    privateKey: new Uint8Array(privateKey.export({ format: "der", type: "pkcs8" })),
  }
}

const server = keyPair()
const groupId = toGroupId(new Uint8Array(16).fill(7))
const entry = (seed: number): LogEntry => ({
  commitHash: new Uint8Array(32).fill(seed),
  authenticatorHash: new Uint8Array(32).fill(seed + 1),
  acceptedAtMs: 1_700_000_000_000 + seed,
})
const history = (...seeds: number[]): LogHead => {
  let head = firstLogHead(crypto, groupId, 0n)
  for (const seed of seeds) head = nextLogHead(crypto, head, entry(seed))
  return head
}
const signed = (head: LogHead): ReturnType<typeof signLogHead> => signLogHead(crypto, server.privateKey, head)

describe("the log of a group's epochs", () => {
  it("has the same head for the same history, and another for every other", () => {
    expect(history(1, 2, 3)).toEqual(history(1, 2, 3))
    const heads = [history(1, 2, 3), history(1, 3, 2), history(2, 2, 3), history(1, 2, 4)]
    expect(new Set(heads.map((head) => Buffer.from(head.hash).toString("hex"))).size).toBe(4)
    expect(heads.every((head) => head.epoch === 3n)).toBe(true)
  })

  it.each(["commitHash", "authenticatorHash"] as const)("binds the %s", (field) => {
    const other = { ...entry(1), [field]: new Uint8Array(32).fill(99) }
    const start = firstLogHead(crypto, groupId, 0n)
    expect(nextLogHead(crypto, start, other).hash).not.toEqual(nextLogHead(crypto, start, entry(1)).hash)
    expect(() => nextLogHead(crypto, start, { ...entry(1), [field]: new Uint8Array(31) })).toThrow(RangeError)
  })

  it("binds the time of acceptance, the epoch and the group", () => {
    const start = firstLogHead(crypto, groupId, 0n)
    const later = nextLogHead(crypto, start, { ...entry(1), acceptedAtMs: 5 })
    expect(later.hash).not.toEqual(nextLogHead(crypto, start, entry(1)).hash)
    expect(firstLogHead(crypto, groupId, 1n).hash).not.toEqual(start.hash)
    expect(firstLogHead(crypto, toGroupId(new Uint8Array(16)), 0n).hash).not.toEqual(start.hash)
  })

  it("is signed for one group, epoch and history", () => {
    const head = signed(history(1, 2))
    expect(verifyLogHead(crypto, server.publicKey, head)).toBe(true)
    expect(verifyLogHead(crypto, keyPair().publicKey, head)).toBe(false)
    expect(verifyLogHead(crypto, server.publicKey, { ...head, epoch: 3n })).toBe(false)
    expect(verifyLogHead(crypto, server.publicKey, { ...head, hash: history(2, 1).hash })).toBe(false)
    expect(verifyLogHead(crypto, server.publicKey, { ...head, groupId: toGroupId(new Uint8Array(16)) })).toBe(false)
  })

  it("reads back a signed head", () => {
    const head = signed(history(1))
    expect(
      decodeWhole(
        encode((writer) => writeSignedLogHead(writer, head)),
        readSignedLogHead,
      ),
    ).toEqual(head)
  })
})

describe("a server that shows two histories", () => {
  it("is proven a liar by its two signatures, to whoever knows its key only", () => {
    const found = findEquivocation(crypto, server.publicKey, signed(history(1, 2)), signed(history(1, 3)))
    expect(found).toBeDefined()
    const bytes = encodeEquivocation(found!)
    expect(verifyEquivocation(crypto, server.publicKey, bytes)).toEqual(found)
    expect(verifyEquivocation(crypto, keyPair().publicKey, bytes)).toBeUndefined()
    for (let at = 1; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at]! ^= 1
      expect(verifyEquivocation(crypto, server.publicKey, changed)).toBeUndefined()
    }
  })

  it("is not accused by heads of different epochs, of different groups, or by one head twice", () => {
    const head = signed(history(1, 2))
    const elsewhere = firstLogHead(crypto, toGroupId(new Uint8Array(16)), 2n)
    expect(findEquivocation(crypto, server.publicKey, head, signed(history(1, 2)))).toBeUndefined()
    expect(findEquivocation(crypto, server.publicKey, head, signed(history(1)))).toBeUndefined()
    expect(findEquivocation(crypto, server.publicKey, head, signed(elsewhere))).toBeUndefined()
  })

  it("is not accused by a head that it did not sign", () => {
    const forged = signLogHead(crypto, keyPair().privateKey, history(1, 3))
    expect(findEquivocation(crypto, server.publicKey, signed(history(1, 2)), forged)).toBeUndefined()
    expect(findEquivocation(crypto, server.publicKey, forged, signed(history(1, 2)))).toBeUndefined()
  })

  it("is not accused by bytes that are no proof", () => {
    expect(() => verifyEquivocation(crypto, server.publicKey, Uint8Array.of(1, 2, 3))).toThrow("truncated")
  })
})
