import { DecodeError, toDeviceKey, toGroupId, toIdentityKey, toMessageId } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { contactRecord, counterRecord, identityRecord, messageRecord, noticeRecord } from "./records.ts"
import { outboxRecord, parkedRecord, sentRecord, sessionRecord } from "./records.ts"
import { keyPackageRecord } from "./key-package-record.ts"
import type { RecordCodec } from "./record-codec.ts"

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const groupId = bytes(16).map(toGroupId)
const messageId = bytes(16).map(toMessageId)
const identityKey = bytes(32).map(toIdentityKey)
const blob = fc.uint8Array({ maxLength: 100 })
const time = fc.nat({ max: 2 ** 45 })
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const text = fc.string({ unit: "grapheme", maxLength: 40 })
const failure = fc.record({ code: text, nextStep: text })
const identity = {
  username: text,
  publicKey: blob,
  privateKey: blob,
  serverAddress: text,
  isRegistered: fc.boolean(),
}
const linked = fc.array(bytes(32).map(toDeviceKey), { minLength: 1, maxLength: 3 })
const removed = fc.array(fc.record({ deviceKey: bytes(32).map(toDeviceKey), isRevoked: fc.boolean() }), {
  minLength: 1,
  maxLength: 3,
})
const delivery = fc.record({ recipients: fc.array(identityKey, { maxLength: 3 }), envelope: blob })
const claimOf = (authenticatorHash: fc.Arbitrary<Uint8Array>) =>
  fc.record({ epoch: uint64, membersAfter: fc.array(identityKey, { maxLength: 3 }), authenticatorHash })
const claim = claimOf(bytes(32))
const held = fc.record({ sinceMs: time, hasReached: fc.boolean(), missing: fc.array(identityKey, { maxLength: 3 }) })
const outgoing = fc.record(
  { messageId, groupId, deliveries: fc.array(delivery, { maxLength: 3 }), claim },
  { requiredKeys: ["messageId", "groupId", "deliveries"] },
)
const outgoingOfBefore = fc.record({
  messageId,
  groupId,
  deliveries: fc.array(delivery, { maxLength: 3 }),
  claim: claimOf(fc.constant(new Uint8Array(0))),
})
const message = {
  id: messageId,
  sender: identityKey,
  isOwn: fc.boolean(),
  mid: uint64,
  text,
  sentAtMs: time,
  storedAtMs: time,
}

const codecs: readonly (readonly [string, RecordCodec<unknown>, fc.Arbitrary<unknown>])[] = [
  [
    "an identity",
    identityRecord,
    fc.oneof(
      fc.record(identity),
      fc.record({ ...identity, certificate: blob }),
      fc.record({ ...identity, linked }),
      fc.record({ ...identity, linked, removed }),
    ),
  ],
  ["a session", sessionRecord, fc.record({ token: blob, expiresAtMs: time })],
  ["a counter", counterRecord, uint64],
  ["a contact", contactRecord, fc.record({ username: text, identityKey })],
  ["a message", messageRecord, fc.record(message)],
  [
    "something sent",
    sentRecord,
    fc.record(
      { groupId, state: fc.constantFrom("stored", "accepted", "failed"), failure },
      { requiredKeys: ["groupId", "state"] },
    ),
  ],
  ["an outbox row", outboxRecord, fc.record({ outgoing, sentId: messageId, held }, { requiredKeys: ["outgoing"] })],
  ["an outbox row of before there were authenticator hashes", outboxRecord, fc.record({ outgoing: outgoingOfBefore })],
  ["a parked envelope", parkedRecord, fc.record({ storedAtMs: time, envelope: blob })],
  [
    "a notice",
    noticeRecord,
    fc.record(
      { atMs: time, seq: uint64, sizeBytes: fc.nat(), groupId, reason: text, person: identityKey },
      { requiredKeys: ["atMs", "seq", "sizeBytes", "reason"] },
    ),
  ],
  [
    "a key package",
    keyPackageRecord,
    fc.record({ expiresAtMs: time, bundle: blob, refusedFor: fc.array(groupId, { maxLength: 4 }) }),
  ],
] as readonly (readonly [string, RecordCodec<unknown>, fc.Arbitrary<unknown>])[]

/** Whatever the bytes: a value with exactly this encoding, or a decode error. */
function decode(codec: RecordCodec<unknown>, input: Uint8Array): void {
  try {
    const value = codec.decode(input)
    expect(codec.encode(value)).toEqual(input)
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError)
  }
}

describe.each(codecs)("the record of %s", (_, codec, values) => {
  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(codec.decode(codec.encode(value))).toEqual(value)
      }),
    )
  })

  it("refuses any other bytes with a decode error, and never a byte more or less", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (input) => decode(codec, input)),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
        const encoded = codec.encode(value)
        decode(codec, encoded.subarray(0, at % encoded.length))
        encoded.set([(encoded.at(at % encoded.length) ?? 0) ^ flip], at % encoded.length)
        decode(codec, encoded)
      }),
    )
  })
})
