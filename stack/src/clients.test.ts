import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import {
  ControlOpcode,
  GapClient,
  GroupNode,
  GspClient,
  GtpClient,
  MlsContext,
  NodeState,
  NONCE_REUSE_RISK,
  PayloadCodec,
  Permissions,
  RoleRegistry,
  SignalType,
  StreamType,
} from "./index.ts"
import type { GroupNodeOptions } from "./index.ts"
import { errorsOf, payloadsOf, twoMembers } from "./testing/two-members.ts"

const CODECS = Object.entries(PayloadCodec)
const PROFILES: readonly [string, GroupNodeOptions][] = [
  ["gbp/2", {}],
  ["gbp/1", { profile: "gbp/1", acceptedRisk: NONCE_REUSE_RISK }],
]
const about = (...values: readonly number[]) => {
  const entries = values.flatMap((value, key) => [key, ...(value < 24 ? [value] : [0x18, value])])
  return Uint8Array.from([0xa0 + values.length, ...entries])
}

describe.each(PROFILES)("text in %s", (_, options) => {
  it.each(CODECS)("is written in %s", (_name, codec) => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers(options)
    const frame = GtpClient.create().send(aliceNode, aliceMls, 2, 1n, "codec test", codec)
    const event = bobNode.onWire(bobMls, frame.wire).find(({ kind }) => kind === "payload_received")
    expect(event?.codec).toBe(codec)
    expect(GtpClient.create().accept(event!.plaintext!, bobMls.epoch, codec)).toMatchObject({ text: "codec test" })
    expect(GtpClient.create().accept(event!.plaintext!, bobMls.epoch)).toMatchObject({ text: "codec test" })
  })

  it("counts once, until the client is reset or the epoch is another", () => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers(options)
    const { wire } = GtpClient.create().send(aliceNode, aliceMls, 2, 99n, "once")
    const [once] = payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Text)
    const bob = GtpClient.create()
    const accept = (epoch: bigint) => bob.accept(once!, epoch).status
    expect([accept(1n), accept(1n), accept(2n), accept(2n)]).toEqual(["new", "duplicate", "new", "duplicate"])
    expect(bob.accept(once!, 2)).toEqual({ status: "duplicate", sender: 1, messageId: 99n, text: "once" })
    bob.reset()
    expect(accept(2n)).toBe("new")
  })

  it("is taken from the node alone: a copy tells nothing of its sender", () => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers(options)
    const { wire } = GtpClient.create().send(aliceNode, aliceMls, 2, 1n, "hello")
    const [hello] = payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Text)
    const refused = { status: "error", reason: "unknown_origin", code: 0x0008 }
    expect(GtpClient.create().accept(hello!.slice(), 1n)).toEqual(refused)
    expect(GspClient.create().accept(hello!, 1n)).toEqual(refused)
    expect(GapClient.create().accept(hello!, 1n)).toEqual(refused)
  })
})

describe("text", () => {
  it("goes both ways", () => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers()
    const [alice, bob] = [GtpClient.create(), GtpClient.create()]
    const { wire } = alice.send(aliceNode, aliceMls, 2, 1n, "Привет 🌍")
    const [hello] = payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Text)
    expect(bob.accept(hello!, bobMls.epoch)).toEqual({ status: "new", sender: 1, messageId: 1n, text: "Привет 🌍" })
    const answer = bob.send(bobNode, bobMls, 1, 10n, "hi alice")
    expect(answer.target).toBe(1)
    const [read] = payloadsOf(aliceNode.onWire(aliceMls, answer.wire), StreamType.Text)
    expect(alice.accept(read!, aliceMls.epoch)).toMatchObject({ status: "new", sender: 2, text: "hi alice" })
  })

  it("of another sender than its frame's is refused", () => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers()
    // What a member writes who pretends to be member 7: the payload says so, the signature does not.
    const forged = { memberId: 7, sendPayload: aliceNode.sendPayload.bind(aliceNode) } as unknown as GroupNode
    const { wire } = GtpClient.create().send(forged, aliceMls, 2, 1n, "I resign")
    const [text] = payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Text)
    expect(GtpClient.create().accept(text!, 1n)).toEqual({ status: "error", reason: "sender_mismatch", code: 0x2004 })
  })
})

