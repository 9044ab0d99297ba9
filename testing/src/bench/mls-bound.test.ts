import type { CipherSuite } from "@qpc/crypto"
import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { createKeyPackage, Group } from "@qpc/mls"
import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { EXPAND_INFO_BYTES } from "./mls-bound.ts"
import { sizesOf } from "./mls-messages.ts"
import { NOW_MS } from "./qpc-group.ts"

interface Call {
  readonly primitive: string
  readonly lengths: readonly number[]
}

const lengths = (...parts: readonly Uint8Array[]): number[] => parts.map((part) => part.length)
const counted = (calls: readonly Call[]): readonly string[] =>
  calls.map((call) => `${call.primitive} ${call.lengths.join(" ")}`).toSorted()

/** The suite, writing down which primitives an operation uses and on how many bytes. */
function recorded(calls: Call[]): CipherSuite {
  return {
    ...suite0001,
    hash: (data) => (calls.push({ primitive: "hash", lengths: lengths(data) }), suite0001.hash(data)),
    mac: (key, data) => (calls.push({ primitive: "mac", lengths: lengths(data) }), suite0001.mac(key, data)),
    expand: (key, info, lengthBytes) => {
      calls.push({ primitive: "expand", lengths: lengths(info) })
      return suite0001.expand(key, info, lengthBytes)
    },
    aeadSeal: (key, nonce, aad, plaintext) => {
      calls.push({ primitive: "seal", lengths: lengths(aad, plaintext) })
      return suite0001.aeadSeal(key, nonce, aad, plaintext)
    },
    aeadOpen: (key, nonce, aad, ciphertext) => {
      calls.push({ primitive: "open", lengths: lengths(aad, ciphertext) })
      return suite0001.aeadOpen(key, nonce, aad, ciphertext)
    },
    sign: (key, message) => (
      calls.push({ primitive: "sign", lengths: lengths(message) }),
      suite0001.sign(key, message)
    ),
    verify: (key, message, signature) => {
      calls.push({ primitive: "verify", lengths: lengths(message) })
      return suite0001.verify(key, message, signature)
    },
  }
}

/** Two members who have exchanged a message in either direction, and the calls of the next one. */
function callsOfOneMessage(textBytes: number): {
  readonly protect: readonly Call[]
  readonly unprotect: readonly Call[]
} {
  const calls: Call[] = []
  const suite = recorded(calls)
  const credential = { kind: "basic", identity: toUtf8("somebody") } as const
  const [aliceKeys, bobKeys] = [1, 2].map(() => suite.signatureKeyPair(nodeRandom(32))) as [never, never]
  const common = { suite, credential, random: nodeRandom, nowMs: NOW_MS, lifetimeMs: 86_400_000 }
  const alice = Group.create({ ...common, groupId: nodeRandom(16), signatureKeys: aliceKeys })
  const bundle = createKeyPackage({ ...common, signatureKeys: bobKeys })
  const nothing = new Uint8Array(0)
  const staged = alice.stageCommit({ ...common, adds: [bundle.keyPackage], authenticatedData: nothing })
  if (staged.kind !== "staged") throw new Error(staged.reason)
  alice.merge(staged.staged)
  const joined = Group.join({ suite, welcome: staged.welcome!, bundles: [bundle], signatureKeys: bobKeys })
  if (joined.kind !== "joined") throw new Error(joined.reason)

  const protect = (): Uint8Array =>
    alice.protect(new Uint8Array(textBytes), { authenticatedData: nothing, random: nodeRandom })
  joined.group.receive(protect(), NOW_MS)
  calls.length = 0
  const message = protect()
  const sending = calls.splice(0)
  expect(joined.group.receive(message, NOW_MS).kind).toBe("application")
  return { protect: sending, unprotect: calls }
}

describe.each([100, 1024])("the bound of a message of %i bytes", (textBytes) => {
  const { protect, unprotect } = callsOfOneMessage(textBytes)
  const { signed, content, contentAad, senderDataAad } = sizesOf(textBytes)
  const expands = EXPAND_INFO_BYTES.map((infoBytes) => ({ primitive: "expand", lengths: [infoBytes] }))

  it("is made of the calls that the engine makes to send one", () => {
    const seals = [
      { primitive: "seal", lengths: [contentAad, content] },
      { primitive: "seal", lengths: [senderDataAad, 12] },
    ]
    expect(counted(protect)).toEqual(counted([{ primitive: "sign", lengths: [signed] }, ...expands, ...seals]))
  })

  it("is made of the calls that the engine makes to receive one", () => {
    const opens = [
      { primitive: "open", lengths: [contentAad, content + 16] },
      { primitive: "open", lengths: [senderDataAad, 12 + 16] },
    ]
    expect(counted(unprotect)).toEqual(counted([{ primitive: "verify", lengths: [signed] }, ...expands, ...opens]))
  })
})
