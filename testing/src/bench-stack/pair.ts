import { mediaSourceIdOf } from "@qpc/gap"
import { fromHex } from "@qpc/wire"
import {
  GapClient,
  GroupNode,
  GspClient,
  GtpClient,
  MlsContext,
  NONCE_REUSE_RISK,
  SignalType,
  StreamType,
} from "gbp-stack"
import type { GroupNodeOptions } from "gbp-stack"
import type { CodecName } from "gbp-node/golden"
import { payloadFormatOf } from "../interop-gbp/codecs.ts"

/** What a frame carries. */
export type StreamName = "text" | "audio" | "signal"
/** The profiles of `gbp-stack`. */
export type ProfileName = "gbp/2" | "gbp/1"

/** The same as in the driver of the published stack. */
export const TEXT = "x".repeat(100)
export const OPUS: Uint8Array = new Uint8Array(80).fill(7)
/** `{0: 7}`, the arguments of MUTE. */
export const ARGS: Uint8Array = fromHex("a10007")

const FRAME_SAMPLES = 960n
const [SENDER, RECEIVER] = [1, 2]
const OPTIONS: Readonly<Record<ProfileName, GroupNodeOptions>> = {
  "gbp/2": {},
  "gbp/1": { profile: "gbp/1", acceptedRisk: NONCE_REUSE_RISK },
}

/** Two members of one group, one who sends and one who receives, as users of `gbp-stack` have them. */
export class Pair {
  readonly #sender: Side
  readonly #receiver: Side
  #count = 0

  constructor(profile: ProfileName) {
    const [alice, bob] = [newContext("alice", SENDER), newContext("bob", RECEIVER)]
    bob.acceptWelcome(alice.invite(bob.exportKeyPackage()))
    this.#sender = newSide(alice, SENDER, profile)
    this.#receiver = newSide(bob, RECEIVER, profile)
    this.#sender.node.bootstrapAsCreator(alice.epoch)
    this.#receiver.node.bootstrapAsJoiner(bob.epoch)
  }

  /** Encodes, seals and frames. */
  send(stream: StreamName, codec: CodecName): Uint8Array {
    const { mls, node, gtp, gap, gsp } = this.#sender
    const [id, format] = [++this.#count, payloadFormatOf(codec)]
    switch (stream) {
      case "text":
        return gtp.send(node, mls, RECEIVER, BigInt(id), TEXT, format).wire
      case "audio":
        return gap.send(node, mls, RECEIVER, mediaSourceIdOf(SENDER, 0), BigInt(id) * FRAME_SAMPLES, OPUS, format).wire
      case "signal":
        return gsp.sendWithArgs(node, mls, RECEIVER, SignalType.Mute, 0, id, ARGS, format).wire
    }
  }

  /** Reads, opens, decodes and accepts. @throws Error for a frame that is not taken */
  receive(frame: Uint8Array): void {
    const { mls, node, gtp, gap, gsp } = this.#receiver
    const event = node.onWire(mls, frame).find(({ kind }) => kind === "payload_received" || kind === "error")
    if (event?.kind !== "payload_received") throw new Error(`a frame was not received: ${event?.reason}`)
    const client = event.streamType === StreamType.Text ? gtp : event.streamType === StreamType.Audio ? gap : gsp
    const { status, reason } = client.accept(event.plaintext!, node.epoch)
    if (status !== "new") throw new Error(`a payload was not accepted: ${status} ${reason}`)
  }
}

interface Side {
  readonly mls: MlsContext
  readonly node: GroupNode
  readonly gtp: GtpClient
  readonly gap: GapClient
  readonly gsp: GspClient
}

/** The leaf says the member id, so that the first frame of audio is known to be its sender's. */
function newContext(identity: string, memberId: number): MlsContext {
  return MlsContext.create(identity, { memberId })
}

function newSide(mls: MlsContext, memberId: number, profile: ProfileName): Side {
  const node = GroupNode.create(memberId, mls.groupId, OPTIONS[profile])
  return { mls, node, gtp: GtpClient.create(), gap: GapClient.create(), gsp: GspClient.create() }
}