describe.each(PROFILES)("audio in %s", (_, options) => {
  it.each(CODECS)("counts the frames of each source, in %s", (_name, codec) => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers(options)
    const [alice, bob] = [GapClient.create(), GapClient.create()]
    const heard = [10, 10, 20].map((source, at) => {
      const frame = alice.send(aliceNode, aliceMls, 2, source, BigInt(at * 960), Uint8Array.of(at, source), codec)
      const [audio] = payloadsOf(bobNode.onWire(bobMls, frame.wire), StreamType.Audio)
      return bob.accept(audio!, bobMls.epoch, codec)
    })
    expect(heard.map(({ status, source, seq, bytes }) => [status, source, seq, bytes])).toEqual([
      ["new", 10, 1, 2],
      ["new", 10, 2, 2],
      ["new", 20, 1, 2],
    ])
    expect([...heard[2]!.opus!]).toEqual([2, 20])
  })

  it("tells late frames, and refuses those of muted members", () => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers(options)
    const alice = GapClient.create()
    const [first, second] = [1, 2].map((opus) => {
      return alice.send(aliceNode, aliceMls, 2, 1, 0n, Uint8Array.of(opus)).wire
    })
    const [newer, older] = [second!, first!].flatMap((wire) =>
      payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Audio),
    )
    const bob = GapClient.create()
    expect([newer, older, newer].map((audio) => bob.accept(audio!, 1n).status)).toEqual(["new", "late", "late"])
    expect(GapClient.create({ maySpeak: () => false }).accept(newer!, 1n)).toMatchObject({ reason: "not_allowed" })
  })

  it("is taken for ten seconds after its epoch", () => {
    let nowMs = 0
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers(options)
    const { wire } = GapClient.create().send(aliceNode, aliceMls, 2, 1, 0n, Uint8Array.of(1))
    const [audio] = payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Audio)
    const bob = GapClient.create({ now: () => nowMs })
    bob.accept(audio!, 1n)
    expect(bob.accept(audio!, 2n).status).toBe("late")
    nowMs = 10_000
    expect(bob.accept(audio!, 2n)).toEqual({ status: "error", reason: "epoch_stale", code: 0x1005 })
  })
})

it("audio of somebody whose id nobody knows yet has no sender, and tells of none", () => {
  const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers()
  const { wire } = GapClient.create().send(aliceNode, aliceMls, 2, 1, 0n, Uint8Array.of(1))
  const heard = () =>
    bobNode.onWire(bobMls, GapClient.create().send(aliceNode, aliceMls, 2, 1, 0n, Uint8Array.of(1)).wire)
  expect(bobNode.onWire(bobMls, wire).at(-1)).toMatchObject({ isAuthenticated: false, sequenceNo: 1 })
  expect(bobNode.onWire(bobMls, wire).at(-1)).toMatchObject({ kind: "error", reason: "replay_detected", code: 0x1004 })
  expect(heard().at(-1)).not.toHaveProperty("sender")
  bobNode.bindMember(bobMls, 0, 1)
  expect(heard().at(-1)).toMatchObject({ sender: 1, isAuthenticated: false })
})

