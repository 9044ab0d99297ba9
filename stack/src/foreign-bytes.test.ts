import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { GapClient, GspClient, GtpClient, NodeState, NONCE_REUSE_RISK, PayloadCodec, StreamType } from "./index.ts"
import type { GroupNodeOptions } from "./index.ts"
import { threeMembers } from "./testing/three-members.ts"

const PROFILES: readonly [string, GroupNodeOptions][] = [
  ["gbp/2", {}],
  ["gbp/1", { profile: "gbp/1", acceptedRisk: NONCE_REUSE_RISK }],
]

describe.each(PROFILES)("foreign bytes in %s", (_, options) => {
  it("come to an error, whatever they are, and change nothing", () => {
    const [alice, bob] = threeMembers(options)
    const wires = [
      GtpClient.create().send(alice.node, alice.mls, 0, 1n, "hello").wire,
      GapClient.create().send(alice.node, alice.mls, 0, 1, 0n, Uint8Array.of(1)).wire,
    ]
    const changed = fc
      .tuple(fc.constantFrom(...wires), fc.nat(), fc.integer({ min: 1, max: 255 }))
      .map(([wire, at, by]) => {
        const copy = wire.slice()
        copy[at % copy.length]! ^= by
        return copy
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), changed), (bytes) => {
        const events = bob.node.onWire(bob.mls, bytes)
        // In profile 1 a relay can write another member's name on a frame.
        const isError = events.every(({ kind, fatal }) => kind === "error" && fatal === false)
        expect(isError || options.profile === "gbp/1").toBe(true)
      }),
      { numRuns: 400 },
    )
    expect([bob.node.state, bob.mls.epoch]).toEqual([NodeState.Active, 1n])
  })

  it("of a member come to an error in every client, unless they are a message", () => {
    const [alice, bob] = threeMembers(options)
    const clients = { [StreamType.Text]: GtpClient, [StreamType.Audio]: GapClient, [StreamType.Signal]: GspClient }
    const streams = Object.entries(clients).map(
      ([streamType, client]) => [Number(streamType), client.create()] as const,
    )
    const payloads = fc.uint8Array({ maxLength: 64 })
    fc.assert(
      fc.property(payloads, fc.constantFrom(...Object.values(PayloadCodec)), (payload, codec) => {
        for (const [streamType, client] of streams) {
          const { wire } = alice.node.sendPayload(alice.mls, 0, streamType as StreamType, payload, codec)
          const event = bob.node.onWire(bob.mls, wire).find(({ kind }) => kind === "payload_received")
          expect(client.accept(event!.plaintext!, bob.mls.epoch)).toMatchObject({ status: "error" })
        }
      }),
      { numRuns: 50 },
    )
  })
})
