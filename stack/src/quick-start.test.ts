import { expect, it } from "vitest"
import { GroupNode, GspClient, GtpClient, MlsContext, PayloadCodec, SignalType, StreamType } from "./index.ts"

// The examples of the published package's README, changed in their import lines and in what they print alone.

it("the quick start reads a text", () => {
  const printed: unknown[] = []
  const aliceMls = MlsContext.create("alice")
  const bobMls = MlsContext.create("bob")

  const bobKp = bobMls.exportKeyPackage()
  const welcome = aliceMls.invite(bobKp)
  bobMls.acceptWelcome(welcome)

  const gid = aliceMls.groupId
  const alice = GroupNode.create(1, gid)
  const bob = GroupNode.create(2, gid)
  alice.bootstrapAsCreator(aliceMls.epoch)
  bob.bootstrapAsJoiner(bobMls.epoch)

  const gtpAlice = GtpClient.create()
  const gtpBob = GtpClient.create()

  const frame = gtpAlice.send(alice, aliceMls, 2, 0xcafef00dn, "hello")
  for (const ev of bob.onWire(bobMls, frame.wire)) {
    if (ev.kind === "payload_received" && ev.streamType === StreamType.Text) {
      const r = gtpBob.accept(ev.plaintext!, bobMls.epoch)
      printed.push(r.text)
    }
  }
  expect(printed).toEqual(["hello"])
})

it("the example of codecs reads a text in FlatBuffers", () => {
  const printed: unknown[] = []
  const aliceMls = MlsContext.create("alice")
  const bobMls = MlsContext.create("bob")
  bobMls.acceptWelcome(aliceMls.invite(bobMls.exportKeyPackage()))
  const alice = GroupNode.create(1, aliceMls.groupId)
  const bob = GroupNode.create(2, aliceMls.groupId)
  alice.bootstrapAsCreator(aliceMls.epoch)
  bob.bootstrapAsJoiner(bobMls.epoch)
  const [gtpAlice, gtpBob] = [GtpClient.create(), GtpClient.create()]

  const frame = gtpAlice.send(alice, aliceMls, 2, 0xcafen, "hi", PayloadCodec.FlatBuffers)
  for (const ev of bob.onWire(bobMls, frame.wire)) {
    if (ev.kind === "payload_received") {
      const r = gtpBob.accept(ev.plaintext!, bobMls.epoch, ev.codec ?? PayloadCodec.Cbor)
      printed.push(r.text)
    }
  }
  expect(printed).toEqual(["hi"])
})

it("the example of three members ends in one epoch", () => {
  const [aliceMls, bobMls, carolMls] = ["alice", "bob", "carol"].map((name) => MlsContext.create(name)) as [
    MlsContext,
    MlsContext,
    MlsContext,
  ]
  bobMls.acceptWelcome(aliceMls.invite(bobMls.exportKeyPackage()))

  const { commit, welcome } = aliceMls.inviteFull(carolMls.exportKeyPackage())
  aliceMls.finalizeCommit()
  bobMls.processMessage(commit)
  bobMls.finalizeCommit()
  carolMls.acceptWelcome(welcome)
  expect([aliceMls.epoch, bobMls.epoch, carolMls.epoch]).toEqual([2n, 2n, 2n])
})

it("the example of persisting comes back to the same epoch", () => {
  const mls = MlsContext.create("alice")
  mls.invite(MlsContext.create("bob").exportKeyPackage())

  const blob = mls.exportState()
  const restored = MlsContext.restoreState(blob, "alice")
  expect(restored.epoch).toBe(mls.epoch)
})

// Minimal CBOR helpers, as the example of signals has them.
function cborUint(n: number): number[] {
  if (n <= 23) return [n]
  if (n <= 0xff) return [0x18, n]
  if (n <= 0xffff) return [0x19, (n >> 8) & 0xff, n & 0xff]
  return [0x1a, (n >> 24) & 0xff, (n >> 16) & 0xff, (n >> 8) & 0xff, n & 0xff]
}
function cborMap1(k: number, v: number): Buffer {
  return Buffer.from([0xa1, ...cborUint(k), ...cborUint(v)])
}

it("the example of signals mutes member 3, with a Buffer of arguments", () => {
  const aliceMls = MlsContext.create("alice")
  const bobMls = MlsContext.create("bob")
  bobMls.acceptWelcome(aliceMls.invite(bobMls.exportKeyPackage()))
  const aliceNode = GroupNode.create(1, aliceMls.groupId)
  const bobNode = GroupNode.create(2, Buffer.from(aliceMls.groupId))
  aliceNode.bootstrapAsCreator(aliceMls.epoch)
  bobNode.bootstrapAsJoiner(bobMls.epoch)

  const gsp = GspClient.create()
  const frame = gsp.sendWithArgs(aliceNode, aliceMls, 0, SignalType.Mute, 0, 1, cborMap1(0, 3))

  const [event] = bobNode.onWire(bobMls, Buffer.from(frame.wire)).slice(-1)
  const accepted = GspClient.create().accept(event!.plaintext!, bobMls.epoch)
  expect(accepted).toMatchObject({ status: "new", signal: "MUTE", sender: 1, content: { type: "mute", target: 3 } })
})