describe.each(PROFILES)("signals in %s", (_, options) => {
  it.each([
    ["JOIN", SignalType.Join, new Uint8Array(0)],
    ["LEAVE", SignalType.Leave, new Uint8Array(0)],
    ["MUTE", SignalType.Mute, about(2)],
    ["UNMUTE", SignalType.Unmute, about(2)],
    ["ROLE_CHANGE", SignalType.RoleChange, about(2, 0)],
    ["STREAM_START", SignalType.StreamStart, about(1)],
    ["STREAM_STOP", SignalType.StreamStop, about(1)],
    ["CODEC_UPDATE", SignalType.CodecUpdate, about(1)],
  ] as const)("carry %s with its arguments, in every codec", (signal, signalCode, args) => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers(options)
    for (const codec of Object.values(PayloadCodec)) {
      const requestId = 5 + codec
      const frame = GspClient.create().sendWithArgs(aliceNode, aliceMls, 2, signalCode, 3, requestId, args, codec)
      const [payload] = payloadsOf(bobNode.onWire(bobMls, frame.wire), StreamType.Signal)
      const accepted = GspClient.create().accept(payload!, bobMls.epoch, codec)
      expect(accepted).toMatchObject({ status: "new", signal, signalCode, sender: 1, roleClaim: 3, requestId })
    }
  })

  it("count once", () => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers(options)
    const { wire } = GspClient.create().send(aliceNode, aliceMls, 2, SignalType.Join, 0, 50)
    const [join] = payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Signal)
    const bob = GspClient.create()
    expect([bob.accept(join!, 1n), bob.accept(join!, 1n)].map(({ status }) => status)).toEqual(["new", "duplicate"])
    expect([...bob.present]).toEqual([1])
  })

  it("are not sent with the arguments of another type", () => {
    const { aliceMls, aliceNode } = twoMembers(options)
    const gsp = GspClient.create()
    expect(() => gsp.send(aliceNode, aliceMls, 2, SignalType.Mute, 0, 1)).toThrow(
      expect.objectContaining({ code: "bad_arguments" }),
    )
    expect(() => gsp.sendWithArgs(aliceNode, aliceMls, 2, SignalType.Join, 0, 1, about(1))).toThrow("arguments of join")
  })
})

/** Alice signals to a Bob who knows these roles. */
function signalled(roles: RoleRegistry | undefined, signal: SignalType, args: Uint8Array) {
  const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers()
  const { wire } = GspClient.create().sendWithArgs(aliceNode, aliceMls, 2, signal, 99, 1, args)
  const [payload] = payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Signal)
  const gsp = GspClient.create(roles === undefined ? {} : { roles })
  return { gsp, accepted: gsp.accept(payload!, 1n) }
}

function rolesWith(permissions: Permissions): RoleRegistry {
  const roles = new RoleRegistry()
  roles.defineRole(1, "of Alice", permissions)
  roles.defineRole(5, "guest", Permissions.SendText)
  roles.assign(1, 1)
  return roles
}

describe("the authority of a signal", () => {
  it("is looked up in the registry, not in what the sender claims to be", () => {
    const refused = signalled(rolesWith(Permissions.SendSignal), SignalType.Mute, about(2))
    expect(refused.accepted).toMatchObject({ status: "error", reason: "not_allowed", code: 0x3002, roleClaim: 99 })
    expect(refused.gsp.isMuted(2)).toBe(false)
    const allowed = signalled(rolesWith(Permissions.SendSignal | Permissions.MuteOthers), SignalType.Mute, about(2))
    expect(allowed.accepted).toMatchObject({ status: "new", isAuthorized: true })
    expect([1, 2].map((memberId) => allowed.gsp.isMuted(memberId))).toEqual([false, true])
  })

  it("counts for what we send ourselves", () => {
    const { aliceMls, aliceNode } = twoMembers()
    const mutedBy = (roles: RoleRegistry): boolean => {
      const gsp = GspClient.create({ roles })
      gsp.sendWithArgs(aliceNode, aliceMls, 2, SignalType.Mute, 0, 1, about(2))
      return gsp.isMuted(2)
    }
    expect(mutedBy(rolesWith(Permissions.SendSignal | Permissions.MuteOthers))).toBe(true)
    expect(mutedBy(rolesWith(Permissions.SendSignal))).toBe(false)
  })

  it("lets nobody give a role that is above their own", () => {
    const powers = Permissions.SendSignal | Permissions.AssignRoles
    const above = rolesWith(powers)
    expect(signalled(above, SignalType.RoleChange, about(2, 5)).accepted).toMatchObject({ reason: "above_own" })
    const enough = rolesWith(powers | Permissions.SendText)
    expect(signalled(enough, SignalType.RoleChange, about(2, 5)).accepted.status).toBe("new")
    expect(enough.roleOf(2)?.name).toBe("guest")
    expect(signalled(enough, SignalType.RoleChange, about(2, 6)).accepted).toMatchObject({ reason: "unknown_role" })
  })

  it("is everybody's over themselves alone, where there is no registry", () => {
    const ofBob = signalled(undefined, SignalType.Mute, about(2))
    expect(ofBob.accepted).toMatchObject({ status: "new", isAuthorized: false, content: { type: "mute", target: 2 } })
    expect(ofBob.gsp.isMuted(2)).toBe(false)
    expect(signalled(undefined, SignalType.Mute, about(1)).gsp.isMuted(1)).toBe(true)
  })
})

