import { suite0001 as suite } from "@qpc/crypto/node"
import { DecodeError, Writer } from "@qpc/wire"
import { describe, expect, it, vi } from "vitest"
import type { GroupState } from "./group-state.ts"
import { decodeSnapshot, encodeSnapshot } from "./snapshot.ts"
import { Party } from "./testing/party.ts"

/** Stands before the state, as version and suite do. */
const PREAMBLE = Uint8Array.of(7, 8, 9)
const DIGEST_BYTES = 16

const snapshotOf = (state: GroupState): Uint8Array => encodeSnapshot(state, (writer) => writer.bytes(PREAMBLE))

function refusal(state: GroupState, bytes: Uint8Array): { readonly code: string; readonly offset: number } {
  try {
    decodeSnapshot(state, bytes, PREAMBLE.length)
  } catch (error) {
    if (error instanceof DecodeError) return { code: error.code, offset: error.offset }
    throw error
  }
  throw new Error("it was taken")
}

/** Bytes with the digest that belongs to them. */
function withDigest(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(...bytes, ...suite.hash(bytes).subarray(0, DIGEST_BYTES))
}

describe("a snapshot", () => {
  it("of a group of any size reads back, behind whatever stands before it", () => {
    const names = Array.from({ length: 12 }, (_, at) => `member ${at}`)
    for (const people of [names.slice(0, 1), names]) {
      const state = Party.of("sizes", people).insidesOf("member 0")
      const bytes = snapshotOf(state)
      expect(bytes.subarray(0, PREAMBLE.length)).toEqual(PREAMBLE)
      expect(snapshotOf(decodeSnapshot(state, bytes, PREAMBLE.length))).toEqual(bytes)
    }
  })

  it("is refused where one byte is another, also one that anything could stand for", () => {
    const state = Party.of("flipped", ["alice", "bob"]).insidesOf("alice")
    const bytes = snapshotOf(state)
    const secret = Buffer.from(bytes).indexOf(state.epoch.secrets.exporterSecret)
    const digest = bytes.length - DIGEST_BYTES
    for (const at of [0, secret, digest - 1, digest, bytes.length - 1]) {
      const refused = refusal(state, bytes.with(at, bytes[at]! ^ 1))
      expect(refused).toEqual({ code: "bad_value", offset: digest })
    }
  })

  it("is refused where there is less than preamble and digest, or nothing between them", () => {
    const state = Party.of("short", ["alice"]).insidesOf("alice")
    const shorter = new Uint8Array(PREAMBLE.length + DIGEST_BYTES - 1)
    expect(refusal(state, shorter)).toEqual({ code: "truncated", offset: shorter.length })
    const wrong = new Uint8Array(PREAMBLE.length + DIGEST_BYTES)
    expect(refusal(state, wrong)).toEqual({ code: "bad_value", offset: PREAMBLE.length })
    expect(refusal(state, withDigest(PREAMBLE)).code).toBe("truncated")
  })

  it("is refused where more follows the state, although the digest is right", () => {
    const state = Party.of("more", ["alice"]).insidesOf("alice")
    const bytes = snapshotOf(state).slice(0, -DIGEST_BYTES)
    expect(refusal(state, withDigest(Uint8Array.of(...bytes, 0))).code).toBe("trailing_bytes")
  })

  it("leaves no copy behind of the epoch that our own commit leads to", () => {
    const party = Party.of("own commit", ["alice", "bob"])
    party.stage("alice")
    const state = party.insidesOf("alice")
    const vector = vi.spyOn(Writer.prototype, "vector")
    const bytes = snapshotOf(state)
    const written = vector.mock.calls.map(([value]) => value)
    vector.mockRestore()
    const longest = written.reduce((one, other) => (other.length > one.length ? other : one))
    expect(longest).toEqual(new Uint8Array(longest.length))
    expect(longest.length).toBeGreaterThan(bytes.length / 4)
  })
})
