import { AudioReceiver } from "@qpc/gap"
import type { ReceivedFrame1 } from "@qpc/gbp"
import { decodeArgs, SIGNAL_CODES, signalTypeFromWire } from "@qpc/gsp"
import { MessageReceiver } from "@qpc/gtp"
import { decodedOrUndefined, toHex } from "@qpc/wire"
import { AUDIO_CODECS, SIGNAL_CODECS, TEXT_CODECS } from "./codecs.ts"
import type { Told } from "./stack-member.ts"

type Payload1 = Extract<ReceivedFrame1, { kind: "payload" }>

/**
 * The layers above frames, for one epoch. Signals are read and not judged: who may send them is the group's, and profile 1 does not know who
 * sent them.
 */
export class OurReceivers {
  readonly #messages = new MessageReceiver({ codecs: TEXT_CODECS })
  readonly #audio = new AudioReceiver(() => true, { codecs: AUDIO_CODECS, sourcesPerMember: 16 })

  receive(frame: Payload1, epoch: bigint): Told {
    switch (frame.streamType) {
      case "text":
        return this.#text(frame)
      case "audio":
        return this.#sound(frame, epoch)
      case "signal":
        return signalTold(frame)
      case "control":
        throw new Error("unreachable: control messages are the node's")
    }
  }

  #text({ claimedMemberId: senderId, payloadFormat, plaintext: payload }: Payload1): Told {
    const received = this.#messages.receive({ senderId, payloadFormat, payload })
    if (received.kind === "drop") return { kind: "refused", reason: received.reason }
    if (received.kind === "binary") return { kind: "refused", reason: "not a text" }
    return { kind: "text", senderId, messageId: `${received.messageId}`, text: received.text }
  }

  #sound({ claimedMemberId: senderId, payloadFormat, plaintext: payload }: Payload1, epoch: bigint): Told {
    const received = this.#audio.receive({ senderId, epoch, payloadFormat, payload })
    if (received.kind === "drop") return { kind: "refused", reason: received.reason }
    const { mediaSourceId, sequence, timestamp, opus } = received
    return { kind: "audio", mediaSourceId, sequence, timestamp: `${timestamp}`, opus: toHex(opus) }
  }
}

function signalTold({ claimedMemberId, payloadFormat, plaintext }: Payload1): Told {
  const message = decodedOrUndefined(() => SIGNAL_CODECS[payloadFormat]!.decode(plaintext))
  if (message === undefined) return { kind: "refused", reason: "malformed" }
  const type = signalTypeFromWire(message.signalType)
  if (type === undefined || decodeArgs(type, message.args) === undefined)
    return { kind: "refused", reason: "bad_schema" }
  if (message.senderId !== claimedMemberId) return { kind: "refused", reason: "sender_mismatch" }
  const { requestId, senderId } = message
  return { kind: "signal", signalType: SIGNAL_CODES[type], senderId, requestId }
}
