import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { encodeEnvelope } from "@qpc/envelope"
import { toGroupId } from "@qpc/wire"
import { toConfiguration } from "../config/configuration.ts"
import { envelope, identityOf, testChannel } from "../testing/virtual-server.ts"
import { receiveBatch } from "./receive.ts"
import type { OfferedBatch } from "./receive.ts"

const limits = toConfiguration({
  "recipients-per-batch": "3",
  "payload-limit": "1000",
  "members-per-channel": "3",
}).limits
const [alice, bob] = [identityOf(1).publicKey, identityOf(2).publicKey]
const text = envelope("application", 7n, Uint8Array.of(1))
const commit = envelope("commit", 7n, Uint8Array.of(2))
const welcome = envelope("welcome", 8n, Uint8Array.of(3))

const messages: OfferedBatch = {
  messageId: new Uint8Array(16),
  channelId: testChannel,
  deliveries: [{ recipientKeys: [bob], payload: text }],
  ttlSecs: 0,
}
const claiming: OfferedBatch = {
  ...messages,
  deliveries: [
    { recipientKeys: [alice], payload: commit },
    { recipientKeys: [bob], payload: welcome },
  ],
  claim: { epoch: 7n, membersAfter: [alice, bob], authenticatorHash: new Uint8Array(32).fill(5) },
}
const reasonOf = (offered: OfferedBatch) => {
  const checked = receiveBatch(offered, limits)
  return checked.kind === "refused" ? checked.reason : checked.kind
}
const logged = (kind: "commit" | "welcome", epoch: bigint) => {
  const head = { hash: new Uint8Array(32), signature: new Uint8Array(64) }
  const entry = { authenticatorHash: new Uint8Array(32), acceptedAtMs: 0 }
  const log = kind === "commit" ? { ...head, entry } : head
  return encodeEnvelope({ kind, groupId: testChannel, epoch, sealed: Uint8Array.of(1), log })
}
const stating = (lengthBytes: number): OfferedBatch => {
  return { ...claiming, claim: { ...claiming.claim!, authenticatorHash: new Uint8Array(lengthBytes) } }
}
const holding = (...payloads: readonly Uint8Array[]) => payloads.map((payload) => ({ recipientKeys: [bob], payload }))