describe("a node", () => {
  it("goes from idle to active by its bootstrap, once", () => {
    const mls = MlsContext.create("alice")
    const node = GroupNode.create(1, mls.groupId)
    expect(node.state).toBe(NodeState.Idle)
    node.bootstrapAsCreator(mls.epoch)
    expect([node.state, node.epoch, node.isCoordinator]).toEqual([NodeState.Active, 0n, true])
    expect(node.drainEvents().map(({ toState }) => toState)).toEqual(["CONNECTING", "ESTABLISHING_GROUP", "ACTIVE"])
    expect(() => node.bootstrapAsCreator(0)).toThrow(expect.objectContaining({ code: "wrong_state" }))
    node.close()
    expect(node.state).toBe(NodeState.Closed)
    expect(() => node.onWire(mls, new Uint8Array(1))).toThrow(expect.objectContaining({ code: "wrong_state" }))
  })

  it("takes member ids and group ids of the right size alone", () => {
    expect(() => GroupNode.create(1, new Uint8Array(15))).toThrow(RangeError)
    expect(() => GroupNode.create(1_000_000, new Uint8Array(16))).toThrow(RangeError)
    expect(() => GroupNode.create(1, new Uint8Array(16), { profile: "gbp/3" as "gbp/2" })).toThrow(RangeError)
  })

  it("works with the MLS context of its group alone", () => {
    const { aliceNode } = twoMembers()
    const other = MlsContext.create("alice")
    expect(() => aliceNode.onWire(other, new Uint8Array(1))).toThrow(expect.objectContaining({ code: "other_group" }))
    other.close()
    expect(() => aliceNode.onWire(other, new Uint8Array(1))).toThrow(expect.objectContaining({ code: "closed" }))
  })

  it("warns of profile 1, and refuses the second sender unless the risk is accepted", () => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers({ profile: "gbp/1" })
    expect(aliceNode.drainEvents().at(-1)).toMatchObject({ kind: "warning", reason: expect.stringContaining("gbp/2") })
    const { wire } = GtpClient.create().send(aliceNode, aliceMls, 2, 1n, "hello")
    expect(payloadsOf(bobNode.onWire(bobMls, wire), StreamType.Text)).toHaveLength(1)
    expect(() => GtpClient.create().send(bobNode, bobMls, 1, 1n, "hi")).toThrow(
      expect.objectContaining({ code: "nonce_reuse" }),
    )
  })

  it("acknowledges on the control stream", () => {
    const { aliceMls, aliceNode, bobMls, bobNode } = twoMembers()
    const { wire } = aliceNode.sendControl(aliceMls, 2, ControlOpcode.Ack, 0, 7, toUtf8("x"))
    const control = bobNode.onWire(bobMls, wire).find(({ kind }) => kind === "control")
    expect(control).toMatchObject({ sender: 1, isAuthenticated: true, opcode: "ACK", opcodeCode: 9, requestId: 7 })
    expect(errorsOf(bobNode.onWire(bobMls, wire))).toEqual(["replay_detected"])
  })
})
