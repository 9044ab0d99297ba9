import {
  AES_128_GCM,
  CapabilitiesNegotiator,
  cipherSuite,
  ControlOpcode,
  GapClient,
  GroupNode,
  GspClient,
  GtpClient,
  isAudioFrame,
  JitterBuffer,
  LiveMember,
  lookupError,
  MessageHistory,
  MlsContext,
  NodeState,
  PayloadCodec,
  Permissions,
  randomBytes,
  ready,
  RoleRegistry,
  SFrameSession,
  SignalType,
  StackError,
  StreamType,
  Watermark,
} from "gbp-stack"
import type { GtpAcceptResult, Invitation, NodeEvent, OutboundFrame, SFrameCipherSuite } from "gbp-stack"
import { OpusEncoder } from "gbp-stack/opus"

declare const process: { readonly stdout: { write(text: string): void } }

await ready()
using aliceMls = MlsContext.create("alice", { memberId: 1 })
using bobMls = MlsContext.create("bob")
const invitation: Invitation = aliceMls.inviteFull(bobMls.exportKeyPackage())
aliceMls.finalizeCommit()
bobMls.acceptWelcome(invitation.welcome)
const epoch: bigint = aliceMls.epoch

using alice = GroupNode.create(1, aliceMls.groupId, { profile: "gbp/2" })
using bob = GroupNode.create(2, aliceMls.groupId)
alice.bootstrapAsCreator(epoch)
bob.bootstrapAsJoiner(epoch)
const state: NodeState = alice.state
if (state !== NodeState.Active) throw new Error("not active")

using gtp = GtpClient.create()
const frame: OutboundFrame = gtp.send(alice, aliceMls, 2, 1n, "hello", PayloadCodec.Protobuf)
const texts: string[] = []
for (const event of bob.onWire(bobMls, frame.wire) satisfies NodeEvent[]) {
  if (event.kind !== "payload_received" || event.streamType !== StreamType.Text || event.plaintext === undefined)
    continue
  const accepted: GtpAcceptResult = GtpClient.create().accept(event.plaintext, epoch)
  if (accepted.text !== undefined) texts.push(accepted.text)
}

const suite: SFrameCipherSuite = AES_128_GCM
using session = SFrameSession.create(bobMls, "gbp/sframe v1", suite)
using encryptor = SFrameSession.create(aliceMls).createEncryptor(aliceMls, aliceMls.leafIndex)
const leaf: number = session.decrypt(encryptor.encrypt(new Uint8Array(3))).senderLeaf
const live = {
  suite: cipherSuite(),
  random: randomBytes,
  credential: { kind: "basic", identity: new Uint8Array(1) },
} as const
using member = LiveMember.create({
  ...live,
  signatureKeys: live.suite.signatureKeyPair(randomBytes(live.suite.sizes.signatureSeedBytes)),
  groupId: randomBytes(16),
  memberId: 1,
  nowMs: Date.now(),
})
if (member.memberIds.length !== 1 || isAudioFrame(frame.wire)) throw new Error("not a live group of one")
const roles = new RoleRegistry()
roles.defineRole(1, "mod", Permissions.MuteOthers)
const helpers: readonly unknown[] = [
  GapClient.create(),
  GspClient.create({ roles }),
  new JitterBuffer(50),
  new MessageHistory(10),
  new Watermark(),
  new CapabilitiesNegotiator(),
  lookupError(1),
  SignalType.Mute,
  ControlOpcode.Ack,
]
try {
  aliceMls.processMessage(new Uint8Array(1))
} catch (error) {
  if (!(error instanceof StackError) || error.code !== "bad_message") throw error
}
process.stdout.write(`${texts.join()} ${leaf} ${helpers.length} ${typeof OpusEncoder.create}`)