describe("receiving a batch", () => {
  it("takes messages, and a commit with its Welcomes", () => {
    expect(receiveBatch(messages, limits)).toMatchObject({ batch: { ttlMs: limits.retentionMs } })
    expect(receiveBatch(claiming, limits)).toMatchObject({
      batch: { claim: { ...claiming.claim, epoch: 7, commitIndex: 0 } },
    })
  })

  it("takes a proposal as it takes a message, and not beside a commit", () => {
    const proposal = envelope("proposal", 7n, Uint8Array.of(4))
    expect(receiveBatch({ ...messages, deliveries: holding(proposal) }, limits)).toMatchObject({ kind: "batch" })
    expect(reasonOf({ ...claiming, deliveries: holding(commit, proposal) })).toBe("envelope_invalid")
  })

  it("shortens a lifetime, but does not prolong it", () => {
    expect(receiveBatch({ ...messages, ttlSecs: 60 }, limits)).toMatchObject({ batch: { ttlMs: 60_000 } })
    const long = receiveBatch({ ...messages, ttlSecs: 2 ** 32 - 1 }, limits)
    expect(long).toMatchObject({ batch: { ttlMs: limits.retentionMs } })
  })

  it("keeps a commit and its Welcomes as long as it can, whatever their sender wants: nobody can go on without", () => {
    expect(receiveBatch({ ...claiming, ttlSecs: 1 }, limits)).toMatchObject({ batch: { ttlMs: limits.retentionMs } })
  })

  it.each([
    ["a short message id", { messageId: new Uint8Array(15) }],
    ["a long channel id", { channelId: new Uint8Array(17) }],
    ["no deliveries", { deliveries: [] }],
    ["no recipients", { deliveries: [{ recipientKeys: [], payload: text }] }],
    ["a recipient twice", { deliveries: [{ recipientKeys: [bob, bob], payload: text }] }],
    ["a short key", { deliveries: [{ recipientKeys: [new Uint8Array(31)], payload: text }] }],
  ])("refuses %s as malformed", (_, change) => {
    expect(reasonOf({ ...messages, ...change })).toBe("malformed")
  })

  it("refuses more recipients or bytes than its limits", () => {
    const keys = [1, 2, 3, 4].map((seed) => identityOf(seed).publicKey)
    expect(reasonOf({ ...messages, deliveries: [{ recipientKeys: keys, payload: text }] })).toBe("too_large")
    const large = envelope("application", 7n, new Uint8Array(1000))
    expect(reasonOf({ ...messages, deliveries: holding(large) })).toBe("too_large")
    expect(reasonOf({ ...claiming, claim: { ...claiming.claim!, membersAfter: keys } })).toBe("too_large")
  })

  it.each([
    ["is not an envelope", holding(Uint8Array.of(1, 2, 3))],
    ["was cut", holding(text.subarray(0, -1))],
    ["is of another channel", holding(envelope("application", 7n, Uint8Array.of(1), toGroupId(new Uint8Array(16))))],
    ["is a commit without a claim", holding(commit)],
    ["is a Welcome without a claim", holding(welcome)],
  ])("refuses an envelope that %s", (_, deliveries) => {
    expect(reasonOf({ ...messages, deliveries })).toBe("envelope_invalid")
  })

  it.each([
    ["no commit", holding(welcome)],
    ["two commits", holding(commit, commit)],
    ["a commit of another epoch", holding(envelope("commit", 8n, Uint8Array.of(2)))],
    ["a Welcome into another epoch", holding(commit, envelope("welcome", 9n, Uint8Array.of(2)))],
    ["a message beside the commit", holding(commit, text)],
    ["a commit whose label says what only the log may", holding(logged("commit", 7n))],
    ["a Welcome whose label says what only the log may", holding(commit, logged("welcome", 8n))],
  ])("refuses a claim with %s", (_, deliveries) => {
    expect(reasonOf({ ...claiming, deliveries })).toBe("envelope_invalid")
  })

  it("refuses a claim beyond 2^53 and one whose members repeat", () => {
    const deliveries = holding(envelope("commit", 2n ** 53n - 1n, Uint8Array.of(2)))
    const claim = { ...claiming.claim!, membersAfter: [bob] }
    expect(reasonOf({ ...claiming, deliveries, claim: { ...claim, epoch: 2n ** 53n - 1n } })).toBe("malformed")
    expect(reasonOf({ ...claiming, claim: { ...claim, membersAfter: [bob, bob] } })).toBe("malformed")
  })

  it("takes a claim that does not state an authenticator, and none that states half of one", () => {
    const unstated = { authenticatorHash: new Uint8Array(32) }
    expect(receiveBatch(stating(0), limits)).toMatchObject({ batch: { claim: unstated } })
    for (const lengthBytes of [1, 31, 33]) expect(reasonOf(stating(lengthBytes))).toBe("malformed")
  })

  it("returns for any bytes at all", () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(text, commit, welcome, alice, bob))
    const offered = fc.record({
      messageId: fc.oneof(bytes, fc.constant(messages.messageId)),
      channelId: fc.oneof(bytes, fc.constant(testChannel)),
      deliveries: fc.array(fc.record({ recipientKeys: fc.array(bytes, { maxLength: 4 }), payload: bytes }), {
        maxLength: 3,
      }),
      ttlSecs: fc.nat(),
      claim: fc.option(
        fc.record({
          epoch: fc.oneof(fc.constant(7n), fc.bigInt(0n, 2n ** 64n)),
          membersAfter: fc.array(bytes),
          authenticatorHash: bytes,
        }),
        { nil: undefined },
      ),
    })
    fc.assert(
      fc.property(offered, (batch) => {
        expect(["batch", "refused"]).toContain(receiveBatch(batch, limits).kind)
      }),
      { numRuns: 20_000 },
    )
  })
})
